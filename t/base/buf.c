#include "base/buf.h"

#include <stdbool.h>

#include "t/tap.h"

static void
test_start(void)
{
	struct buf b;

	buf_init(&b);
	is_str(b.bytes, "", "a new buffer is an empty string");
	buf_clear(&b);
	is_str(b.bytes, "", "and may be cleared");
	buf_add(&b, NULL, 0);
	is_int(b.len, 0, "nothing may be added");
	buf_release(&b);
	buf_release(&b);
	is_str(b.bytes, "", "a released one is empty again");
	buf_add_str(&b, "x");
	is_str(b.bytes, "x", "and may be used again");
	buf_release(&b);
}

static void
test_add(void)
{
	struct buf b;

	buf_init(&b);
	buf_add_str(&b, "ab");
	buf_add_char(&b, 'c');
	buf_addf(&b, "-%d-%s", 7, "x");
	buf_add(&b, "\0y", 2);
	is_int(b.len, 9, "the length counts a NUL inside");
	ok(memcmp(b.bytes, "abc-7-x\0y", 10) == 0, "the bytes in their order");
	buf_truncate(&b, 3);
	is_str(b.bytes, "abc", "cut back");
	buf_addf(&b, "%s", "");
	is_str(b.bytes, "abc", "a format that gives nothing");
	buf_clear(&b);
	is_str(b.bytes, "", "cleared");
	buf_release(&b);
}

static void
test_growth(void)
{
	struct buf b;
	bool terminated = true;
	size_t i, good = 0;

	buf_init(&b);
	for (i = 0; i < 5000; i++) {
		buf_add_char(&b, (char)('a' + i % 26));
		terminated = terminated && b.bytes[b.len] == '\0';
	}
	for (i = 0; i < 5000; i++)
		good += b.bytes[i] == (char)('a' + i % 26);
	is_int(good, 5000, "5000 bytes one by one");
	ok(terminated, "terminated after each");
	buf_clear(&b);
	buf_addf(&b, "%4000d", 1);
	is_int(b.len, 4000, "a long format");
	memset(buf_reserve(&b, 3000), 'z', 3000);
	b.len += 3000;
	buf_add_char(&b, '!');
	is_str(b.bytes + 6999, "z!", "reserved room is filled by hand");
	buf_release(&b);
}

int
main(void)
{
	test_start();
	test_add();
	test_growth();
	return done_testing();
}
