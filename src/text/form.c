#include "text/form.h"

#include "text/url.h"

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes into memory of at least len + 1 bytes; -1 where a '%' is cut. */
static long
decode(const char *in, size_t len, char *out)
{
	size_t i, used = 0;
	int high, low;

	for (i = 0; i < len; i++) {
		if (in[i] == '+') {
			out[used++] = ' ';
		} else if (in[i] == '%') {
			if (len - i < 3)
				return -1;
			high = hex_value(in[i + 1]);
			low = hex_value(in[i + 2]);
			if (high < 0 || low < 0)
				return -1;
			out[used++] = (char)(high * 16 + low);
			i += 2;
		} else {
			out[used++] = in[i];
		}
	}
	out[used] = '\0';
	return (long)used;
}

static size_t
count_segments(const char *bytes, size_t len)
{
	size_t i, count = 1;

	for (i = 0; i < len; i++)
		count += bytes[i] == '&';
	return count;
}

/* One segment, which is not empty, becomes the next pair at to. */
static enum rc
decode_pair(const char *segment, size_t len, char *to,
    const struct form_limits *limits, struct form_pair *pair, struct err *e)
{
	const char *equals;
	size_t name_len;
	long n;

	equals = memchr(segment, '=', len);
	name_len = equals != NULL ? (size_t)(equals - segment) : len;
	n = decode(segment, name_len, to);
	if (n < 0)
		return err_set(e, RC_INVALID, "bad_form",
		    "a '%%' in a field name lacks its two hex digits");
	if (memchr(to, '\0', (size_t)n) != NULL)
		return err_set(
		    e, RC_INVALID, "bad_form", "a field name holds a NUL byte");
	if ((size_t)n > limits->name)
		return err_set(e, RC_INVALID, "bad_form",
		    "a field name is longer than %zu bytes", limits->name);
	pair->name = to;
	pair->name_len = (size_t)n;
	to += n + 1;
	n = 0;
	to[0] = '\0';
	if (equals != NULL)
		n = decode(equals + 1, len - name_len - 1, to);
	if (n < 0)
		return err_set(e, RC_INVALID, "bad_form",
		    "a '%%' in a value lacks its two hex digits");
	if ((size_t)n > limits->value)
		return err_set(e, RC_INVALID, "bad_form",
		    "a value is longer than %zu bytes", limits->value);
	pair->value = to;
	pair->value_len = (size_t)n;
	return RC_OK;
}

enum rc
form_decode(struct arena *a, const char *bytes, size_t len,
    const struct form_limits *limits, struct form *out, struct err *e)
{
	size_t segments, segment;
	const char *and;
	char *to;
	enum rc rc;

	*out = (struct form){ .count = 0 };
	segments = count_segments(bytes, len);
	if (segments > limits->fields)
		segments = limits->fields + 1;
	out->pairs = arena_alloc(a, segments * sizeof(*out->pairs));
	/* Each segment shrinks or stays, and gains two NULs for '=' and '&'. */
	to = arena_alloc(a, len + 2 * segments);
	while (len > 0) {
		and = memchr(bytes, '&', len);
		segment = and != NULL ? (size_t)(and-bytes) : len;
		if (segment > 0) {
			if (out->count == limits->fields)
				return err_set(e, RC_INVALID, "bad_form",
				    "more than %zu fields", limits->fields);
			rc = decode_pair(bytes, segment, to, limits,
			    &out->pairs[out->count], e);
			if (rc != RC_OK)
				return rc;
			to += out->pairs[out->count].name_len +
			      out->pairs[out->count].value_len + 2;
			out->count++;
		}
		bytes += segment;
		len -= segment;
		if (len > 0) {
			bytes++;
			len--;
		}
	}
	return RC_OK;
}

const struct form_pair *
form_find(const struct form *form, const char *name)
{
	size_t len = strlen(name), i;

	for (i = 0; i < form->count; i++)
		if (form->pairs[i].name_len == len &&
		    memcmp(form->pairs[i].name, name, len) == 0)
			return &form->pairs[i];
	return NULL;
}

bool
form_is_repeated(const struct form *form, const char *name)
{
	const struct form_pair *first = form_find(form, name);
	struct form rest;

	if (first == NULL)
		return false;
	rest.pairs = form->pairs + (first - form->pairs) + 1;
	rest.count = form->count - (size_t)(first - form->pairs) - 1;
	return form_find(&rest, name) != NULL;
}

static enum rc
fill_repeated(struct arena *a, const struct form *form, const struct field *f,
    void *into, struct err *e)
{
	const struct form_pair *pair;
	size_t i;

	for (i = 0; i < form->count; i++) {
		pair = &form->pairs[i];
		if (strcmp(pair->name, f->name) != 0 || pair->value_len == 0)
			continue;
		if (f->parse(a, pair->value, pair->value_len,
			(char *)into + f->offset, e) != RC_OK)
			return err_wrap(e, "%s", f->name);
	}
	return RC_OK;
}

enum rc
form_fill(struct arena *a, const struct form *form, const struct field *fields,
    void *into, struct err *e)
{
	const struct form_pair *pair;
	const struct field *f;

	for (f = fields; f->name != NULL; f++) {
		if (f->need == REPEATED) {
			if (fill_repeated(a, form, f, into, e) != RC_OK)
				return e->rc;
			continue;
		}
		pair = form_find(form, f->name);
		if (form_is_repeated(form, f->name))
			return err_set(e, RC_INVALID, "repeated_field",
			    "%s is given more than once", f->name);
		if (pair == NULL || pair->value_len == 0) {
			if (f->need == REQUIRED)
				return err_set(e, RC_INVALID, "missing_field",
				    "%s is missing", f->name);
			continue;
		}
		if (f->parse(a, pair->value, pair->value_len,
			(char *)into + f->offset, e) != RC_OK)
			return err_wrap(e, "%s", f->name);
	}
	return RC_OK;
}

void
buf_add_form(struct buf *b, const char *name, const char *value)
{
	if (b->len > 0)
		buf_add_char(b, '&');
	buf_add_url(b, name, strlen(name));
	buf_add_char(b, '=');
	buf_add_url(b, value, strlen(value));
}
