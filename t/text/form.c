#include "text/form.h"

#include <stdint.h>
#include <time.h>

#include "base/limits.h"
#include "t/random.h"
#include "t/tap.h"
#include "text/words.h"

static const struct form_limits limits = { 256, 32768, 128 };

/* ---- decoding ---------------------------------------------------------- */

/* "name:value;name:value" with NULs shown as '0'. */
static const char *
show(const struct form *form, struct buf *b)
{
	size_t i, k;

	buf_clear(b);
	for (i = 0; i < form->count; i++) {
		if (i > 0)
			buf_add_char(b, ';');
		buf_add(b, form->pairs[i].name, form->pairs[i].name_len);
		buf_add_char(b, ':');
		buf_add(b, form->pairs[i].value, form->pairs[i].value_len);
	}
	for (k = 0; k < b->len; k++)
		if (b->bytes[k] == '\0')
			b->bytes[k] = '0';
	return b->bytes;
}

static void
test_decode(struct arena *a)
{
	static const struct {
		const char *body, *pairs, *what;
	} cases[] = {
		{ "", "", "nothing" },
		{ "&", "", "an empty segment" },
		{ "&&&", "", "several" },
		{ "a=1", "a:1", "one pair" },
		{ "a=1&b=2", "a:1;b:2", "two, as they arrive" },
		{ "&a=1&&b=2&", "a:1;b:2", "empty segments among them" },
		{ "a", "a:", "no '=': an empty value" },
		{ "a=", "a:", "an empty value" },
		{ "=", ":", "an empty name" },
		{ "=v", ":v", "an empty name with a value" },
		{ "a=b=c", "a:b=c", "the first '=' parts" },
		{ "a==", "a:=", "a value of '='" },
		{ "a+b=c+d", "a b:c d", "'+' is a blank" },
		{ "a%2Bb=%2b", "a+b:+", "an escaped '+' is none" },
		{ "a%20b", "a b:", "%20 is a blank" },
		{ "%3D=%26", "=:&", "escaped '=' and '&' part nothing" },
		{ "%41%6a=%6A", "Aj:j", "hex digits of both cases" },
		{ "a=%00b", "a:0b", "a NUL in a value" },
		{ "a=%C3%A9\xc3\xa9", "a:\xc3\xa9\xc3\xa9", "raw bytes stay" },
		{ "a=%ff", "a:\xff", "bytes that are no UTF-8 stay" },
		{ "a=1&a=2&a=1", "a:1;a:2;a:1", "repeated names are kept" },
		{ " a = b ", " a : b ", "nothing is trimmed" },
		{ "a;b=1", "a;b:1", "';' parts nothing" },
		{ "a=%2541", "a:%41", "decoded once" },
	};
	struct form form;
	struct buf b;
	struct err e;
	size_t i;

	buf_init(&b);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ok(form_decode(a, cases[i].body, strlen(cases[i].body), &limits,
		       &form, &e) == RC_OK,
		    "%s", cases[i].what);
		is_str(show(&form, &b), cases[i].pairs, "... its pairs");
	}
	ok(form_decode(a, "a=\0b&\0", 5, &limits, &form, &e) == RC_OK,
	    "a raw NUL in a value");
	is_str(show(&form, &b), "a:0b", "... its pairs");
	ok(form_decode(a, "a=xyz&b=1", 9, &limits, &form, &e) == RC_OK &&
		form.pairs[0].name[1] == '\0' && form.pairs[0].value[3] == '\0',
	    "names and values end in a NUL");
	buf_release(&b);
}

