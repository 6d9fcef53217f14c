/* Twilio's SIDs: each kind is told by its two letters. */
#include "text/sid.h"

#include "t/tap.h"

#define DIGITS "0123456789abcdef0123456789abcdef"

static void
test_kind(struct arena *a, field_parser *parse, const char *good)
{
	static const char *const bad[] = { "", "CH", "CH" DIGITS "0",
		"CH0123456789abcdef0123456789abcde", "ch" DIGITS,
		"CH0123456789ABCDEF0123456789abcdef", "XX" DIGITS, " CH" DIGITS,
		"CH0123456789abcdeg0123456789abcdef" };
	struct sid sid = { NULL };
	struct err e;
	size_t i;

	ok(parse(a, good, strlen(good), &sid, &e) == RC_OK, "%s", good);
	is_str(sid.text, good, "... as it came");
	ok(parse(a, good, 33, &sid, &e) == RC_INVALID, "... the length counts");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(parse(a, bad[i], strlen(bad[i]), &sid, &e) == RC_INVALID,
		    "... '%s' is refused", bad[i]);
	ok(parse(a, "CH0123456789abcdef0123456789abcd\0f", 34, &sid, &e) ==
		RC_INVALID,
	    "... and one with a NUL");
}

int
main(void)
{
	struct sid sid;
	struct arena *a;
	struct err e;

	a = arena_new();
	test_kind(a, conversation_sid_parse, "CH" DIGITS);
	test_kind(a, participant_sid_parse, "MB" DIGITS);
	test_kind(a, message_sid_parse, "IM" DIGITS);
	test_kind(a, service_sid_parse, "IS" DIGITS);
	ok(message_sid_parse(a, "SM" DIGITS, 34, &sid, &e) == RC_INVALID,
	    "one kind is not another");
	arena_free(a);
	return done_testing();
}
