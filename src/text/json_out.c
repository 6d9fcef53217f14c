#include "text/json_out.h"

#include "base/utf8.h"

/* Escapes one byte below 0x20, '"' or '\\'. */
static void
add_escape(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"':
		buf_add(b, "\\\"", 2);
		break;
	case '\\':
		buf_add(b, "\\\\", 2);
		break;
	case '\n':
		buf_add(b, "\\n", 2);
		break;
	case '\r':
		buf_add(b, "\\r", 2);
		break;
	case '\t':
		buf_add(b, "\\t", 2);
		break;
	default:
		buf_addf(b, "\\u%04x", c);
		break;
	}
}

void
buf_add_json(struct buf *b, const char *bytes, size_t len)
{
	size_t plain = 0, n;
	unsigned char c;

	buf_add_char(b, '"');
	while (plain < len) {
		c = (unsigned char)bytes[plain];
		if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
			plain++;
			continue;
		}
		if (c >= 0x80) {
			n = utf8_next(bytes + plain, len - plain);
			if (n > 0) {
				plain += n;
				continue;
			}
		}
		buf_add(b, bytes, plain);
		if (c >= 0x80)
			buf_add(b, "\xef\xbf\xbd", 3);
		else
			add_escape(b, c);
		bytes += plain + 1;
		len -= plain + 1;
		plain = 0;
	}
	buf_add(b, bytes, plain);
	buf_add_char(b, '"');
}
