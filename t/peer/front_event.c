#include "peer/front_event.h"

#include "t/tap.h"

#define LINKS                                                                  \
	"\"_links\":{\"self\":\"https://x.api.frontapp.com/messages/msg_1\","  \
	"\"related\":{\"conversation\":"                                       \
	"\"https://x.api.frontapp.com/conversations/cnv_5d\","                 \
	"\"message_replied_to\":"                                              \
	"\"https://x.api.frontapp.com/messages/msg_77\"}}"

static struct arena *arena;
static struct base_url api;
static struct front_event event;
static struct err err;

static enum rc
parse_as(const char *body, bool is_delete)
{
	const struct front_event_options options = {
		.api = &api,
		.country = "US",
		.is_delete = is_delete,
	};
	const struct span bytes = { body, strlen(body) };

	return front_event_parse(arena, &bytes, &options, &event, &err);
}

static enum rc
parse(const char *body)
{
	return parse_as(body, false);
}

static void
test_message(void)
{
	is_int(parse("{\"type\":\"message\",\"payload\":{" LINKS
		     ",\"id\":\"msg_9f4c21a\",\"type\":\"custom\","
		     "\"is_inbound\":false,\"created_at\":1795175998.214,"
		     "\"body\":\"<div>rich</div>\",\"text\":\"plain \\n\","
		     "\"author\":{\"id\":\"tea_3m8\",\"email\":\"i@x\"},"
		     "\"recipients\":["
		     "{\"handle\":\"+15125550188\",\"role\":\"from\"},"
		     "{\"handle\":\"(512) 555-0123\",\"role\":\"to\"},"
		     "{\"handle\":\"+15125550124\",\"role\":\"to\"}],"
		     "\"attachments\":[{\"id\":\"fil_6hb2\","
		     "\"filename\":\"part.png\",\"content_type\":\"image/png\","
		     "\"size\":166482,\"url\":\"https://x.api.frontapp.com/"
		     "messages/msg_9f4c21a/download/fil_6hb2\"},"
		     "{\"id\":\"fil_1\",\"filename\":\"x\",\"url\":"
		     "\"https://evil.example/download/fil_1\"}]},"
		     "\"metadata\":{\"external_conversation_id\":\"old\","
		     "\"external_conversation_ids\":[\"k1\",7,\"k2\"]}}"),
	    RC_OK, "a message");
	is_int(event.kind, FRONT_MESSAGE, "is one");
	is_str(event.message_id, "msg_9f4c21a", "its id");
	is_str(event.conversation_id, "cnv_5d", "its conversation");
	is_str(event.author, "tea_3m8", "who wrote it");
	is_str(event.text, "plain", "its text without the end");
	is_str(event.sent, "1795175998.214", "when");
	is_str(event.recipients, "[\"+15125550123\",\"+15125550124\"]",
	    "to whom, not from whom");
	is_int(event.recipient_count, 2, "how many");
	is_str(event.conversation_keys, "[\"k1\",\"k2\"]", "our keys");
	is_str(event.files,
	    "[{\"id\":\"fil_6hb2\",\"url\":\"https://x.api.frontapp.com/"
	    "messages/msg_9f4c21a/download/fil_6hb2\",\"filename\":"
	    "\"part.png\",\"content_type\":\"image/png\",\"size\":166482},"
	    "{\"filename\":\"x\"}]",
	    "only files of Front have a URL");
	is_int(event.files_left_out, 1, "and how many others");
}

static void
test_lacking(void)
{
	is_int(parse("{\"type\":\"message\",\"payload\":{\"author\":null,"
		     "\"recipients\":null,\"attachments\":{},\"text\":\" \","
		     "\"body\":\"<p>a &amp; b</p>\",\"created_at\":1e300,"
		     "\"id\":\"msg_A\"},\"metadata\":null}"),
	    RC_OK, "a message with hardly anything");
	is_str(event.message_id, NULL, "an id that is none is none");
	is_str(event.text, "a & b", "the text of the HTML");
	is_str(event.sent, NULL, "a date beyond is none");
	is_str(event.author, NULL, "nobody wrote it");
	is_str(event.recipients, "[]", "to nobody");
	is_str(event.files, "[]", "without files");
	is_int(parse("{\"type\":\"message\",\"payload\":{\"text\":\"\"},"
		     "\"metadata\":{\"external_conversation_id\":\"one\"}}"),
	    RC_OK, "an empty one");
	is_int(
	    parse("{\"type\":\"message\",\"payload\":{\"text\":\"\","
		  "\"attachments\":[{\"url\":\"https://evil.example/x\"}]}}"),
	    RC_OK, "one with another's file alone");
	is_str(event.files, "[]", "has nothing to send");
	is_int(parse("{\"type\":\"message\",\"payload\":{\"text\":\"\"},"
		     "\"metadata\":{\"external_conversation_id\":\"one\"}}"),
	    RC_OK, "an empty one again");
	is_str(event.text, NULL, "has no text");
	is_str(event.conversation_keys, "[\"one\"]", "and the old key");
	is_int(parse("{\"type\":\"message\",\"payload\":{\"blurb\":\"\\ud83d\","
		     "\"text\":\"a\\u0000b\"}}"),
	    RC_OK, "half an emoji in a preview does not cost the message");
	is_str(event.text,
	    "a\xef\xbf\xbd"
	    "b",
	    "nor does a NUL");
}

