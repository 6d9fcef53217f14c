/*
 * banned.h -- functions that nobody here may call.  The build includes this
 * file before every other, so that a use is a compile error.
 *
 * The headers that declare them come first: after the poison even a
 * declaration would be refused.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* No bound on what they write. */
#pragma GCC poison strcpy stpcpy strcat sprintf vsprintf gets
/* Not terminated, or silently cut. */
#pragma GCC poison strncpy strncat
/* Hidden state, or no way to see an error. */
#pragma GCC poison strtok atoi atol atoll atof
#pragma GCC poison localtime gmtime ctime asctime
#endif
