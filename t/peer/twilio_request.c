#include "peer/twilio_request.h"

#include "t/tap.h"

#define SID(letters) letters "0123456789abcdef0123456789abcdef"

static struct arena *arena;
static struct base_url base;
static struct peer_request r;

static void
parse_base(const char *text)
{
	struct err e;

	if (base_url_parse(arena, text, &base, &e) != RC_OK)
		diag("%s", e.text);
}

static void
test_conversations(void)
{
	struct twilio_conversation c = { .base = &base, .sid = SID("CH") };

	parse_base("https://conversations.twilio.com");
	twilio_participant_add(arena, &c, "ana+test@example.com", &r);
	is_str(r.method, "POST", "a participant is added");
	is_str(r.url,
	    "https://conversations.twilio.com/v1/Conversations/" SID(
		"CH") "/Participants",
	    "in the default service");
	is_str(r.body, "Identity=ana%2Btest%40example.com", "by identity");

	c.service_sid = SID("IS");
	twilio_participant_fetch(arena, &c, "ana+test@example.com", &r);
	is_str(r.method, "GET", "one is fetched");
	is_str(r.url,
	    "https://conversations.twilio.com/v1/Services/" SID(
		"IS") "/Conversations/" SID("CH") "/Participants/"
						  "ana%2Btest%40example.com",
	    "in a named service, its identity encoded");
	ok(r.body == NULL, "without a form");

	twilio_participant_update(arena, &c, SID("MB"), "{\"a\":\"&=+\"}", &r);
	is_str(r.body, "Attributes=%7B%22a%22%3A%22%26%3D%2B%22%7D",
	    "attributes are replaced");

	twilio_message_add(arena, &c, "Grüß Gott", "{}", &r);
	is_str(r.body, "Body=Gr%C3%BC%C3%9F%20Gott&Attributes=%7B%7D",
	    "a message with its mark");
	twilio_message_list(arena, &c, &r);
	ok(strstr(r.url, "/Messages?Order=desc&PageSize=100") != NULL,
	    "the latest messages");

	twilio_conversations_of(arena, &c, "whatsapp:+14155550142", &r);
	is_str(r.url,
	    "https://conversations.twilio.com/v1/Services/" SID(
		"IS") "/ParticipantConversations?PageSize=50&"
		      "Address=whatsapp%3A%2B14155550142",
	    "the conversations of an address");

	c.sid = "../../Users";
	twilio_participant_fetch(arena, &c, "x\r\nHost: evil", &r);
	ok(strstr(r.url, "..%2F..%2FUsers") != NULL &&
		strchr(r.url, '\r') == NULL,
	    "nothing leaves its piece of the path");
	c.sid = SID("CH");
	twilio_participant_fetch(arena, &c, "..", &r);
	ok(strstr(r.url, "/Participants/%2E%2E") != NULL,
	    "nor does an identity of two dots");
}

static void
test_next_page(void)
{
	parse_base("https://conversations.twilio.com");
	ok(twilio_next_page(arena, &base,
	       "https://conversations.twilio.com/v1/X?PageToken=1", &r),
	    "a link to the same host is followed");
	is_str(r.url, "https://conversations.twilio.com/v1/X?PageToken=1",
	    "as it stands");
	ok(twilio_next_page(arena, &base, "/v1/X?Page=1", &r),
	    "so is a relative one");
	is_str(r.url, "https://conversations.twilio.com/v1/X?Page=1",
	    "at the same host");
	ok(!twilio_next_page(arena, &base, "https://evil.example/v1/X", &r),
	    "not one to another host");
	ok(!twilio_next_page(arena, &base,
	       "https://conversations.twilio.com.evil.example/", &r),
	    "nor to one that begins alike");
	ok(!twilio_next_page(arena, &base,
	       "https://conversations.twilio.com@evil.example/", &r),
	    "nor with the host as a user");
	ok(!twilio_next_page(
	       arena, &base, "http://conversations.twilio.com/v1/X", &r),
	    "nor in clear");
	ok(!twilio_next_page(arena, &base, "//evil.example/v1/X", &r),
	    "nor without a scheme");
	ok(!twilio_next_page(arena, &base, "", &r), "nor nowhere");
	parse_base("http://127.0.0.1:8080/prefix");
	ok(twilio_next_page(arena, &base, "/v1/X", &r), "behind a prefix");
	is_str(r.url, "http://127.0.0.1:8080/v1/X",
	    "a relative link starts at the root");
}

static void
test_users(void)
{
	const struct twilio_user_change change = {
		.friendly_name = "Ana & Co",
		.is_available = "false",
	};

	parse_base("https://frontline-api.twilio.com");
	twilio_user_fetch(arena, &base, "ana@example.com", &r);
	is_str(r.url,
	    "https://frontline-api.twilio.com/v1/Users/ana%40example.com",
	    "a user is fetched");
	twilio_user_update(arena, &base, "ana@example.com", &change, &r);
	is_str(r.method, "POST", "and changed");
	is_str(r.body, "FriendlyName=Ana%20%26%20Co&IsAvailable=false",
	    "in what is to be changed");
}

int
main(void)
{
	arena = arena_new();
	test_conversations();
	test_next_page();
	test_users();
	arena_free(arena);
	return done_testing();
}
