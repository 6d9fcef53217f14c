/*
 * template.c -- any text as a template: filled, or not offered and nothing
 * appended.  Values are marked, so that what was put in can be told from what
 * was there.
 */
#include "core/template.h"

#include <stdbool.h>

#include "t/fuzz/target.h"

static const struct template_values full = { "\x01", "\x01", "\x01", "\x01",
	"\x01" };
static const struct template_values none = { NULL, "", NULL, "", NULL };

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf text, out;
	bool filled;

	buf_init(&text);
	buf_init(&out);
	buf_add(&text, (const char *)bytes, len);
	text.len = strlen(text.bytes);
	buf_add_str(&out, "before");
	filled = template_fill(&out, text.bytes, &full);
	PROMISE(strncmp(out.bytes, "before", 6) == 0);
	if (!filled)
		PROMISE(strcmp(out.bytes, "before") == 0);
	else if (strstr(text.bytes, "{{") == NULL)
		PROMISE(strcmp(out.bytes + 6, text.bytes) == 0);
	else
		PROMISE(count(out.bytes, "\x01") <=
			count(text.bytes, "\x01") + count(text.bytes, "{{"));
	/* What is filled without a value is filled with every value. */
	buf_truncate(&out, 6);
	if (template_fill(&out, text.bytes, &none))
		PROMISE(filled && out.len <= 6 + text.len);
	buf_release(&text);
	buf_release(&out);
	return 0;
}
