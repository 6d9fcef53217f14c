#include "text/url.h"

#include "t/tap.h"

static void
test_parse(struct arena *a)
{
	static const struct {
		const char *url, *text, *scheme, *host, *port, *path;
	} good[] = {
		{ "https://example.com", "https://example.com", "https",
		    "example.com", NULL, "" },
		{ "https://example.com/", "https://example.com", "https",
		    "example.com", NULL, "" },
		{ "https://example.com:8443/a/b//",
		    "https://example.com:8443/a/b", "https", "example.com",
		    "8443", "/a/b" },
		{ "https://[2001:db8::1]:1/x", "https://[2001:db8::1]:1/x",
		    "https", "[2001:db8::1]", "1", "/x" },
		{ "https://[::1]", "https://[::1]", "https", "[::1]", NULL,
		    "" },
		{ "http://localhost:80/p", "http://localhost:80/p", "http",
		    "localhost", "80", "/p" },
		{ "http://127.0.0.1:8080", "http://127.0.0.1:8080", "http",
		    "127.0.0.1", "8080", "" },
		{ "http://[::1]:8080", "http://[::1]:8080", "http", "[::1]",
		    "8080", "" },
		{ "https://a_b-c.example/p:1", "https://a_b-c.example/p:1",
		    "https", "a_b-c.example", NULL, "/p:1" },
	};
	struct base_url u;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ok(base_url_parse(a, good[i].url, &u, &e) == RC_OK, "%s",
		    good[i].url);
		is_str(u.text, good[i].text, "... its text");
		is_str(u.scheme, good[i].scheme, "... its scheme");
		is_str(u.host, good[i].host, "... its host");
		is_str(u.port, good[i].port, "... its port");
		is_str(u.path, good[i].path, "... its path");
	}
}

static void
test_refusals(struct arena *a)
{
	static const char *const bad[] = { "", "example.com", "//example.com",
		"ftp://example.com", "HTTPS://example.com", "https:example.com",
		"https://", "https:///", "https:///path", "https://:8443",
		"https://user@example.com", "https://u:p@example.com",
		"https://example.com?x", "https://example.com/#f",
		"https://example.com/a b", "https://example.com/\x7f",
		"https://example.com/\xc3\xa9", "https://Example.com",
		"https://ex\xc3\xa9mple.com",
		"https://example.com:", "https://example.com:x",
		"https://example.com:8443x", "https://example.com:08443",
		"https://example.com:123456", "https://example.com:-1",
		"https://[::1", "https://[::1]x",
		"https://[::1]:", "https://a'b", "https://a\"b", "https://a\\b",
		"https://a%41", "http://example.com", "http://128.0.0.1",
		"http://localhost.example.com", "http://[::2]",
		"http://1.127.0.0" };
	struct base_url u;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e.text[0] = '\0';
		ok(base_url_parse(a, bad[i], &u, &e) == RC_INVALID &&
			e.text[0] != '\0',
		    "refused: number %zu, %s", i, e.text);
	}
}

static void
test_escape(void)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "-._~";
	struct buf b;
	char c, want[8];
	size_t good = 0;
	int i;

	buf_init(&b);
	for (i = 0; i < 256; i++) {
		c = (char)i;
		buf_clear(&b);
		buf_add_url(&b, &c, 1);
		if (i != 0 && strchr(plain, i) != NULL)
			(void)snprintf(want, sizeof(want), "%c", i);
		else
			(void)snprintf(want, sizeof(want), "%%%02X", i);
		good += strcmp(b.bytes, want) == 0;
	}
	is_int(good, 256, "each byte is itself or %%HH");
	buf_clear(&b);
	buf_add_url(&b, "a b\0\xc3\xa9", 6);
	is_str(b.bytes, "a%20b%00%C3%A9", "a string, and what stood before");
	buf_release(&b);
}

int
main(void)
{
	struct arena *a;

	a = arena_new();
	test_parse(a);
	test_refusals(a);
	arena_free(a);
	test_escape();
	return done_testing();
}
