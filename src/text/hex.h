/*
 * hex.h -- bytes as pairs of hex digits: what PostgreSQL writes large values
 * in fastest.
 */
#ifndef TEXT_HEX_H
#define TEXT_HEX_H
#include <stdbool.h>
#include <stddef.h>

/*
 * Writes len / 2 bytes; small letters and capitals are taken.  False where
 * there is half a pair or anything but a digit; what was written is of no use
 * then.
 */
bool hex_decode(const char *text, size_t len, char *out);

#endif
