#include "peer/twilio_signature.h"

#include "t/tap.h"

static const struct form_limits limits = { 256, 32768, 128 };

static void
signing_for(struct twilio_signing *s, struct arena *a, const char *url,
    const char *token)
{
	struct base_url base;
	struct err e;

	if (base_url_parse(a, url, &base, &e) != RC_OK)
		diag("%s: %s", url, e.text);
	twilio_signing_init(s, a, &base);
	if (token != NULL)
		twilio_signing_add_token(s, a, token, strlen(token));
}

static const struct form *
decode(struct arena *a, const char *body)
{
	struct form *form;
	struct err e;

	form = arena_alloc(a, sizeof(*form));
	if (form_decode(a, body, strlen(body), &limits, form, &e) != RC_OK)
		diag("%s: %s", body, e.text);
	return form;
}

static bool
is_valid(const struct twilio_signing *s, struct arena *a, const char *target,
    const char *body, const char *signature)
{
	return twilio_signature_is_valid(s, a, target,
	    body != NULL ? decode(a, body) : NULL, signature,
	    strlen(signature));
}

/* The worked example of Twilio's "Security" page. */
static const char doc_signature[] = "L/OH5YylLD5NRKLltdqwSvS0BnU=";
static const char doc_target[] = "/myapp.php?foo=1&bar=2";
static const char doc_body[] =
    "To=%2B18005551212&From=%2B14158675310&Digits=1234"
    "&CallSid=CA1234567890ABCDE&Caller=%2B14158675310";

static void
test_documented(struct arena *a)
{
	char changed[SHA1_BASE64_LEN + 1];
	struct twilio_signing s;
	size_t i, taken = 0;
	int c;

	signing_for(&s, a, "https://example.com", "12345");
	ok(is_valid(&s, a, doc_target, doc_body, doc_signature),
	    "the documented example");
	for (i = 0; i < SHA1_BASE64_LEN; i++)
		for (c = 1; c < 256; c += 5) {
			memcpy(changed, doc_signature, sizeof(changed));
			if (changed[i] == (char)c)
				continue;
			changed[i] = (char)c;
			taken += is_valid(&s, a, doc_target, "", changed);
			taken += twilio_signature_is_valid(&s, a, doc_target,
			    decode(a, doc_body), changed, SHA1_BASE64_LEN);
		}
	is_int(taken, 0, "any byte of the signature changed");
	for (i = 0; i < SHA1_BASE64_LEN; i++)
		taken += twilio_signature_is_valid(
		    &s, a, doc_target, decode(a, doc_body), doc_signature, i);
	is_int(taken, 0, "the signature cut anywhere");
	ok(!twilio_signature_is_valid(&s, a, doc_target, decode(a, doc_body),
	       "L/OH5YylLD5NRKLltdqwSvS0BnU= ", SHA1_BASE64_LEN + 1),
	    "or longer");
	ok(!is_valid(&s, a, "/myapp.php?foo=1", doc_body, doc_signature),
	    "another query");
	ok(!is_valid(&s, a, "/Myapp.php?foo=1&bar=2", doc_body, doc_signature),
	    "another path");
	ok(!is_valid(&s, a, doc_target, "Digits=1234", doc_signature),
	    "another form");
	ok(!is_valid(&s, a, doc_target, NULL, doc_signature), "no form");
}

static void
test_tokens(struct arena *a)
{
	static const char url[] = "https://example.com";
	char with_old[SHA1_BASE64_LEN + 1], with_new[SHA1_BASE64_LEN + 1];
	const struct form *form = decode(a, "a=1");
	struct twilio_signing old, new, both, none;

	signing_for(&old, a, url, "old");
	signing_for(&new, a, url, "new");
	signing_for(&both, a, url, "old");
	twilio_signing_add_token(&both, a, "new", 3);
	signing_for(&none, a, url, NULL);
	twilio_sign(&old, a, "/x", form, with_old);
	twilio_sign(&new, a, "/x", form, with_new);
	ok(is_valid(&both, a, "/x", "a=1", with_old), "the first token");
	ok(is_valid(&both, a, "/x", "a=1", with_new), "the second");
	ok(!is_valid(&old, a, "/x", "a=1", with_new), "a foreign one");
	ok(!is_valid(&none, a, "/x", "a=1", with_old), "no token accepts none");
	twilio_sign(&both, a, "/x", form, with_new);
	is_str(with_new, with_old, "the first token is the one to sign with");
}

static void
test_urls(struct arena *a)
{
	static const struct {
		const char *ours, *signed_by;
		bool valid;
	} cases[] = {
		{ "https://h.example", "https://h.example", true },
		{ "https://h.example", "https://h.example:443", true },
		{ "https://h.example", "https://h.example:80", false },
		{ "https://h.example", "https://h.example:8443", false },
		{ "https://h.example:8443", "https://h.example:8443", true },
		{ "https://h.example:8443", "https://h.example", true },
		{ "https://h.example:8443", "https://h.example:443", false },
		{ "https://h.example:443", "https://h.example", true },
		{ "http://127.0.0.1", "http://127.0.0.1:80", true },
		{ "http://127.0.0.1", "https://127.0.0.1", false },
		{ "https://[2001:db8::1]", "https://[2001:db8::1]:443", true },
		{ "https://[2001:db8::1]:1", "https://[2001:db8::1]", true },
		{ "https://h.example/p", "https://h.example:443/p", true },
		{ "https://h.example/p", "https://h.example", false },
		{ "https://h.example", "https://i.example", false },
	};
	char signature[SHA1_BASE64_LEN + 1];
	struct twilio_signing ours, theirs;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		signing_for(&ours, a, cases[i].ours, "12345");
		signing_for(&theirs, a, cases[i].signed_by, "12345");
		twilio_sign(&theirs, a, "/x?y=1", decode(a, "a=1"), signature);
		is_int(is_valid(&ours, a, "/x?y=1", "a=1", signature),
		    cases[i].valid, "%s signed as %s", cases[i].ours,
		    cases[i].signed_by);
	}
}

