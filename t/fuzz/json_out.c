/*
 * json_out.c -- any bytes as a JSON string: read back by hand, they are the
 * same, but U+FFFD where they were no UTF-8.
 */
#include "text/json_out.h"

#include "base/utf8.h"
#include "t/fuzz/target.h"

/* The bytes of one escape behind its backslash; *at ends behind it. */
static uint8_t
slow_escape(const char *s, size_t *at)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *name;
	unsigned c = 0;
	int i;

	if (s[*at] != 'u') {
		name = strchr(names, s[*at]);
		PROMISE(name != NULL && *name != '\0');
		*at += 1;
		return (uint8_t)values[name - names];
	}
	for (i = 1; i <= 4; i++) {
		name = strchr("0123456789abcdef", s[*at + (size_t)i]);
		PROMISE(name != NULL && *name != '\0');
		c = c << 4 |
		    (unsigned)(*name <= '9' ? *name - '0' : *name - 'a' + 10);
	}
	*at += 5;
	PROMISE(c < 0x80);
	return (uint8_t)c;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *in = (const char *)bytes;
	size_t at = 1, i = 0, n;
	struct buf b;

	buf_init(&b);
	buf_add_json(&b, in, len);
	PROMISE(b.len >= 2 && b.bytes[0] == '"' && b.bytes[b.len - 1] == '"');
	PROMISE(utf8_is_valid(b.bytes, b.len));
	while (i < len) {
		PROMISE((uint8_t)b.bytes[at] >= 0x20 && b.bytes[at] != '"');
		n = utf8_next(in + i, len - i);
		if (b.bytes[at] == '\\') {
			at++;
			PROMISE(slow_escape(b.bytes, &at) == bytes[i]);
			n = 1;
		} else if (n == 0) {
			PROMISE(memcmp(b.bytes + at, "\xef\xbf\xbd", 3) == 0);
			at += 3;
			n = 1;
		} else {
			PROMISE(memcmp(b.bytes + at, in + i, n) == 0);
			at += n;
		}
		i += n;
	}
	PROMISE(at == b.len - 1);
	buf_release(&b);
	return 0;
}
