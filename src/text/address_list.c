#include "text/address_list.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "text/phone.h"

struct piece {
	const char *bytes;
	size_t len;
};

static const char blanks[] = " \t\r\n";

static struct piece
trimmed(const char *bytes, size_t len)
{
	while (len > 0 && memchr(blanks, bytes[0], 4) != NULL) {
		bytes++;
		len--;
	}
	while (len > 0 && memchr(blanks, bytes[len - 1], 4) != NULL)
		len--;
	return (struct piece){ bytes, len };
}

/* +E.164, or the same behind a prefix of small letters. */
static bool
is_number(struct piece p)
{
	const char *colon = memchr(p.bytes, ':', p.len);
	const char *at = p.bytes;

	if (colon == NULL)
		return is_e164(p.bytes, p.len);
	while (at < colon && *at >= 'a' && *at <= 'z')
		at++;
	return at == colon && at > p.bytes &&
	       is_e164(colon + 1, p.len - (size_t)(colon + 1 - p.bytes));
}

/* Goes to the piece behind the next comma; false at the end. */
static bool
next_piece(struct piece *rest, struct piece *piece)
{
	const char *comma;
	size_t len;

	if (rest->bytes == NULL)
		return false;
	comma = memchr(rest->bytes, ',', rest->len);
	len = comma != NULL ? (size_t)(comma - rest->bytes) : rest->len;
	*piece = trimmed(rest->bytes, len);
	if (comma != NULL)
		*rest = (struct piece){ comma + 1, rest->len - len - 1 };
	else
		rest->bytes = NULL;
	return true;
}

/*
 * A piece of an array: a string without escapes, whose quotes go.  No address
 * has an escape or a comma in it.
 */
static bool
unquote(struct piece *p)
{
	if (p->len < 2 || p->bytes[0] != '"' || p->bytes[p->len - 1] != '"')
		return false;
	p->bytes++;
	p->len -= 2;
	return memchr(p->bytes, '"', p->len) == NULL &&
	       memchr(p->bytes, '\\', p->len) == NULL;
}

/* Is it a list?  Then what stands in it is left in *inside. */
static bool
is_list(struct piece all, bool *quoted, struct piece *inside)
{
	struct piece rest, p;
	unsigned count = 0;

	*quoted = all.len >= 2 && all.bytes[0] == '[' &&
		  all.bytes[all.len - 1] == ']';
	*inside = *quoted ? (struct piece){ all.bytes + 1, all.len - 2 } : all;
	rest = *inside;
	if (*quoted && trimmed(inside->bytes, inside->len).len == 0)
		return true;
	for (; next_piece(&rest, &p); count++)
		if (*quoted ? !unquote(&p) : !is_number(p))
			return false;
	return *quoted || count > 1;
}

static enum rc
add(struct arena *a, struct piece p, struct address_list *list, struct err *e)
{
	if (p.len == 0)
		return RC_OK;
	if (memchr(p.bytes, '\0', p.len) != NULL)
		return err_set(e, RC_INVALID, "bad_field", "holds a NUL byte");
	if (!utf8_is_valid(p.bytes, p.len))
		return err_set(e, RC_INVALID, "bad_field", "is not UTF-8");
	if (utf8_count(p.bytes, p.len) > LIMIT_ADDRESS)
		return err_set(e, RC_INVALID, "bad_field",
		    "is longer than %d characters", LIMIT_ADDRESS);
	if (list->count++ == 0)
		list->first = arena_copy(a, p.bytes, p.len);
	return RC_OK;
}

enum rc
address_list_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	struct piece rest, p;
	bool quoted;

	if (!is_list(trimmed(bytes, len), &quoted, &rest))
		return add(a, (struct piece){ bytes, len }, out, e);
	while (next_piece(&rest, &p)) {
		if (quoted && !unquote(&p))
			continue;
		if (add(a, p, out, e) != RC_OK)
			return e->rc;
	}
	return RC_OK;
}
