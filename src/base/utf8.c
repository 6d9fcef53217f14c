#include "base/utf8.h"

/* The bytes that may follow each lead byte; all others are 80..BF. */
static const struct {
	unsigned char from, to;  /* lead byte */
	unsigned char low, high; /* second byte */
	unsigned char len;
} forms[] = {
	{ 0x00, 0x7f, 0x00, 0x00, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

size_t
utf8_next(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t i, k;

	if (len == 0)
		return 0;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (u[0] < forms[i].from || u[0] > forms[i].to)
			continue;
		if (len < forms[i].len)
			return 0;
		if (forms[i].len > 1 &&
		    (u[1] < forms[i].low || u[1] > forms[i].high))
			return 0;
		for (k = 2; k < forms[i].len; k++)
			if ((u[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

bool
utf8_is_valid(const char *s, size_t len)
{
	size_t n;

	while (len > 0) {
		n = utf8_next(s, len);
		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

size_t
utf8_count(const char *s, size_t len)
{
	size_t i, count = 0;

	for (i = 0; i < len; i++)
		count += ((unsigned char)s[i] & 0xc0) != 0x80;
	return count;
}

size_t
utf8_cut(const char *s, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	return max;
}

size_t
utf8_whole(const char *s, size_t len)
{
	size_t start = len, need = 1;

	while (start > 0 && len - start < 4) {
		const unsigned char c = (unsigned char)s[--start];

		if ((c & 0xc0) == 0x80)
			continue;
		if (c >= 0xc0)
			need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
		return len - start < need ? start : len;
	}
	return len;
}
