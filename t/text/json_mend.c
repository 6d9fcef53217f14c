#include "text/json_mend.h"

#include "t/tap.h"

int
main(void)
{
	static const struct {
		const char *in, *out;
		size_t mended;
	} cases[] = {
		{ "", "", 0 },
		{ "{\"a\":\"b\"}", "{\"a\":\"b\"}", 0 },
		{ "\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\"", 0 },
		{ "\"\\uD83D\\uDE00\"", "\"\\uD83D\\uDE00\"", 0 },
		{ "\"\\ud83d\"", "\"\\ufffd\"", 1 },
		{ "\"\\ud83dx\"", "\"\\ufffdx\"", 1 },
		{ "\"\\ude00\"", "\"\\ufffd\"", 1 },
		{ "\"\\ude00\\ud83d\"", "\"\\ufffd\\ufffd\"", 2 },
		{ "\"\\ud83d\\ud83d\\ude00\"", "\"\\ufffd\\ud83d\\ude00\"", 1 },
		{ "\"\\ud83d\\n\"", "\"\\ufffd\\n\"", 1 },
		{ "\"\\u0000\"", "\"\\ufffd\"", 1 },
		{ "\"\\u00e9\"", "\"\\u00e9\"", 0 },
		/* An escaped backslash, and then the letter u. */
		{ "\"\\\\ud83d\"", "\"\\\\ud83d\"", 0 },
		{ "\"\\\\\\ud83d\"", "\"\\\\\\ufffd\"", 1 },
		{ "\"\\ud83", "\"\\ud83", 0 },
		{ "\"\\ud8zz\"", "\"\\ud8zz\"", 0 },
		{ "\\", "\\", 0 },
		{ "\\u", "\\u", 0 },
	};
	char bytes[64];
	size_t i, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = strlen(cases[i].in);
		memcpy(bytes, cases[i].in, len + 1);
		is_int(json_mend(bytes, len), cases[i].mended, "%s: %zu",
		    cases[i].in, cases[i].mended);
		is_str(bytes, cases[i].out, "... and the text");
	}
	return done_testing();
}
