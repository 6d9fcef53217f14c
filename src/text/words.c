#include "text/words.h"

#include "base/limits.h"
#include "base/utf8.h"

/* Text as PostgreSQL takes it: UTF-8, no NUL, at most `most` characters. */
static enum rc
parse_text(struct arena *a, const char *bytes, size_t len, size_t most,
    const char **out, struct err *e)
{
	if (memchr(bytes, '\0', len) != NULL)
		return err_set(e, RC_INVALID, "bad_field", "holds a NUL byte");
	if (!utf8_is_valid(bytes, len))
		return err_set(e, RC_INVALID, "bad_field", "is not UTF-8");
	if (utf8_count(bytes, len) > most)
		return err_set(e, RC_INVALID, "bad_field",
		    "is longer than %zu characters", most);
	*out = arena_copy(a, bytes, len);
	return RC_OK;
}

enum rc
identity_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	return parse_text(
	    a, bytes, len, LIMIT_IDENTITY, &((struct identity *)out)->text, e);
}

enum rc
customer_id_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	return parse_text(a, bytes, len, LIMIT_CUSTOMER_ID,
	    &((struct customer_id *)out)->text, e);
}

enum rc
query_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	return parse_text(
	    a, bytes, len, LIMIT_QUERY, &((struct query *)out)->text, e);
}

enum rc
page_size_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	long n = 0;
	size_t i;

	(void)a;
	(void)e;
	for (i = 0; i < len; i++) {
		if (bytes[i] < '0' || bytes[i] > '9') {
			n = 0;
			break;
		}
		if (n <= LIMIT_PAGE_SIZE)
			n = n * 10 + (bytes[i] - '0');
	}
	if (n < 1)
		n = DEFAULT_PAGE_SIZE;
	*(long *)out = n > LIMIT_PAGE_SIZE ? LIMIT_PAGE_SIZE : n;
	return RC_OK;
}

enum rc
word_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	return parse_text(
	    a, bytes, len, LIMIT_WORD, &((struct word *)out)->text, e);
}

enum rc
whole_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	static const char largest[] = "2147483647";
	const size_t digits = sizeof(largest) - 1;
	struct whole *whole = out;
	size_t i;

	(void)e;
	whole->is_odd = true;
	for (i = 0; i < len; i++)
		if (bytes[i] < '0' || bytes[i] > '9')
			return RC_OK;
	while (len > 1 && bytes[0] == '0') {
		bytes++;
		len--;
	}
	if (len > digits ||
	    (len == digits && memcmp(bytes, largest, digits) > 0))
		return RC_OK;
	whole->text = arena_copy(a, bytes, len);
	whole->is_odd = false;
	return RC_OK;
}

enum rc
prose_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t used = 0, n;
	char *text;

	(void)e;
	text = arena_alloc(a, 3 * len + 1);
	for (; len > 0; bytes += n, len -= n) {
		n = utf8_next(bytes, len);
		if (n == 0 || bytes[0] == '\0') {
			n = 1;
			memcpy(text + used, replacement, 3);
			used += 3;
		} else {
			memcpy(text + used, bytes, n);
			used += n;
		}
	}
	((struct prose *)out)->text = text;
	return RC_OK;
}

enum rc
raw_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	struct raw *raw = out;

	(void)e;
	raw->bytes = arena_copy(a, bytes, len);
	raw->len = len;
	return RC_OK;
}

bool
is_sid(const char *text, const char prefix[static 2])
{
	return strlen(text) == 34 && memcmp(text, prefix, 2) == 0 &&
	       strspn(text + 2, "0123456789abcdefABCDEF") == 32;
}
