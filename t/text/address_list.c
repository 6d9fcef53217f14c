/* One address as a rule, and every form that a list of them may have. */
#include "text/address_list.h"

#include "base/limits.h"
#include "t/tap.h"

static void
test_forms(struct arena *a)
{
	static const struct {
		const char *in, *first;
		unsigned count;
	} cases[] = {
		{ "+4790000012", "+4790000012", 1 },
		{ "whatsapp:+4790000012", "whatsapp:+4790000012", 1 },
		{ "messenger:1234", "messenger:1234", 1 },
		{ "rcs:agent_x", "rcs:agent_x", 1 },
		{ "TWILIO", "TWILIO", 1 },
		{ "40404", "40404", 1 },
		{ " +4790000012", " +4790000012", 1 },
		{ "Okafor, Ines", "Okafor, Ines", 1 },
		{ "+4790000012,Ines", "+4790000012,Ines", 1 },
		{ "+4790000012,", "+4790000012,", 1 },
		{ "+4790000012,+4790000013", "+4790000012", 2 },
		{ "+4790000012, whatsapp:+4790000013 ,+12", "+4790000012", 3 },
		{ "[\"+4790000012\",\"+4790000013\"]", "+4790000012", 2 },
		{ "[ \"+4790000012\" ]", "+4790000012", 1 },
		{ "[\"\", \"messenger:1\"]", "messenger:1", 1 },
		{ "[]", NULL, 0 },
		{ "[ ]", NULL, 0 },
		{ "[\"\"]", NULL, 0 },
		{ "[null]", "[null]", 1 },
		{ "[\"a\\\"b\"]", "[\"a\\\"b\"]", 1 },
		{ "[\"a\"", "[\"a\"", 1 },
		{ "[", "[", 1 },
		{ "]", "]", 1 },
		{ ",", ",", 1 },
		{ "Whatsapp:+4790000012,+12", "Whatsapp:+4790000012,+12", 1 },
	};
	struct address_list list;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		list = (struct address_list){ NULL, 0 };
		ok(address_list_parse(
		       a, cases[i].in, strlen(cases[i].in), &list, &e) == RC_OK,
		    "'%s'", cases[i].in);
		is_int(
		    list.count, cases[i].count, "... holds %u", cases[i].count);
		is_str(list.first, cases[i].first, "... the first of them");
	}
}

static void
test_limits(struct arena *a)
{
	struct address_list list = { NULL, 0 };
	char long_one[LIMIT_ADDRESS + 2];
	struct err e;

	memset(long_one, 'x', sizeof(long_one));
	ok(address_list_parse(a, long_one, LIMIT_ADDRESS, &list, &e) == RC_OK,
	    "%d characters", LIMIT_ADDRESS);
	ok(address_list_parse(a, long_one, LIMIT_ADDRESS + 1, &list, &e) ==
		RC_INVALID,
	    "and not one more");
	ok(address_list_parse(a, "a\0b", 3, &list, &e) == RC_INVALID, "no NUL");
	ok(address_list_parse(a, "[\"a\0b\"]", 7, &list, &e) == RC_INVALID,
	    "nor in an array");
	ok(address_list_parse(a, "a\xff", 2, &list, &e) == RC_INVALID,
	    "UTF-8 only");
}

/* As a field that stands there several times. */
static void
test_repeated(struct arena *a)
{
	static const struct form_limits limits = { 256, 32768, 128 };
	static const char body[] = "A=&A=%2B4790000012&B=x&A=%2B4790000013";
	/* The list is its own struct here: the offset is 0. */
	static const struct field fields[] = {
		{ .name = "A", .parse = address_list_parse, .need = REPEATED },
		FIELD_END,
	};
	struct address_list list = { NULL, 0 };
	struct form form;
	struct err e;

	ok(form_decode(a, body, strlen(body), &limits, &form, &e) == RC_OK &&
		form_fill(a, &form, fields, &list, &e) == RC_OK,
	    "a repeated field");
	is_int(list.count, 2, "... is one list");
	is_str(list.first, "+4790000012", "... in the order of arrival");
	ok(form_decode(a, "B=1", 3, &limits, &form, &e) == RC_OK &&
		form_fill(a, &form, fields, &list, &e) == RC_OK &&
		list.count == 2,
	    "... and may be missing");
	ok(form_decode(a, "A=ok&A=%00", 10, &limits, &form, &e) == RC_OK &&
		form_fill(a, &form, fields, &list, &e) == RC_INVALID,
	    "... and each value is looked at");
	ok(strncmp(e.text, "A: ", 3) == 0, "... by name");
}

int
main(void)
{
	struct arena *a;

	a = arena_new();
	test_forms(a);
	test_limits(a);
	test_repeated(a);
	arena_free(a);
	return done_testing();
}