/* Signatures that are equal although the forms are not, and the reverse. */
static void
test_forms(struct arena *a)
{
	static const struct {
		const char *one, *other;
		bool same;
		const char *what;
	} cases[] = {
		{ "a=1&b=2", "b=2&a=1", true, "order does not count" },
		{ "a=1&a=1", "a=1", true, "nor does a repetition" },
		{ "a=1&a=2", "a=2&a=1", true, "nor the order of values" },
		{ "a=1&a=2", "a=1", false, "each value counts" },
		{ "a=+", "a=%20", true, "both blanks are one" },
		{ "a=%2B", "a=+", false, "and no plus" },
		{ "a=&b=", "a&b", true, "an empty value, with or without '='" },
		{ "a=", "", false, "which counts" },
		{ "a=bc", "ab=c", true, "no boundary is signed (S6)" },
		{ "a=1", "A=1", false, "case counts" },
		{ "a=1&b=1", "a=1", false, "a value under two names" },
		{ "M1=x&M10=y&M2=z", "M2=z&M10=y&M1=x", true, "M1 M10 M2" },
	};
	char one[SHA1_BASE64_LEN + 1], other[SHA1_BASE64_LEN + 1];
	struct twilio_signing s;
	size_t i;

	signing_for(&s, a, "https://example.com", "12345");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		twilio_sign(&s, a, "/", decode(a, cases[i].one), one);
		twilio_sign(&s, a, "/", decode(a, cases[i].other), other);
		is_int(strcmp(one, other) == 0, cases[i].same, "%s",
		    cases[i].what);
	}
	twilio_sign(&s, a, "/", NULL, one);
	twilio_sign(&s, a, "/", decode(a, ""), other);
	is_str(one, other, "no form signs as an empty one");
}

/* ---- bodies that are no forms ------------------------------------------ */

static void
test_bodies(struct arena *a)
{
	static const char json[] = "{\"a\":1}";
	static const struct {
		const char *before, *after;
		bool valid, hash;
		const char *what;
	} cases[] = {
		{ "/x?bodySHA256=", "", true, true, "the hash alone" },
		{ "/x?a=1&bodySHA256=", "&b=2", true, true, "among others" },
		{ "/x?", "", false, true, "without its name" },
		{ "/x?xbodySHA256=", "", false, true, "under another name" },
		{ "/x?bodySHA256=", "0", false, true, "too long" },
		{ "/x?bodySHA256=0", "", false, true, "shifted" },
		{ "/bodySHA256=", "", false, true, "in the path" },
		{ "/x?a=?bodySHA256=", "", false, true, "in a value" },
		{ "/x?bodySHA256", "", false, false, "a name without it" },
		{ "/x?bodySHA256=", "", false, false, "an empty one" },
		{ "/x?bodySHA256=&bodySHA256=", "", false, true, "twice" },
		{ "/x", "", false, false, "none" },
	};
	const struct span body = { json, sizeof(json) - 1 };
	const struct span longer = { json, sizeof(json) };
	char hex[SHA256_HEX_LEN + 1], signature[SHA1_BASE64_LEN + 1];
	struct twilio_signing s;
	struct buf target;
	size_t i;

	sha256_hex(body.bytes, body.len, hex);
	signing_for(&s, a, "https://example.com", "12345");
	buf_init(&target);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&target);
		buf_addf(&target, "%s%s%s", cases[i].before,
		    cases[i].hash ? hex : "", cases[i].after);
		twilio_sign(&s, a, target.bytes, NULL, signature);
		is_int(twilio_body_signature_is_valid(&s, a, target.bytes,
			   &body, signature, strlen(signature)),
		    cases[i].valid, "bodySHA256: %s", cases[i].what);
	}
	buf_clear(&target);
	buf_addf(&target, "/x?bodySHA256=%s", hex);
	twilio_sign(&s, a, target.bytes, NULL, signature);
	ok(!twilio_body_signature_is_valid(
	       &s, a, target.bytes, &longer, signature, strlen(signature)),
	    "another body");
	signature[3] ^= 1;
	ok(!twilio_body_signature_is_valid(
	       &s, a, target.bytes, &body, signature, strlen(signature)),
	    "another signature");
	for (i = 0; i < SHA256_HEX_LEN; i++)
		if (hex[i] >= 'a')
			hex[i] = (char)(hex[i] - 'a' + 'A');
	buf_clear(&target);
	buf_addf(&target, "/x?bodySHA256=%s", hex);
	twilio_sign(&s, a, target.bytes, NULL, signature);
	ok(!twilio_body_signature_is_valid(
	       &s, a, target.bytes, &body, signature, strlen(signature)),
	    "a hash in capitals");
	buf_release(&target);
}

int
main(void)
{
	struct arena *a;

	a = arena_new();
	test_documented(a);
	test_tokens(a);
	test_urls(a);
	test_forms(a);
	test_bodies(a);
	arena_free(a);
	return done_testing();
}