static void
test_kinds(void)
{
	static const struct {
		const char *body;
		enum front_kind kind;
	} cases[] = {
		{ "{\"type\":\"authorization\",\"payload\":"
		  "{\"channel_id\":\"cha_7k2q\"}}",
		    FRONT_AUTHORIZATION },
		{ "{\"type\":\"message_imported\",\"payload\":{}}",
		    FRONT_IMPORTED },
		{ "{\"type\":\"delete\",\"payload\":{}}", FRONT_DELETE },
		{ "{\"type\":\"conversation_merged\",\"payload\":{}}",
		    FRONT_OTHER },
		{ "{\"type\":\"other\",\"payload\":{}}", FRONT_OTHER },
		{ "{\"type\":\"message\"}", FRONT_OTHER },
		{ "{\"type\":7,\"payload\":{}}", FRONT_OTHER },
		{ "{}", FRONT_OTHER },
		{ "{\"type\":\"sync\",\"authorization\":{\"id\":\"cmp_1\"}}",
		    FRONT_OTHER },
		{ "{\"type\":\"message\",\"authorization\":{\"id\":\"cmp_1\"},"
		  "\"payload\":{}}",
		    FRONT_OTHER },
		{ "{\"id\":\"evt_1\",\"type\":\"inbound\",\"emitted_at\":1}",
		    FRONT_OTHER },
		{ "{\"type\":\"custom\",\"recipients\":[]}", FRONT_MESSAGE },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_int(parse(cases[i].body), RC_OK, "%s", cases[i].body);
		is_int(event.kind, cases[i].kind, "is %s",
		    front_kind_name(cases[i].kind));
	}
	is_int(parse(cases[3].body), RC_OK, "of one that nobody knows");
	is_str(event.type, "conversation_merged", "its word is told");
	is_int(parse("{\"type\":\"two words\"}"), RC_OK, "of two words");
	is_str(event.type, NULL, "none");
	is_int(parse(cases[0].body), RC_OK, "of an authorization");
	is_str(event.channel_id, "cha_7k2q", "the channel is told");
}

static void
test_others(void)
{
	is_int(parse("{\"type\":\"message_autoreply\",\"payload\":{" LINKS
		     ",\"type\":\"auto_reply\",\"text\":\"Away\",\"recipients\""
		     ":[{\"handle\":\"+15125550123\",\"role\":\"to\"}]}}"),
	    RC_OK, "an autoreply");
	is_str(event.message_id, "msg_77", "is known by what it answers");
	is_int(parse("{\"type\":\"message_imported\",\"payload\":{" LINKS
		     ",\"id\":\"msg_2\",\"metadata\":{\"external_id\":"
		     "\"SM0123456789abcdef0123456789abcdef\"}}}"),
	    RC_OK, "an import");
	is_str(event.message_sid, "SM0123456789abcdef0123456789abcdef",
	    "says which text it was");
	is_int(parse("{\"type\":\"message_imported\",\"payload\":{"
		     "\"metadata\":{\"external_id\":\"note:1\"}}}"),
	    RC_OK, "an import of something else");
	is_str(event.message_sid, NULL, "says nothing");
	is_int(parse("{\"id\":\"msg_5\",\"type\":\"custom\",\"text\":\"Hi\","
		     "\"recipients\":[{\"handle\":\"5125550123\",\"role\":"
		     "\"to\"}],\"metadata\":{\"thread_ref\":\"t1\","
		     "\"headers\":{\"in_reply_to\":null}}}"),
	    RC_OK, "the older form");
	is_int(event.kind, FRONT_MESSAGE, "is a message");
	is_str(event.message_id, "msg_5", "with its id");
	is_str(event.recipients, "[\"+15125550123\"]", "its recipient");
	is_str(event.conversation_keys, "[\"t1\"]", "and its thread");
}

static void
test_delete(void)
{
	is_int(parse_as("", true), RC_OK, "DELETE without a body");
	is_int(event.kind, FRONT_DELETE, "is a delete");
	is_int(parse_as("undefined", true), RC_OK, "with the word of Front's");
	is_int(event.kind, FRONT_DELETE, "too");
	is_int(parse_as("{\"type\":\"message\",\"payload\":{\"channel_id\":"
			"\"cha_1\"}}",
		   true),
	    RC_OK, "with a body");
	is_int(event.kind, FRONT_DELETE, "whatever that says");
	is_str(event.channel_id, "cha_1", "but for the channel");
}

static void
test_refused(void)
{
	static const char *const bad[] = { "", "undefined", "[]", "\"x\"",
		"{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "{\"a\":1}x", "{" };
	struct buf many;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(parse(bad[i]), RC_INVALID, "refused: body %zu", i);
		is_str(err.code, "bad_json", "... by name");
	}
	buf_init(&many);
	buf_add_str(&many, "{\"recipients\":[");
	for (i = 0; i < 51; i++)
		buf_addf(&many,
		    "%s{\"handle\":\"+151255501%02zu\",\"role\":\"to\"}",
		    i > 0 ? "," : "", i);
	buf_add_str(&many, "]}");
	is_int(parse(many.bytes), RC_INVALID, "51 recipients");
	buf_clear(&many);
	for (i = 0; i < 30000; i++)
		buf_add_char(&many, '[');
	is_int(parse(many.bytes), RC_INVALID, "arrays without end");
	buf_release(&many);
}

int
main(void)
{
	arena = arena_new();
	if (base_url_parse(arena, "https://api2.frontapp.com", &api, &err) !=
	    RC_OK)
		return 1;
	test_message();
	test_lacking();
	test_kinds();
	test_others();
	test_delete();
	test_refused();
	arena_free(arena);
	return done_testing();
}
