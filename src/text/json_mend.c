#include "text/json_mend.h"

#include <stdbool.h>

enum { ESCAPE_LEN = 6 }; /* \uXXXX */

/* The number of the escape at `at`, or -1 where none is. */
static long
escape_at(const char *at, size_t len)
{
	char digits[5];

	if (len < ESCAPE_LEN || at[0] != '\\' || at[1] != 'u')
		return -1;
	memcpy(digits, at + 2, 4);
	digits[4] = '\0';
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return -1;
	return strtol(digits, NULL, 16);
}

static bool
is_between(long n, long least, long most)
{
	return n >= least && n <= most;
}

size_t
json_mend(char *bytes, size_t len)
{
	size_t i = 0, mended = 0;
	long first, second;

	while (i < len) {
		if (bytes[i] != '\\') {
			i++;
			continue;
		}
		first = escape_at(bytes + i, len - i);
		if (first < 0) {
			/* Another escape: what it escapes begins none. */
			i += 2;
			continue;
		}
		second = len - i > ESCAPE_LEN
			     ? escape_at(
				   bytes + i + ESCAPE_LEN, len - i - ESCAPE_LEN)
			     : -1;
		if (is_between(first, 0xd800, 0xdbff) &&
		    is_between(second, 0xdc00, 0xdfff)) {
			i += 2 * ESCAPE_LEN;
			continue;
		}
		if (first == 0 || is_between(first, 0xd800, 0xdfff)) {
			memcpy(bytes + i, "\\ufffd", ESCAPE_LEN);
			mended++;
		}
		i += ESCAPE_LEN;
	}
	return mended;
}