static void
test_refusals(struct arena *a)
{
	static const struct {
		const char *body;
		size_t len;
	} cases[] = {
		{ "%", 1 },
		{ "a=%", 3 },
		{ "a=%4", 4 },
		{ "a=%4&b=1", 8 },
		{ "a=%zz", 5 },
		{ "a=%4g", 5 },
		{ "a=%g4", 5 },
		{ "a=%%41", 6 },
		{ "%4=1", 4 },
		{ "a=1&%", 5 },
		{ "a=% 1", 5 },
		{ "a=%+1", 5 },
		{ "a=%-1", 5 },
		{ "a=%41", 4 }, /* the length cuts the escape */
		{ "a%00b=1", 7 },
		{ "a\0b=1", 5 },
	};
	struct form form;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ok(form_decode(a, cases[i].body, cases[i].len, &limits, &form,
		       &e) == RC_INVALID,
		    "refused: form number %zu", i);
		is_str(e.code, "bad_form", "... as bad_form");
	}
}

/* count pairs, each a name and a value of those lengths. */
static enum rc
decode_many(struct arena *a, const struct form_limits *l, size_t count,
    size_t name_len, size_t value_len, struct form *form)
{
	struct buf b;
	struct err e;
	enum rc rc;
	size_t i;

	buf_init(&b);
	for (i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(&b, '&');
		memset(buf_reserve(&b, name_len), 'n', name_len);
		b.len += name_len;
		buf_add_char(&b, '=');
		memset(buf_reserve(&b, value_len), 'v', value_len);
		b.len += value_len;
	}
	rc = form_decode(a, b.bytes, b.len, l, form, &e);
	buf_release(&b);
	return rc;
}

static void
test_limits(struct arena *a)
{
	static const struct form_limits small = { 3, 5, 128 };
	struct form form;
	struct err e;

	is_int(decode_many(a, &small, 3, 1, 5, &form), RC_OK, "at the limits");
	is_int(form.count, 3, "... all pairs");
	is_int(decode_many(a, &small, 4, 1, 5, &form), RC_INVALID,
	    "a field too many");
	is_int(decode_many(a, &small, 1, 1, 6, &form), RC_INVALID,
	    "a value too long");
	is_int(decode_many(a, &small, 1, LIMIT_FIELD_NAME, 1, &form), RC_OK,
	    "the longest name");
	is_int(decode_many(a, &small, 1, LIMIT_FIELD_NAME + 1, 1, &form),
	    RC_INVALID, "a name too long");
	ok(form_decode(a, "&&&&&&&&a=1&&&&&&", 17, &small, &form, &e) ==
		    RC_OK &&
		form.count == 1,
	    "empty segments are no fields");
	ok(form_decode(a, "a=%41%41%41%41%41", 17, &small, &form, &e) == RC_OK,
	    "the limit of a value counts decoded bytes");
}

static void
test_hostile(void)
{
	enum { SIZE = 65536 };
	clock_t from;
	struct arena *a;
	struct form form;
	struct err e;
	char *body;

	body = malloc(SIZE);
	a = arena_new();
	memset(body, '&', SIZE);
	from = clock();
	is_int(form_decode(a, body, SIZE, &limits, &form, &e), RC_OK,
	    "64 kB of '&' are an empty form");
	memset(body, '+', SIZE);
	is_int(form_decode(a, body, SIZE, &limits, &form, &e), RC_INVALID,
	    "64 kB of '+' are a name too long");
	memset(body, '=', SIZE);
	is_int(form_decode(a, body, SIZE, &limits, &form, &e), RC_INVALID,
	    "64 kB of '=' are a value too long");
	/*
	 * 20 ms is the promise; valgrind and sanitizers need more.  Processor
	 * time: others may be running as well.
	 */
	ok(clock() - from < 2 * CLOCKS_PER_SEC, "and it takes no time");
	arena_free(a);
	free(body);
}

