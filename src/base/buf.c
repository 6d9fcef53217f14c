#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>

#include "base/log.h"

static char nothing[1];

void
buf_init(struct buf *b)
{
	b->bytes = nothing;
	b->len = 0;
	b->size = 0;
}

void
buf_release(struct buf *b)
{
	if (b->size > 0)
		free(b->bytes);
	buf_init(b);
}

void
buf_clear(struct buf *b)
{
	buf_truncate(b, 0);
}

void
buf_truncate(struct buf *b, size_t len)
{
	if (len > b->len)
		fatal("BUG: buf_truncate to %zu of %zu", len, b->len);
	b->len = len;
	if (b->size > 0)
		b->bytes[len] = '\0';
}

char *
buf_reserve(struct buf *b, size_t more)
{
	size_t want;
	char *p;

	if (more > SIZE_MAX / 4)
		fatal("BUG: buf_reserve of %zu bytes", more);
	want = b->len + more + 1;
	if (want > b->size) {
		if (want < b->size * 2)
			want = b->size * 2;
		if (want < 256)
			want = 256;
		p = realloc(b->size > 0 ? b->bytes : NULL, want);
		if (p == NULL)
			fatal("out of memory (%zu bytes)", want);
		b->bytes = p;
		b->size = want;
	}
	return b->bytes + b->len;
}

void
buf_add(struct buf *b, const char *bytes, size_t len)
{
	char *to;

	to = buf_reserve(b, len);
	if (len > 0)
		memcpy(to, bytes, len);
	b->len += len;
	b->bytes[b->len] = '\0';
}

void
buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		fatal("BUG: buf_addf: %s", fmt);
	(void)buf_reserve(b, (size_t)n);
	va_start(ap, fmt);
	(void)vsnprintf(b->bytes + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}
