/*
 * random.h -- the same numbers in every run, for tests over many inputs.
 */
#ifndef T_RANDOM_H
#define T_RANDOM_H
#include <stddef.h>
#include <stdint.h>

static uint64_t random_state = 0x2545f4914f6cdd1d;

/* A number below `below`. */
static inline size_t
random_below(size_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state % below);
}

/* Bytes of all kinds, with stretches of UTF-8 among them. */
static inline void
random_bytes(char *out, size_t len)
{
	static const char *const pieces[] = { "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\xe2\x80\xa8", "\xc2\x85", "\xed\xa0\x80",
		"\xc0\xaf", "\xf4\x90\x80\x80", "\"", "\\", "\n", "plain" };
	const char *piece;
	size_t i = 0, k;

	while (i < len) {
		if (random_below(3) == 0) {
			out[i++] = (char)random_below(256);
			continue;
		}
		piece =
		    pieces[random_below(sizeof(pieces) / sizeof(pieces[0]))];
		for (k = 0; piece[k] != '\0' && i < len; k++)
			out[i++] = piece[k];
	}
}
#endif
