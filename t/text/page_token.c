#include "text/page_token.h"

#include <stdbool.h>

#include "base/utf8.h"
#include "t/random.h"
#include "t/tap.h"

/* Is it the same value there and back? */
static bool
survives(struct arena *a, const char *id, const char *sort)
{
	const struct page_token t = { id, sort };
	struct page_token back;
	const char *text;
	struct err e;

	text = page_token_format(a, &t);
	return page_token_parse(a, text, strlen(text), &back, &e) == RC_OK &&
	       strcmp(back.customer_id, id) == 0 &&
	       strcmp(back.sort_name, sort) == 0;
}

/* What starts no character becomes a letter. */
static void
make_valid(char *s)
{
	size_t n;

	for (; *s != '\0'; s += n) {
		n = utf8_next(s, strlen(s));
		if (n == 0) {
			*s = 'x';
			n = 1;
		}
	}
}

static void
test_round_trip(void)
{
	char id[64], sort[64];
	struct arena *a;
	size_t i, len, tried = 0, good = 0;

	a = arena_new();
	ok(survives(a, "1", "smith, john"), "there and back");
	ok(survives(a, "1", ""), "an empty sort key");
	ok(survives(a, "\xc3\xa5 '\"\\+/=&", "\xf0\x9f\x98\x80"),
	    "any characters");
	for (i = 0; i < 3000; i++) {
		len = 1 + random_below(sizeof(id) - 1);
		random_bytes(id, len);
		id[len] = '\0';
		random_bytes(sort, sizeof(sort));
		sort[random_below(sizeof(sort))] = '\0';
		make_valid(id);
		make_valid(sort);
		if (id[0] == '\0')
			continue;
		tried++;
		good += survives(a, id, sort);
		arena_reset(a);
	}
	ok(tried > 200, "%zu random texts", tried);
	is_int(good, tried, "... all there and back");
	arena_free(a);
}

static void
test_damage(void)
{
	const struct page_token t = { "cust-42", "\xc3\xa5gren, eva" };
	struct page_token back;
	char damaged[128];
	const char *text;
	size_t len, i, taken = 0, cut = 0;
	struct arena *a, *scratch;
	struct err e;
	int c;

	a = arena_new();
	scratch = arena_new();
	text = page_token_format(a, &t);
	len = strlen(text);
	for (i = 0; i < len; i++)
		for (c = 0; c < 256; c++) {
			if ((char)c == text[i])
				continue;
			memcpy(damaged, text, len + 1);
			damaged[i] = (char)c;
			taken += page_token_parse(
				     scratch, damaged, len, &back, &e) == RC_OK;
			arena_reset(scratch);
		}
	is_int(taken, 0, "a token with any one byte changed is refused");
	for (i = 0; i < len; i++) {
		cut += page_token_parse(scratch, text, i, &back, &e) == RC_OK;
		arena_reset(scratch);
	}
	is_int(cut, 0, "cut anywhere too");
	(void)snprintf(damaged, sizeof(damaged), "%sA", text);
	is_int(page_token_parse(a, damaged, len + 1, &back, &e), RC_INVALID,
	    "and one with more behind it");
	is_str(e.code, "bad_token", "as bad_token");
	arena_free(scratch);
	arena_free(a);
}

static void
test_foreign(void)
{
	static const char *const foreign[] = { "", "1", "MQ", "abc",
		"undefined", "MTIzNDU2Nzg5MA", "MQAAAAAAAAAA", "%20",
		"\xff\xff\xff\xff" };
	struct page_token back;
	struct arena *a;
	struct err e;
	size_t i;

	a = arena_new();
	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		is_int(page_token_parse(
			   a, foreign[i], strlen(foreign[i]), &back, &e),
		    RC_INVALID, "refused: foreign token %zu", i);
	arena_free(a);
}

int
main(void)
{
	test_round_trip();
	test_damage();
	test_foreign();
	return done_testing();
}
