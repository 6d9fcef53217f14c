#include "core/friendly_name.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "text/phone.h"

enum { HIDDEN_DIGITS = 4 };

/* Words of a name, blanks around them left out. */
struct words {
	const char *first;
	size_t first_len;
	const char *last; /* the same as first where there is one */
};

static struct words
split(const char *name)
{
	struct words w;
	const char *at;

	name += strspn(name, " ");
	w.first = w.last = name;
	w.first_len = strcspn(name, " ");
	for (at = name + w.first_len; *at != '\0'; at += strcspn(at, " ")) {
		at += strspn(at, " ");
		if (*at != '\0')
			w.last = at;
	}
	return w;
}

static void
add_first_initial(struct buf *out, const struct friendly_name *n)
{
	const struct words w = split(n->display_name);
	const char *last = w.last != w.first ? w.last : NULL;

	if (n->first_name != NULL && n->first_name[0] != '\0') {
		buf_add_str(out, n->first_name);
		last = n->last_name;
	} else {
		buf_add(out, w.first, w.first_len);
	}
	if (last == NULL || last[0] == '\0')
		return;
	buf_add_char(out, ' ');
	buf_add(out, last, utf8_next(last, strlen(last)));
	buf_add_char(out, '.');
}

static void
add_unknown(struct buf *out, const struct friendly_name *n)
{
	const char *colon = strchr(n->address, ':');
	const char *number = colon != NULL ? colon + 1 : n->address;
	size_t len = strlen(n->address), shown;

	if (!n->masking && n->style != NAME_PSEUDONYM) {
		buf_add(out, n->address, len);
		return;
	}
	if (!is_e164(number, strlen(number))) {
		buf_add_str(out, "Unknown customer");
		return;
	}
	/* A short number is hidden whole but for its plus. */
	shown = (size_t)(number - n->address) + 1;
	if (len - shown > HIDDEN_DIGITS)
		shown = len - HIDDEN_DIGITS;
	buf_add(out, n->address, shown);
	for (; shown < len; shown++)
		buf_add_char(out, '*');
}

/*
 * Cuts what begins at `from` between two characters.  One beyond U+FFFF counts
 * twice, as where text is UTF-16: nobody says how Twilio counts.
 */
static void
cut(struct buf *out, size_t from)
{
	size_t at = from, units = 0, n;

	while (at < out->len) {
		n = utf8_next(out->bytes + at, out->len - at);
		units += n == 4 ? 2 : 1;
		if (n == 0 || units > LIMIT_FRIENDLY_NAME)
			break;
		at += n;
	}
	buf_truncate(out, at);
}

void
friendly_name_format(struct buf *out, const struct friendly_name *n)
{
	const size_t from = out->len;

	if (n->customer_id == NULL) {
		add_unknown(out, n);
	} else {
		switch (n->style) {
		case NAME_FULL:
			buf_add_str(out, n->display_name);
			break;
		case NAME_FIRST_INITIAL:
			add_first_initial(out, n);
			break;
		case NAME_PSEUDONYM:
			buf_addf(out, "Customer %s", n->customer_id);
			break;
		}
	}
	cut(out, from);
}
