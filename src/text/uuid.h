/*
 * uuid.h -- names that nobody else has.
 */
#ifndef TEXT_UUID_H
#define TEXT_UUID_H
#include <stdbool.h>

enum { UUID_LEN = 36 };

/* A random UUID (RFC 9562, version 4), small letters, NUL-terminated. */
void uuid_make(char out[static UUID_LEN + 1]);

/* Is it one of any version, in small letters? */
bool uuid_is_valid(const char *text);

#endif
