#include "peer/twilio_text.h"

#include "t/tap.h"

#define SID(letters) letters "0123456789abcdef0123456789abcdef"

static struct arena *arena;
static struct base_url base;
static struct twilio_account account = { &base, SID("AC") };
static struct peer_request r;
static struct err e;

#define MESSAGES                                                               \
	"https://api.twilio.com/2010-04-01/Accounts/" SID("AC") "/Messages"

static void
test_requests(void)
{
	struct twilio_sending s = {
		.to = "+14155550142",
		.from = "+15005550006",
		.body = "Ready at 5 & \xc3\xbc",
		.media = { "https://x/media/1", "https://x/media/2" },
		.media_count = 2,
		.status_callback = "https://x/twilio/status/u",
		.valid_s = 14400,
	};

	twilio_text_send(arena, &account, &s, &r);
	is_str(r.url, MESSAGES ".json", "a message is created");
	is_str(r.body,
	    "To=%2B14155550142&From=%2B15005550006&"
	    "Body=Ready%20at%205%20%26%20%C3%BC&"
	    "MediaUrl=https%3A%2F%2Fx%2Fmedia%2F1&"
	    "MediaUrl=https%3A%2F%2Fx%2Fmedia%2F2&"
	    "StatusCallback=https%3A%2F%2Fx%2Ftwilio%2Fstatus%2Fu&"
	    "ValidityPeriod=14400",
	    "with pictures");
	s.content_sid = SID("HX");
	twilio_text_send(arena, &account, &s, &r);
	ok(strstr(r.body, "&ContentSid=" SID("HX") "&StatusCallback=") !=
		    NULL &&
		strstr(r.body, "Body") == NULL,
	    "a template stands for text and pictures");
	twilio_text_fetch(arena, &account, SID("SM"), &r);
	is_str(r.url, MESSAGES "/" SID("SM") ".json", "one is fetched");
	twilio_text_list(arena, &account, "+1415", "whatsapp:+1500", NULL, &r);
	is_str(r.url,
	    MESSAGES ".json?PageSize=100&To=%2B1415&From=whatsapp%3A%2B1500",
	    "those between two");
	twilio_text_list(arena, &account, "+1415", NULL, "2026-11-20", &r);
	is_str(r.url,
	    MESSAGES ".json?PageSize=100&To=%2B1415&DateSent%3E=2026-11-20",
	    "those since a day");
	twilio_media_list(arena, &account, SID("MM"), &r);
	is_str(r.url, MESSAGES "/" SID("MM") "/Media.json", "pictures");
}

static void
test_answers(void)
{
	static const char one[] = "{\"sid\":\"" SID(
	    "SM") "\",\"status\":\"queued\",\"from\":null,"
		  "\"to\":\"+1415\",\"body\":\"x\",\"direction\":\"outbound-"
		  "api\","
		  "\"num_media\":\"2\",\"error_code\":30003,"
		  "\"date_created\":\"Fri, 20 Nov 2026 12:00:00 +0000\","
		  "\"date_sent\":null}";
	static const char media[] =
	    "{\"media_list\":[{\"sid\":\"" SID("ME") "\",\"parent_sid\":\"" SID(
		"MM") "\",\"content_type\":\"image/png\"},{\"sid\":null}]}";
	struct twilio_text_page page;
	struct twilio_text t;
	const char *list;
	char text[1024];

	is_int(twilio_text_read(arena, one, strlen(one), &t, &e), RC_OK,
	    "a message");
	is_str(t.status, "queued", "has a status");
	is_str(t.error_code, "30003", "an error");
	is_int(t.num_media, 2, "pictures");
	is_int(t.created_s, 1795176000, "a date");
	ok(t.sent_s == 0 && t.from == NULL, "and what is null is not there");
	(void)snprintf(text, sizeof(text),
	    "{\"messages\":[%s],\"next_page_uri\":\"/2010-04-01/x\"}", one);
	is_int(twilio_text_page_read(arena, text, strlen(text), &page, &e),
	    RC_OK, "a page of them");
	ok(page.count == 1 && strcmp(page.texts[0].sid, SID("SM")) == 0,
	    "has it");
	is_str(page.next, "/2010-04-01/x", "and says what is next");
	(void)snprintf(text, sizeof(text),
	    "{\"messages\":[{\"sid\":\"" SID("SM") "\",\"body\":"
						   "\"a\\ud83d\\u0000\"}]}");
	is_int(twilio_text_page_read(arena, text, strlen(text), &page, &e),
	    RC_OK, "half an emoji and a NUL do not cost a page");
	is_str(page.texts[0].body, "a\xef\xbf\xbd\xef\xbf\xbd",
	    "they are replaced");
	is_int(twilio_text_page_read(arena, "{}", 2, &page, &e), RC_BUSY,
	    "what is no page");
	is_int(twilio_text_read(arena, "{\"sid\":\"x\"}", 11, &t, &e), RC_BUSY,
	    "what is no message");
	is_int(
	    twilio_media_read(arena, &account, media, strlen(media), &list, &e),
	    RC_OK, "pictures of a message");
	is_str(list,
	    "[{\"url\":\"" MESSAGES "/" SID("MM") "/Media/" SID(
		"ME") "\","
		      "\"content_type\":\"image/png\"}]",
	    "as a webhook names them");
}

static void
test_values(void)
{
	is_int(twilio_date_read("Thu, 01 Jan 1970 00:00:00 +0000"), 0,
	    "the beginning");
	is_int(twilio_date_read("Thu, 29 Feb 2024 23:59:59 +0000"), 1709251199,
	    "a leap day");
	is_int(twilio_date_read("Fri, 20 Nov 2026 13:00:00 +0100"), 1795176000,
	    "another zone");
	is_int(twilio_date_read("Fri, 20 Nov 2026 06:30:00 -0530"), 1795176000,
	    "and one in the west");
	is_int(twilio_date_read("2026-11-20T12:00:00Z"), 0, "another format");
	is_int(
	    twilio_date_read("Fri, 20 Nox 2026 12:00:00 +0000"), 0, "no month");
	is_int(twilio_date_read(NULL), 0, "nothing");
	ok(twilio_body_is_same("a b \r\n", "a b"), "blanks at the end");
	ok(twilio_body_is_same(NULL, " "), "nothing and a blank");
	ok(!twilio_body_is_same("a", "b") && !twilio_body_is_same("a", "aa"),
	    "other words");
}

int
main(void)
{
	arena = arena_new();
	if (base_url_parse(arena, "https://api.twilio.com", &base, &e) != RC_OK)
		diag("%s", e.text);
	test_requests();
	test_answers();
	test_values();
	arena_free(arena);
	return done_testing();
}
