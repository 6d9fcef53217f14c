#include "text/link.h"

#include "t/tap.h"

static struct arena *arena;
static struct link l;

static const char *const wrong[] = { "", "/x", "//x/y", "ftp://x.com/",
	"https://", "https:///x", "https://user@x.com/", "https://x.com:/",
	"https://x.com:4a/", "https://x.com:123456/", "https://x.com/#a",
	"https://x.com\\@evil.com/", "https://x.com/a b",
	"https://x.com/\r\nA:", "https://.x.com/", "https://x..com/",
	"https://-x.com/", "https://x.com?a", "https://x.com/\"",
	"https://x%2ecom/", "https://\xc3\xbc.com/", "https://[::1]/",
	"javascript:alert(1)" };

static void
test_parse(void)
{
	size_t i;

	ok(link_parse(arena, "https://API.Example.com:8443/a/b?c=%2F", &l),
	    "a link");
	ok(l.is_https, "of https");
	is_str(l.host, "api.example.com", "its host in small letters");
	is_str(l.port, "8443", "its port");
	is_str(l.target, "/a/b?c=%2F", "its path and query as they are");
	ok(link_parse(arena, "http://127.0.0.1", &l) && !l.is_https &&
		l.port == NULL,
	    "as little as that");
	is_str(l.target, "/", "has a path");
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!link_parse(arena, wrong[i], &l), "'%s' is none", wrong[i]);
}

static bool
may_follow(const char *base, const char *hosts, const char *text)
{
	struct base_url b;
	struct err e;

	if (base_url_parse(arena, base, &b, &e) != RC_OK)
		diag("%s", e.text);
	return link_parse(arena, text, &l) &&
	       link_may_be_followed(&l, &b, hosts);
}

static void
test_follow(void)
{
	static const char base[] = "https://api.twilio.com";
	static const char local[] = "http://127.0.0.1:8080";
	static const char hosts[] = "twiliocdn.com s3-1.amazonaws.com";

	ok(may_follow(base, hosts, "https://twiliocdn.com/x"), "the host");
	ok(may_follow(base, hosts, "https://mms.twiliocdn.com/x"),
	    "and one below it");
	ok(may_follow(base, hosts, "https://s3-1.amazonaws.com:443/x"),
	    "and the other");
	ok(!may_follow(base, hosts, "https://eviltwiliocdn.com/x"),
	    "not one that ends alike");
	ok(!may_follow(base, hosts, "https://twiliocdn.com.evil.com/x"),
	    "not one that begins alike");
	ok(!may_follow(base, hosts, "https://amazonaws.com/x"),
	    "not the one above");
	ok(!may_follow(base, hosts, "https://mms.twiliocdn.com:22/x"),
	    "not another port");
	ok(!may_follow(base, hosts, "http://mms.twiliocdn.com/x"),
	    "not in clear");
	ok(!may_follow(base, hosts, "https://api.twilio.com/x"),
	    "not what nobody named");
	ok(!may_follow(base, NULL, "https://mms.twiliocdn.com/x"),
	    "nowhere when nobody is named");
	ok(may_follow(local, hosts, "http://127.0.0.1:9090/x"),
	    "in clear on this machine, from there");
	ok(!may_follow(local, hosts, "http://127.0.0.2:9090/x"),
	    "to the same address alone");
}

static void
test_below(void)
{
	struct base_url b;
	struct err e;

	ok(base_url_parse(arena, "https://api.example.com/v1", &b, &e) == RC_OK,
	    "a base");
	ok(link_parse(arena, "https://api.example.com/v1/x", &l) &&
		link_is_below(&l, &b),
	    "a link below it");
	ok(link_parse(arena, "https://api.example.com/v12/x", &l) &&
		!link_is_below(&l, &b),
	    "another path");
	ok(link_parse(arena, "https://api.example.com:444/v1/x", &l) &&
		!link_is_below(&l, &b),
	    "another port");
	ok(link_parse(arena, "http://api.example.com/v1/x", &l) &&
		!link_is_below(&l, &b),
	    "another scheme");
}

int
main(void)
{
	arena = arena_new();
	test_parse();
	test_follow();
	test_below();
	arena_free(arena);
	return done_testing();
}
