#include "admin/print.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"

enum { CHUNK = 256, LONGEST_CHARACTER = 4 };

/* Appends len bytes as they may be shown. */
static void
escape(struct buf *b, const char *text, size_t len)
{
	char shown[4 * CHUNK + 1];
	size_t part;

	for (; len > 0; text += part, len -= part) {
		part = len < CHUNK ? len : CHUNK;
		/* Not in the midst of a character. */
		while (part < len && part > CHUNK - LONGEST_CHARACTER &&
		       ((unsigned char)text[part] & 0xc0) == 0x80)
			part--;
		buf_add(b, shown, log_escape(shown, sizeof(shown), text, part));
	}
}

static void
escape_all(struct buf *b, const char *text)
{
	if (text == NULL)
		text = "(nothing)";
	escape(b, text, strlen(text));
}

void
print_text(const char *text)
{
	struct buf shown;
	size_t len;

	if (text == NULL)
		text = "(nothing)";
	buf_init(&shown);
	for (;;) {
		len = strcspn(text, "\n");
		escape(&shown, text, len);
		if (text[len] == '\0')
			break;
		buf_addf(&shown, "\n%*s", PRINT_LABEL + 2, "");
		text += len + 1;
	}
	(void)fputs(shown.bytes, stdout);
	buf_release(&shown);
}

void
print_line(const char *text)
{
	struct buf shown;

	buf_init(&shown);
	escape_all(&shown, text);
	(void)fputs(shown.bytes, stdout);
	buf_release(&shown);
}

void
print_column(const char *text, int width)
{
	struct buf shown;
	int used;

	buf_init(&shown);
	escape_all(&shown, text);
	used = (int)utf8_count(shown.bytes, shown.len);
	buf_addf(&shown, "%*s", used < width ? width + 2 - used : 2, "");
	(void)fputs(shown.bytes, stdout);
	buf_release(&shown);
}

void
format_duration(char out[static PRINT_DURATION_SIZE], double seconds)
{
	static const struct {
		double below; /* so many seconds */
		double unit;
		const char *name;
	} steps[] = {
		{ 120, 1, "s" },
		{ 2 * 3600, 60, "min" },
		{ 2 * 86400, 3600, "h" },
		{ 1e300, 86400, "d" },
	};
	size_t i = 0;

	while (i + 1 < sizeof(steps) / sizeof(steps[0]) &&
	       seconds >= steps[i].below)
		i++;
	(void)snprintf(out, PRINT_DURATION_SIZE, "%lld %s",
	    (long long)(seconds / steps[i].unit), steps[i].name);
}
