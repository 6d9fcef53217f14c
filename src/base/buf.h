/*
 * buf.h -- a growing byte string.  Never NULL, always NUL-terminated behind
 * len.  Append only; the escaping is in the verb of whoever appends (JSON in
 * text/json_out.h, URLs in text/url.h).
 *
 * The owner calls buf_init() once and buf_release() at the end; buf_clear()
 * keeps the memory for the next use.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H
#include <stddef.h>

#include "base/err.h"

struct buf {
	char *bytes;
	size_t len;
	size_t size;
};

void buf_init(struct buf *b);
void buf_release(struct buf *b);
void buf_clear(struct buf *b);
/* Cuts back to an earlier length; len must not exceed the present one. */
void buf_truncate(struct buf *b, size_t len);

/* Makes room for more bytes behind len and returns where they go. */
char *buf_reserve(struct buf *b, size_t more);

void buf_add(struct buf *b, const char *bytes, size_t len);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3)
    __attribute__((nonnull(2)));

#endif
