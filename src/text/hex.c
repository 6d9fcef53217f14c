#include "text/hex.h"

/* The value of a digit, or -1. */
static int
value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hex_decode(const char *text, size_t len, char *out)
{
	int high, low;
	size_t i;

	if (len % 2 != 0)
		return false;
	for (i = 0; i < len; i += 2) {
		high = value_of(text[i]);
		low = value_of(text[i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (char)(high << 4 | low);
	}
	return true;
}