/* What buf_add_form() wrote must be what is read. */
static void
test_round_trip(void)
{
	char name[20], value[60];
	struct arena *a;
	struct form form;
	struct buf b;
	struct err e;
	size_t i, len, good = 0;

	a = arena_new();
	buf_init(&b);
	for (i = 0; i < 3000; i++) {
		len = 1 + random_below(sizeof(name) - 1);
		random_bytes(name, len);
		name[len - 1] = '\0';
		len = 1 + random_below(sizeof(value) - 1);
		random_bytes(value, len);
		value[len - 1] = '\0';
		buf_clear(&b);
		buf_add_form(&b, name, value);
		buf_add_form(&b, "x", "1 +");
		good += form_decode(a, b.bytes, b.len, &limits, &form, &e) ==
			    RC_OK &&
			form.count == 2 &&
			strcmp(form.pairs[0].name, name) == 0 &&
			strcmp(form.pairs[0].value, value) == 0 &&
			strcmp(form.pairs[1].value, "1 +") == 0;
		arena_reset(a);
	}
	is_int(good, 3000, "what is written is what is read");
	buf_clear(&b);
	buf_add_form(&b, "a b", "1&2");
	buf_add_form(&b, "c", "");
	is_str(b.bytes, "a%20b=1%262&c=", "percent-encoded, '&' between");
	buf_release(&b);
	arena_free(a);
}

/* ---- filling ----------------------------------------------------------- */

struct wanted {
	struct identity worker;
	long size;
	struct query query;
};

#define FIELD_OF struct wanted
static const struct field fields[] = {
	FIELD(worker, struct identity, identity_parse, "Worker", REQUIRED),
	FIELD(size, long, page_size_parse, "PageSize", OPTIONAL),
	FIELD(query, struct query, query_parse, "Query", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

/* The code of the failure, or NULL. */
static const char *
fill(struct arena *a, const char *body, struct wanted *w, struct err *e)
{
	struct form form;

	memset(w, 0, sizeof(*w));
	if (form_decode(a, body, strlen(body), &limits, &form, e) != RC_OK ||
	    form_fill(a, &form, fields, w, e) != RC_OK)
		return e->code;
	return NULL;
}

static void
test_fill(struct arena *a)
{
	struct wanted w;
	struct err e;

	is_str(fill(a, "Other=1&PageSize=7&Worker=ana&Other=2", &w, &e), NULL,
	    "fields in any order, others among them, even twice");
	is_str(w.worker.text, "ana", "... a text");
	is_int(w.size, 7, "... a number");
	is_str(w.query.text, NULL, "... one that is missing");
	is_str(fill(a, "PageSize=7", &w, &e), "missing_field",
	    "a required field is missing");
	is_str(e.text, "Worker is missing", "... and named");
	is_str(fill(a, "Worker=", &w, &e), "missing_field",
	    "an empty value counts as missing");
	is_str(fill(a, "Worker=ana&Query=", &w, &e), NULL,
	    "also of an optional field");
	is_str(w.query.text, NULL, "... which stays unset");
	is_str(fill(a, "Worker=a&Worker=b", &w, &e), "repeated_field",
	    "a field that stands there twice");
	is_str(fill(a, "Worker=a&Worker=a", &w, &e), "repeated_field",
	    "even if alike");
	is_str(fill(a, "Worker=a&Worker=", &w, &e), "repeated_field",
	    "even if one is empty");
	is_str(fill(a, "worker=ana", &w, &e), "missing_field",
	    "names are compared with their case");
	is_str(fill(a, "Worker=a%00b", &w, &e), "bad_field",
	    "a value that does not parse");
	is_str(e.text, "Worker: holds a NUL byte", "... and named");
}

static void
test_find(struct arena *a)
{
	static const char body[] = "ab=1&a=2&abc=3&a=4";
	struct form form;
	struct err e;

	if (form_decode(a, body, strlen(body), &limits, &form, &e) != RC_OK)
		return;
	is_str(form_find(&form, "a")->value, "2", "the first of that name");
	ok(form_find(&form, "b") == NULL, "none of another");
	ok(form_is_repeated(&form, "a"), "a name that is repeated");
	ok(!form_is_repeated(&form, "ab"), "one that starts another is not");
	ok(!form_is_repeated(&form, "zz"), "nor one that is not there");
}

int
main(void)
{
	struct arena *a;

	a = arena_new();
	test_decode(a);
	test_refusals(a);
	test_limits(a);
	test_fill(a);
	test_find(a);
	arena_free(a);
	test_hostile();
	test_round_trip();
	return done_testing();
}
