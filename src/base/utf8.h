/*
 * utf8.h -- is it well-formed UTF-8, and how many characters is it?
 * (Unicode, table 3-7: no overlong forms, no surrogates, up to U+10FFFF.)
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H
#include <stdbool.h>
#include <stddef.h>

/* The length in bytes of the character at s, or 0 where none is well-formed. */
size_t utf8_next(const char *s, size_t len);

bool utf8_is_valid(const char *s, size_t len);

/* Characters in a valid string. */
size_t utf8_count(const char *s, size_t len);

/* Bytes of the whole characters at the start of a valid string, at most max. */
size_t utf8_cut(const char *s, size_t len, size_t max);

/* The length without a character at the end that was cut off. */
size_t utf8_whole(const char *s, size_t len);

#endif
