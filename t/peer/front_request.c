#include "peer/front_request.h"

#include "t/tap.h"

static struct arena *arena;
static struct base_url base;
static struct peer_request r;
static struct front_post post = {
	.channel_id = "cha_7k2q",
	.handle = "+15125550123",
	.body = "a &lt; b",
	.external_id = "SM1",
	.conversation_key = "sms:+1:+2",
	.delivered_at = "1795175940",
};

static void
is_part(size_t n, const char *name, const char *value)
{
	ok(n < r.part_count && strcmp(r.parts[n].name, name) == 0 &&
		r.parts[n].len == strlen(value) &&
		memcmp(r.parts[n].bytes, value, r.parts[n].len) == 0,
	    "%s is '%s'", name, value);
}

static void
test_posts(void)
{
	const struct form_part files[] = {
		{ .filename = "a.jpg",
		    .type = "image/jpeg",
		    .bytes = "x",
		    .len = 1 },
		{ .filename = "b.png",
		    .type = "image/png",
		    .bytes = "yy",
		    .len = 2 },
	};

	front_inbound(arena, &base, &post, &r);
	is_str(r.method, "POST", "a text is posted");
	is_str(r.url,
	    "https://api2.frontapp.com/channels/cha_7k2q/inbound_messages",
	    "to the channel");
	is_str(r.type, "application/json", "as JSON");
	is_str(r.body,
	    "{\"sender\":{\"handle\":\"+15125550123\"},\"body\":\"a &lt; b\","
	    "\"metadata\":{\"external_id\":\"SM1\","
	    "\"external_conversation_id\":\"sms:+1:+2\"},"
	    "\"delivered_at\":1795175940}",
	    "without a name");
	post.name = "Dana \"D\" Reyes";
	front_incoming(arena, &base, &post, &r);
	is_str(r.url,
	    "https://api2.frontapp.com/channels/cha_7k2q/incoming_messages",
	    "to a legacy channel elsewhere");
	is_str(r.body,
	    "{\"sender\":{\"handle\":\"+15125550123\","
	    "\"name\":\"Dana \\\"D\\\" Reyes\"},\"body\":\"a &lt; b\","
	    "\"body_format\":\"html\",\"metadata\":{\"thread_ref\":\"sms:+1:+"
	    "2\","
	    "\"headers\":{\"twilio_sid\":\"SM1\"}}}",
	    "and in other words");

	post.files = files;
	post.file_count = 2;
	front_inbound(arena, &base, &post, &r);
	ok(r.body == NULL && r.part_count == 8, "with files it is a form");
	is_part(0, "sender[handle]", "+15125550123");
	is_part(1, "sender[name]", "Dana \"D\" Reyes");
	is_part(2, "body", "a &lt; b");
	is_part(3, "metadata[external_id]", "SM1");
	is_part(4, "metadata[external_conversation_id]", "sms:+1:+2");
	is_part(5, "delivered_at", "1795175940");
	is_part(6, "attachments[0]", "x");
	is_part(7, "attachments[1]", "yy");
	is_str(r.parts[7].filename, "b.png", "each with its name");
	is_str(r.parts[6].type, "image/jpeg", "and its type");
	front_incoming(arena, &base, &post, &r);
	is_part(5, "metadata[headers][twilio_sid]", "SM1");
}

static void
test_others(void)
{
	front_failed(arena, &base, "cha_1", "sms:+1500:+1415", "fm:msg_1:+1415",
	    "30003 \"off\"", &r);
	is_str(r.method, "PUT", "a failure is a state");
	is_str(r.url,
	    "https://api2.frontapp.com/channels/cha_1/conversations/"
	    "sms%3A%2B1500%3A%2B1415/messages/fm%3Amsg_1%3A%2B1415/status",
	    "of the ids that we answered");
	is_str(r.body,
	    "{\"status\":\"failed\",\"reason\":\"30003 \\\"off\\\"\"}",
	    "with its reason");
	front_comment(arena, &base, "cnv_5d", "a\nb", &r);
	is_str(r.url, "https://api2.frontapp.com/conversations/cnv_5d/comments",
	    "a comment");
	is_str(r.body, "{\"body\":\"a\\nb\"}", "in words");
	front_tag_add(arena, &base, "cnv_5d", "tag_4f2", &r);
	is_str(r.body, "{\"tag_ids\":[\"tag_4f2\"]}", "a tag by its id");
	front_tag_list(arena, &base, &r);
	is_str(r.url, "https://api2.frontapp.com/tags?limit=100", "all tags");
	front_tag_create(arena, &base, "sms", &r);
	is_str(r.url, "https://api2.frontapp.com/company/tags", "a new tag");
	front_contact_fetch(arena, &base, "phone", "+1512", &r);
	is_str(r.url, "https://api2.frontapp.com/contacts/alt:phone:%2B1512",
	    "a contact by number");
	front_contact_rename(arena, &base, "custom", "+1512", "D", &r);
	is_str(r.method, "PATCH", "gets a name");
	is_str(r.body, "{\"name\":\"D\"}", "and nothing else");
}

static void
test_links(void)
{
	ok(front_next_page(arena, &base, "/tags",
	       "https://harborfix.api.frontapp.com/tags?page_token=a%2B", &r),
	    "the next page, wherever it is said to be");
	is_str(r.url, "https://api2.frontapp.com/tags?page_token=a%2B",
	    "is asked for at our base");
	ok(!front_next_page(arena, &base, "/tags",
	       "https://x.frontapp.com/contacts?page_token=a", &r),
	    "not a page of something else");
	ok(!front_next_page(arena, &base, "/tags", "/tags?page_token=a", &r),
	    "nor what is no link");
	is_str(front_conversation_in(arena,
		   "https://x.api.frontapp.com/conversations/cnv_5d3b7e/tags"),
	    "cnv_5d3b7e", "the conversation in a link");
	ok(front_conversation_in(arena, "https://x/conversations/../x") == NULL,
	    "if it is one");
	ok(front_conversation_in(arena, "https://x/contacts/crd_1") == NULL,
	    "and there is one");
}

int
main(void)
{
	struct err e;

	arena = arena_new();
	if (base_url_parse(arena, "https://api2.frontapp.com", &base, &e) !=
	    RC_OK)
		diag("%s", e.text);
	test_posts();
	test_others();
	test_links();
	arena_free(arena);
	return done_testing();
}
