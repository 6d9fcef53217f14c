/* Dates as Conversations writes them, and what is none. */
#include "text/moment.h"

#include "t/tap.h"

int
main(void)
{
	static const struct {
		const char *in;
		const char *out; /* NULL: no date */
	} cases[] = {
		{ "2024-02-03T04:05:06.789Z", "2024-02-03T04:05:06.789Z" },
		{ "2024-02-03T04:05:06Z", "2024-02-03T04:05:06Z" },
		{ "2024-02-03 04:05:06Z", "2024-02-03 04:05:06Z" },
		{ "2024-02-03T04:05:06", "2024-02-03T04:05:06Z" },
		{ "2024-02-03T04:05:06.5", "2024-02-03T04:05:06.5Z" },
		{ "2024-02-03T04:05:06+05:30", "2024-02-03T04:05:06+05:30" },
		{ "2024-02-03T04:05:06-0800", "2024-02-03T04:05:06-0800" },
		{ "2024-02-29T23:59:59.999999999Z",
		    "2024-02-29T23:59:59.999999999Z" },
		{ "2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z" },
		{ "2099-12-31T23:59:59Z", "2099-12-31T23:59:59Z" },
		{ "2023-02-29T00:00:00Z", NULL },
		{ "2024-02-30T00:00:00Z", NULL },
		{ "2024-04-31T00:00:00Z", NULL },
		{ "2024-00-01T00:00:00Z", NULL },
		{ "2024-13-01T00:00:00Z", NULL },
		{ "2024-01-00T00:00:00Z", NULL },
		{ "2024-01-32T00:00:00Z", NULL },
		{ "2024-01-01T24:00:00Z", NULL },
		{ "2024-01-01T23:60:00Z", NULL },
		{ "2024-01-01T23:59:60Z", NULL },
		{ "2024-01-01T23:59:59.Z", NULL },
		{ "2024-01-01T23:59:59.1234567890Z", NULL },
		{ "2024-01-01T23:59:59+15:00", NULL },
		{ "2024-01-01T23:59:59+05:60", NULL },
		{ "2024-01-01T23:59:59+5", NULL },
		{ "2024-01-01T23:59:59ZZ", NULL },
		{ "2024-01-01T23:59:59 Z", NULL },
		{ "2024-01-01T23:59Z", NULL },
		{ "2024-01-01", NULL },
		{ "1999-12-31T23:59:59Z", NULL },
		{ "2100-01-01T00:00:00Z", NULL },
		{ "20240-01-01T00:00:00Z", NULL },
		{ "-infinity", NULL },
		{ "now", NULL },
		{ "Sat, 03 Feb 2024 04:05:06 +0000", NULL },
		{ " 2024-02-03T04:05:06Z", NULL },
		{ "", NULL },
	};
	struct moment m;
	struct arena *a;
	struct err e;
	size_t i;

	a = arena_new();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		m = (struct moment){ NULL, false };
		ok(moment_parse(a, cases[i].in, strlen(cases[i].in), &m, &e) ==
			RC_OK,
		    "'%s' costs no event", cases[i].in);
		is_str(m.text, cases[i].out, "... and is %s",
		    cases[i].out != NULL ? cases[i].out : "no date");
		ok(m.is_odd == (cases[i].out == NULL), "... which is told");
	}
	m = (struct moment){ NULL, false };
	(void)moment_parse(a, "2024-02-03T04:05:06Z\0", 21, &m, &e);
	ok(m.text == NULL && m.is_odd, "a NUL behind it: no date");
	arena_free(a);
	return done_testing();
}
