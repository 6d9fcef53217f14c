#include "base/utf8.h"

#include <stdint.h>

#include "t/random.h"
#include "t/tap.h"

/* A decoder by arithmetic: length, or 0 where it is not well-formed. */
static size_t
slow_next(const char *s, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	uint32_t c;
	size_t n, i;

	if (len == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	n = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : u[0] >= 0xc0 ? 2 : 0;
	if (n == 0 || u[0] > 0xf7 || n > len)
		return 0;
	c = u[0] & (0xffU >> (n + 1));
	for (i = 1; i < n; i++) {
		if (u[i] >> 6 != 2)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return n;
}

static void
test_short_strings(void)
{
	char s[4] = { 0 };
	size_t wrong = 0;
	int a, b, c;

	for (a = 0; a < 256; a++)
		for (b = 0; b < 256; b++) {
			s[0] = (char)a;
			s[1] = (char)b;
			s[2] = '\0';
			wrong += utf8_next(s, 2) != slow_next(s, 2);
			wrong += utf8_next(s, 1) != slow_next(s, 1);
			for (c = 0x7f; c < 0xc2; c += 3) {
				s[2] = (char)c;
				wrong += utf8_next(s, 3) != slow_next(s, 3);
			}
		}
	is_int(wrong, 0, "all strings of up to two bytes, many of three");
	for (a = 0; a < 200000; a++) {
		s[0] = (char)(0xee + random_below(10));
		for (b = 1; b < 4; b++)
			s[b] = (char)(0x78 + random_below(0x50));
		wrong += utf8_next(s, 4) != slow_next(s, 4);
	}
	is_int(wrong, 0, "many of four");
}

static void
test_strings(void)
{
	static const struct {
		const char *text;
		size_t len;
		bool valid;
		const char *what;
	} cases[] = {
		{ "", 0, true, "nothing" },
		{ "a\0b", 3, true, "a NUL is a character" },
		{ "gr\xc3\xbc\xc3\x9f", 6, true, "two bytes" },
		{ "\xe2\x82\xac\xf0\x9f\x98\x80", 7, true, "three and four" },
		{ "\xef\xbf\xbf\xf4\x8f\xbf\xbf", 7, true, "the last ones" },
		{ "\xf4\x90\x80\x80", 4, false, "beyond U+10FFFF" },
		{ "\xc0\x80", 2, false, "an overlong NUL" },
		{ "\xe0\x9f\xbf", 3, false, "an overlong form of three" },
		{ "\xf0\x8f\xbf\xbf", 4, false, "an overlong form of four" },
		{ "\xed\xa0\x80", 3, false, "a surrogate" },
		{ "\xed\x9f\xbf", 3, true, "just before the surrogates" },
		{ "\xee\x80\x80", 3, true, "just behind them" },
		{ "\x80", 1, false, "a continuation alone" },
		{ "a\xe2\x82", 3, false, "cut off" },
		{ "\xff", 1, false, "no lead byte" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(utf8_is_valid(cases[i].text, cases[i].len),
		    cases[i].valid, "%s", cases[i].what);
	is_int(utf8_count("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10), 4,
	    "characters are counted, not bytes");
	is_int(utf8_count("", 0), 0, "none in nothing");
}

static void
test_cut(void)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
	static const size_t whole[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };
	size_t max;

	for (max = 0; max < sizeof(whole) / sizeof(whole[0]); max++)
		is_int(utf8_cut(text, 10, max), whole[max],
		    "whole characters in %zu bytes", max);
	is_int(utf8_cut("", 0, 3), 0, "none in nothing");
}

static void
test_whole(void)
{
	is_int(utf8_whole("abc", 3), 3, "letters are whole");
	is_int(utf8_whole("", 0), 0, "so is nothing");
	is_int(utf8_whole("\xc3\xa9", 2), 2, "two bytes");
	is_int(utf8_whole("a\xc3", 2), 1, "one of two");
	is_int(utf8_whole("a\xe2\x82\xac", 4), 4, "three bytes");
	is_int(utf8_whole("a\xe2\x82", 3), 1, "two of three");
	is_int(utf8_whole("\xf0\x9f\x98\x80", 4), 4, "four bytes");
	is_int(utf8_whole("a\xf0\x9f\x98", 4), 1, "three of four");
	is_int(utf8_whole("a\xf0", 2), 1, "one of four");
}

int
main(void)
{
	test_strings();
	test_cut();
	test_short_strings();
	test_whole();
	return done_testing();
}
