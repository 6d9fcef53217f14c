/*
 * html_text.c -- text never grows, stays UTF-8, and has no markup of its own
 * making: what holds neither < nor & is what it was, but for blanks.
 */
#include "text/html_text.h"
#include "base/utf8.h"
#include "t/fuzz/target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *html = (const char *)bytes, *text;
	struct arena *a;

	a = arena_new();
	text = html_text(a, html, len);
	PROMISE(strlen(text) <= len);
	if (utf8_is_valid(html, len))
		PROMISE(utf8_is_valid(text, strlen(text)));
	if (memchr(html, '<', len) == NULL && memchr(html, '&', len) == NULL)
		PROMISE(strchr(text, '\n') == NULL);
	arena_free(a);
	return 0;
}
