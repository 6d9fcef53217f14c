/*
 * dialled.h -- a telephone number as people and address books write it.
 */
#ifndef TEXT_DIALLED_H
#define TEXT_DIALLED_H
#include <stddef.h>

#include "base/arena.h"

/*
 * +E.164, with whatsapp: in front where that was, and without what stands
 * between digits.  A number without + is one of North America where country
 * is US or CA and it has ten digits, else an international one.  What is no
 * number is given back as it was: whoever sends to it refuses it.
 */
const char *dialled_tidy(
    struct arena *a, const char *text, size_t len, const char *country);

#endif
