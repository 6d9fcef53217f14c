#include "peer/front_resource.h"

#include "t/tap.h"

static struct arena *arena;
static struct err e;

static void
test_tags(void)
{
	static const char page[] =
	    "{\"_pagination\":{\"next\":\"https://x/tags?page_token=1\"},"
	    "\"_results\":[{\"id\":\"tag_1\",\"name\":\"a b\"},"
	    "{\"id\":\"tag_2\",\"name\":\"a\"},{\"name\":null}]}";
	static const char last[] = "{\"_results\":[]}";
	const char *id, *next;

	is_int(front_tag_find(arena, page, strlen(page), "a", &id, &next, &e),
	    RC_OK, "a page of tags");
	is_str(id, "tag_2", "has the one of this name");
	is_str(next, "https://x/tags?page_token=1", "and a next one");
	is_int(front_tag_find(arena, last, strlen(last), "a", &id, &next, &e),
	    RC_OK, "a page without one");
	ok(id == NULL && next == NULL, "and without a next");
	is_int(front_tag_find(arena, "{}", 2, "a", &id, &next, &e), RC_BUSY,
	    "what is no page");
	is_int(front_tag_read(arena, "{\"id\":\"tag_4f\"}", 15, &id, &e), RC_OK,
	    "a new tag");
	is_str(id, "tag_4f", "has an id");
	is_int(front_tag_read(arena, "{\"id\":\"tag_/x\"}", 15, &id, &e),
	    RC_BUSY, "an odd id goes into no URL");
}

static void
test_names(void)
{
	static const struct {
		const char *name;
		bool is_free;
	} names[] = { { NULL, true }, { "", true }, { " ", true },
		{ "+15125550123", true }, { "(512) 555-0123", true },
		{ "1 512 555 0123", true }, { "512.555.0123", true },
		{ "Dana", false }, { "+15125550124", false }, { "0123", false },
		{ "+15125550123 x", false }, { "+915125550123", false } };
	const char *name = "";
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		is_int(front_name_is_free(names[i].name, "+15125550123"),
		    names[i].is_free, "'%s' may %sbe written over",
		    names[i].name != NULL ? names[i].name : "nothing",
		    names[i].is_free ? "" : "not ");
	is_int(front_contact_read(arena, "{\"name\":null}", 13, &name, &e),
	    RC_OK, "a contact");
	ok(name == NULL, "without a name");
	is_int(front_contact_read(arena, "[]", 2, &name, &e), RC_BUSY,
	    "what is none");
}

int
main(void)
{
	arena = arena_new();
	is_str(front_uid_read(arena, "{\"message_uid\":\"7c\"}", 20), "7c",
	    "the uid of a message");
	ok(front_uid_read(arena, "", 0) == NULL, "or none");
	test_tags();
	test_names();
	arena_free(arena);
	return done_testing();
}
