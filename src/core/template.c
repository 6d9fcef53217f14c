#include "core/template.h"

#include <stddef.h>

enum { NAME_SIZE = 32 };

static const struct {
	const char *name;
	size_t offset;
} placeholders[] = {
	{ "displayname", offsetof(struct template_values, display_name) },
	{ "name", offsetof(struct template_values, display_name) },
	{ "firstname", offsetof(struct template_values, first_name) },
	{ "lastname", offsetof(struct template_values, last_name) },
	{ "companyname", offsetof(struct template_values, company_name) },
	{ "company", offsetof(struct template_values, company_name) },
	{ "worker", offsetof(struct template_values, worker) },
	{ "author", offsetof(struct template_values, worker) },
};

/* Small letters without blanks and underscores; empty where too long. */
static void
normalise(const char *name, size_t len, char out[static NAME_SIZE])
{
	size_t used = 0, i;
	char c;

	for (i = 0; i < len; i++) {
		c = name[i];
		if (c == '_' || c == ' ')
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (used == NAME_SIZE - 1) {
			used = 0;
			break;
		}
		out[used++] = c;
	}
	out[used] = '\0';
}

/* False where no placeholder has that name; *value may be NULL. */
static bool
find_value(const char *name, size_t len, const struct template_values *values,
    const char **value)
{
	char wanted[NAME_SIZE];
	size_t i;

	normalise(name, len, wanted);
	for (i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
		if (strcmp(placeholders[i].name, wanted) != 0)
			continue;
		memcpy(value, (const char *)values + placeholders[i].offset,
		    sizeof(*value));
		return true;
	}
	return false;
}

/* Replaces what stands between the braces. */
static bool
add_placeholder(struct buf *out, const char *inside, size_t len,
    const struct template_values *values)
{
	const char *bar, *value = NULL;
	size_t name_len;

	bar = memchr(inside, '|', len);
	name_len = bar != NULL ? (size_t)(bar - inside) : len;
	if (!find_value(inside, name_len, values, &value))
		return false;
	if (value != NULL && value[0] != '\0') {
		buf_add_str(out, value);
		return true;
	}
	if (bar == NULL)
		return false;
	buf_add(out, bar + 1, len - name_len - 1);
	return true;
}

bool
template_fill(
    struct buf *out, const char *content, const struct template_values *values)
{
	const size_t before = out->len;
	const char *open, *close;

	for (;;) {
		open = strstr(content, "{{");
		close = open != NULL ? strstr(open + 2, "}}") : NULL;
		if (close == NULL)
			break;
		buf_add(out, content, (size_t)(open - content));
		if (!add_placeholder(
			out, open + 2, (size_t)(close - open) - 2, values)) {
			buf_truncate(out, before);
			return false;
		}
		content = close + 2;
	}
	buf_add_str(out, content);
	return true;
}
