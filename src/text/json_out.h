/*
 * json_out.h -- a small direct writer of JSON, for lists: building and
 * freeing a tree for thirty customers costs more than all the rest of the
 * answer.  A test holds it against jansson.  Everything that is not a hot
 * list goes through jansson.
 */
#ifndef TEXT_JSON_OUT_H
#define TEXT_JSON_OUT_H
#include <stddef.h>

#include "base/buf.h"

/*
 * A quoted string.  Bytes that are not UTF-8 become U+FFFD: the answer must
 * stay JSON whatever an old database dump held.
 */
void buf_add_json(struct buf *b, const char *bytes, size_t len);

#endif
