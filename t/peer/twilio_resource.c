#include "peer/twilio_resource.h"

#include "t/tap.h"

#define SID(letters) letters "0123456789abcdef0123456789abcdef"
#define OTHER        "CHffffffffffffffffffffffffffffffff"

static struct arena *arena;
static struct err err;

static void
test_participant(void)
{
	static const char whole[] =
	    "{\"sid\":\"" SID("MB") "\",\"identity\":\"ana\","
				    "\"attributes\":\"{}\",\"date_created\":"
				    "\"2026-11-20T09:15:44Z\"}";
	struct twilio_participant p;

	ok(twilio_participant_read(arena, whole, strlen(whole), &p, &err) ==
		RC_OK,
	    "a participant");
	is_str(p.sid, SID("MB"), "its SID");
	is_str(p.identity, "ana", "its identity");
	is_str(p.attributes, "{}", "its attributes");
	is_str(p.date_created, "2026-11-20T09:15:44Z", "its date");
	is_int(
	    twilio_participant_read(arena, whole, strlen(whole) - 1, &p, &err),
	    RC_BUSY, "one that was cut off");
	is_int(twilio_participant_read(arena, "{}", 2, &p, &err), RC_BUSY,
	    "one without a SID");
	is_int(twilio_participant_read(arena, "<html>", 6, &p, &err), RC_BUSY,
	    "no JSON");
}

static void
test_messages(void)
{
	static const char page[] =
	    "{\"messages\":[{\"sid\":\"IM1\",\"attributes\":\"{}\"},"
	    "{\"sid\":\"IM2\",\"attributes\":\"{\\\"job\\\":\\\"8\\\"}\"},"
	    "{\"sid\":\"IM3\",\"attributes\":\"no JSON\"},"
	    "{\"sid\":\"IM4\",\"attributes\":null},"
	    "{\"sid\":\"IM5\",\"attributes\":\"{\\\"job\\\":80}\"}],"
	    "\"meta\":{\"next_page_url\":\"https://x/next\"}}";
	const char *sid, *next;

	ok(twilio_message_find(arena, page, strlen(page), "job", "8", &sid,
	       &next, &err) == RC_OK,
	    "a page of messages");
	is_str(sid, "IM2", "the message that bears our mark");
	is_str(next, "https://x/next", "and where it goes on");
	ok(twilio_message_find(arena, page, strlen(page), "job", "80", &sid,
	       &next, &err) == RC_OK &&
		sid == NULL,
	    "a mark of another type is not ours");
	is_int(twilio_message_find(
		   arena, "{\"meta\":{}}", 11, "job", "8", &sid, &next, &err),
	    RC_BUSY, "an answer without a list");
}

static void
test_conversations(void)
{
#define ROW(sid, state, proxy)                                                 \
	"{\"conversation_sid\":\"" sid "\",\"conversation_state\":\"" state    \
	"\",\"participant_messaging_binding\":{\"proxy_address\":\"" proxy     \
	"\"}}"
	static const char page[] = "{\"conversations\":[" ROW(
	    "CH1", "closed", "+1") "," ROW("CH2", "active", "+2") "," ROW("CH3",
	    "inactive", "+1") ",{\"conversation_sid\":\"CH4\"}],"
			      "\"meta\":{\"next_page_url\":null}}";
	const char *sid, *next = "unset";

	ok(twilio_conversation_find(
	       arena, page, strlen(page), "+1", &sid, &next, &err) == RC_OK,
	    "a page of conversations");
	is_str(sid, "CH3", "the open one of the pair");
	is_str(next, NULL, "the last page");
	ok(twilio_conversation_find(
	       arena, page, strlen(page), "+3", &sid, &next, &err) == RC_OK &&
		sid == NULL,
	    "none of another pair");
}

static void
test_users(void)
{
	static const char whole[] =
	    "{\"sid\":\"US1\",\"identity\":\"ana\",\"friendly_name\":\"Ana\","
	    "\"avatar\":null,\"state\":\"active\",\"is_available\":false,"
	    "\"url\":\"https://x/US1\"}";
	struct twilio_user u;

	ok(twilio_user_read(arena, whole, strlen(whole), &u, &err) == RC_OK,
	    "a user");
	is_str(u.friendly_name, "Ana", "with a name");
	is_str(u.avatar, NULL, "without a picture");
	is_str(u.is_available, "false", "who is away");
	is_str(u.url, "https://x/US1", "and where it is");
	ok(twilio_user_read(arena, "{\"is_available\":null}", 21, &u, &err) ==
		    RC_OK &&
		u.is_available == NULL,
	    "every field may be null");
	is_int(twilio_user_read(arena, "nothing", 7, &u, &err), RC_BUSY,
	    "no JSON");
}

static void
test_sentence(void)
{
	is_str(twilio_conversation_in(arena,
		   "already exists in Conversation " SID("CH") ".", OTHER),
	    SID("CH"), "the conversation that a sentence names");
	is_str(twilio_conversation_in(
		   arena, "not " OTHER " but CHANGED into " SID("CH"), OTHER),
	    SID("CH"), "which is not this one");
	is_str(twilio_conversation_in(arena, "only " OTHER, OTHER), NULL,
	    "or none");
	is_str(twilio_conversation_in(arena, "CH", OTHER), NULL, "cut off");
}

int
main(void)
{
	arena = arena_new();
	test_participant();
	test_messages();
	test_conversations();
	test_users();
	test_sentence();
	arena_free(arena);
	return done_testing();
}
