/* jansson says what JSON is, and reads back what was written. */
#include "text/json_out.h"

#include <jansson.h>
#include <stdbool.h>

#include "base/utf8.h"
#include "t/random.h"
#include "t/tap.h"

/* Does jansson read it as these bytes? */
static bool
reads_as(const struct buf *b, const char *bytes, size_t len)
{
	json_t *value;
	bool same;

	value = json_loadb(
	    b->bytes, b->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	same = json_is_string(value) && json_string_length(value) == len &&
	       memcmp(json_string_value(value), bytes, len) == 0;
	json_decref(value);
	return same;
}

/* Every byte that starts no character becomes U+FFFD. */
static void
repair(const char *in, size_t len, struct buf *out)
{
	size_t i = 0, n;

	buf_clear(out);
	while (i < len) {
		n = utf8_next(in + i, len - i);
		if (n == 0)
			buf_add_str(out, "\xef\xbf\xbd");
		else
			buf_add(out, in + i, n);
		i += n == 0 ? 1 : n;
	}
}

static void
test_each_byte(void)
{
	struct buf b, want;
	size_t good = 0;
	char in[3] = "a b";
	int c;

	buf_init(&b);
	buf_init(&want);
	for (c = 0; c < 256; c++) {
		in[1] = (char)c;
		buf_clear(&b);
		buf_add_json(&b, in, sizeof(in));
		repair(in, sizeof(in), &want);
		good += reads_as(&b, want.bytes, want.len);
	}
	is_int(good, 256, "each byte between two others");
	buf_release(&b);
	buf_release(&want);
}

static void
test_random(void)
{
	struct buf b, want;
	char in[100];
	size_t i, len, good = 0;

	buf_init(&b);
	buf_init(&want);
	for (i = 0; i < 20000; i++) {
		len = random_below(sizeof(in));
		random_bytes(in, len);
		buf_clear(&b);
		buf_add_json(&b, in, len);
		repair(in, len, &want);
		good += reads_as(&b, want.bytes, want.len) &&
			memchr(b.bytes, '\n', b.len) == NULL;
	}
	is_int(good, 20000, "random bytes, repaired where they are no UTF-8");
	buf_release(&b);
	buf_release(&want);
}

static void
test_known(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "\"\\/\n\r\t", "\"\\\"\\\\/\\n\\r\\t\"" },
		{ "\x01\x1f", "\"\\u0001\\u001f\"" },
		{ "\xc3\xa9\xe2\x82\xac", "\"\xc3\xa9\xe2\x82\xac\"" },
		{ "a\xc3", "\"a\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	};
	struct buf b;
	size_t i;

	buf_init(&b);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		buf_add_json(&b, cases[i].in, strlen(cases[i].in));
		is_str(b.bytes, cases[i].out, "string number %zu", i);
	}
	buf_add_json(&b, "x", 1);
	ok(strstr(b.bytes, "\"\"x\"") != NULL, "appended to what was there");
	buf_release(&b);
}

int
main(void)
{
	test_known();
	test_each_byte();
	test_random();
	return done_testing();
}
