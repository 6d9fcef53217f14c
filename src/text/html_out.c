#include "text/html_out.h"

#include <string.h>

void
buf_add_html(struct buf *b, const char *text)
{
	static const char special[] = "&<>\"\r\n";
	size_t n;

	for (;; text++) {
		n = strcspn(text, special);
		buf_add(b, text, n);
		text += n;
		switch (*text) {
		case '\0':
			return;
		case '&':
			buf_add_str(b, "&amp;");
			break;
		case '<':
			buf_add_str(b, "&lt;");
			break;
		case '>':
			buf_add_str(b, "&gt;");
			break;
		case '"':
			buf_add_str(b, "&quot;");
			break;
		case '\r':
			if (text[1] == '\n')
				text++;
			buf_add_str(b, "<br>");
			break;
		default:
			buf_add_str(b, "<br>");
			break;
		}
	}
}
