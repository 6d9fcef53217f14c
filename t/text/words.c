#include "text/words.h"

#include "base/limits.h"
#include "t/tap.h"

/* count characters of three bytes each. */
static const char *
euros(struct arena *a, size_t count)
{
	char *s;
	size_t i;

	s = arena_alloc(a, 3 * count + 1);
	for (i = 0; i < 3 * count; i++)
		s[i] = "\xe2\x82\xac"[i % 3];
	return s;
}

static void
test_text(struct arena *a, const char *name, field_parser *parse, size_t most)
{
	/* Each of these structs is one pointer. */
	const char *text = NULL;
	struct err e;

	ok(parse(a, "Ana \xc3\x85s '\"\\%", 12, &text, &e) == RC_OK,
	    "%s: any text", name);
	is_str(text, "Ana \xc3\x85s '\"\\%", "... as it came");
	ok(parse(a, "abc", 2, &text, &e) == RC_OK, "... the length counts");
	is_str(text, "ab", "... and a NUL stands behind");
	ok(parse(a, "a\0b", 3, &text, &e) == RC_INVALID, "... but no NUL");
	ok(parse(a, "a\xff", 2, &text, &e) == RC_INVALID, "... UTF-8 only");
	ok(parse(a, "\xed\xa0\x80", 3, &text, &e) == RC_INVALID,
	    "... no surrogate");
	ok(parse(a, euros(a, most), 3 * most, &text, &e) == RC_OK,
	    "... of %zu characters", most);
	ok(parse(a, euros(a, most + 1), 3 * most + 3, &text, &e) == RC_INVALID,
	    "... and not one more");
	ok(strstr(e.text, "\xe2\x82\xac") == NULL, "... told without the text");
}

static void
test_page_size(struct arena *a)
{
	static const struct {
		const char *text;
		long size;
	} cases[] = {
		{ "1", 1 },
		{ "30", 30 },
		{ "200", 200 },
		{ "201", 200 },
		{ "0", 30 },
		{ "-1", 30 },
		{ "", 30 },
		{ "ten", 30 },
		{ "7x", 30 },
		{ " 7", 30 },
		{ "7.5", 30 },
		{ "007", 7 },
		{ "1e3", 30 },
		{ "99999999999999999999999999999999", 200 },
		{ "18446744073709551617", 200 },
		{ "0000000000000000000000000000000000000005", 5 },
	};
	struct err e;
	long size;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size = 0;
		ok(page_size_parse(a, cases[i].text, strlen(cases[i].text),
		       &size, &e) == RC_OK,
		    "PageSize '%s'", cases[i].text);
		is_int(size, cases[i].size, "... is %ld", cases[i].size);
	}
	ok(page_size_parse(a, "1\0002", 3, &size, &e) == RC_OK && size == 30,
	    "PageSize with a NUL is none");
}

static void
test_whole(struct arena *a)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "0", "0" },
		{ "30006", "30006" },
		{ "2147483647", "2147483647" },
		{ "2147483648", NULL },
		{ "9999999999", NULL },
		{ "99999999999999999999", NULL },
		{ "0000000000000000000007", "7" },
		{ "000", "0" },
		{ "-1", NULL },
		{ "+1", NULL },
		{ "1.0", NULL },
		{ " 1", NULL },
		{ "0x1", NULL },
		{ "null", NULL },
	};
	struct whole w;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w = (struct whole){ NULL, false };
		ok(whole_parse(a, cases[i].in, strlen(cases[i].in), &w, &e) ==
			RC_OK,
		    "'%s' is not refused", cases[i].in);
		is_str(w.text, cases[i].out, "... and is %s",
		    cases[i].out != NULL ? cases[i].out : "no number");
		ok(w.is_odd == (cases[i].out == NULL), "... which is told");
	}
}

static void
test_prose(struct arena *a)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out, *what;
	} cases[] = {
		{ "Hello\n\tInes", 11, "Hello\n\tInes", "plain text" },
		{ "\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80", "an emoji" },
		{ "a\0b", 3,
		    "a\xef\xbf\xbd"
		    "b",
		    "a NUL" },
		{ "\0", 1, "\xef\xbf\xbd", "nothing but a NUL" },
		{ "a\xff"
		  "b",
		    3,
		    "a\xef\xbf\xbd"
		    "b",
		    "a byte that is none" },
		{ "\xc3", 1, "\xef\xbf\xbd", "half a character" },
		{ "\xc3(", 2, "\xef\xbf\xbd(", "... and what follows stays" },
		{ "\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		    "a surrogate" },
	};
	struct prose p;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p.text = NULL;
		ok(prose_parse(a, cases[i].in, cases[i].len, &p, &e) == RC_OK,
		    "prose: %s", cases[i].what);
		is_str(p.text, cases[i].out, "... only the damage is mended");
	}
}

static void
test_raw(struct arena *a)
{
	struct raw raw = { NULL, 0 };
	struct err e;

	ok(raw_parse(a, "a\0\xff", 3, &raw, &e) == RC_OK && raw.len == 3 &&
		memcmp(raw.bytes, "a\0\xff", 4) == 0,
	    "raw: as it came, a NUL behind it");
}

static void
test_sid(void)
{
	ok(is_sid("AC0123456789abcdef0123456789ABCDEF", "AC"), "a SID");
	ok(!is_sid("AC0123456789abcdef0123456789ABCDEF", "SK"), "of another");
	ok(!is_sid("AC0123456789abcdef0123456789ABCDE", "AC"), "too short");
	ok(!is_sid("AC0123456789abcdef0123456789ABCDEF0", "AC"), "too long");
	ok(!is_sid("AC0123456789abcdeg0123456789ABCDEF", "AC"), "no hex");
	ok(!is_sid("ac0123456789abcdef0123456789ABCDEF", "AC"),
	    "small letters");
	ok(!is_sid("", "AC"), "nothing");
	ok(!is_sid("A", "AC"), "one letter");
}

int
main(void)
{
	struct arena *a;

	a = arena_new();
	test_text(a, "identity", identity_parse, LIMIT_IDENTITY);
	test_text(a, "customer id", customer_id_parse, LIMIT_CUSTOMER_ID);
	test_text(a, "query", query_parse, LIMIT_QUERY);
	test_text(a, "word", word_parse, LIMIT_WORD);
	test_page_size(a);
	test_whole(a);
	test_prose(a);
	test_raw(a);
	arena_free(a);
	test_sid();
	return done_testing();
}
