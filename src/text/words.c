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

bool
is_sid(const char *text, const char prefix[static 2])
{
	return strlen(text) == 34 && memcmp(text, prefix, 2) == 0 &&
	       strspn(text + 2, "0123456789abcdefABCDEF") == 32;
}
