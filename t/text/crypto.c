#include "text/crypto.h"

#include "t/random.h"
#include "t/tap.h"

static void
test_hmac(void)
{
	static const char block[] =
	    "Test Using Larger Than Block-Size Key and Larger Than One "
	    "Block-Size Data";
	char key[80], data[50], out[SHA1_BASE64_LEN + 1];
	const struct span three[] = { { "what do ya ", 11 }, { "", 0 },
		{ "want for nothing?", 17 } };
	const struct span jefe = { "what do ya want for nothing?", 28 };
	const struct span hi = { "Hi There", 8 };
	const struct span dd = { data, sizeof(data) };
	const struct span larger = { block, sizeof(block) - 1 };
	struct hmac_key *k;
	struct arena *a;

	/* RFC 2202, section 3, cases 1, 2, 3 and 7. */
	a = arena_new();
	memset(key, 0x0b, 20);
	hmac_sha1_base64(hmac_sha1_key(a, key, 20), &hi, 1, out);
	is_str(out, "thcxhlUFcmTii8C2+zeMjvFGvgA=", "RFC 2202, case 1");
	k = hmac_sha1_key(a, "Jefe", 4);
	hmac_sha1_base64(k, &jefe, 1, out);
	is_str(out, "7/zfauXrL6LSdBbV8YTfnCWafHk=", "RFC 2202, case 2");
	memset(key, 0xaa, sizeof(key));
	memset(data, 0xdd, sizeof(data));
	hmac_sha1_base64(hmac_sha1_key(a, key, 20), &dd, 1, out);
	is_str(out, "El1zQrmsEc2Ro5r0iqF7T2PxddM=", "RFC 2202, case 3");
	hmac_sha1_base64(hmac_sha1_key(a, key, 80), &larger, 1, out);
	is_str(out, "6OmdD0UjfXhta7qnllx4CLv/GpE=", "RFC 2202, case 7");
	hmac_sha1_base64(k, three, 3, out);
	is_str(out, "7/zfauXrL6LSdBbV8YTfnCWafHk=",
	    "the same in parts, with the key used before");
	hmac_sha1_base64(hmac_sha1_key(a, "", 0), NULL, 0, out);
	is_str(out, "+9sdGxiqbAgyS31ktx+3Y3BpDh0=", "no key and no data");
	arena_free(a);
}

static void
test_hmac_sha256(void)
{
	const struct span parts[] = { { "what do ya ", 11 },
		{ "want for nothing?", 17 } };
	char key[20], out[SHA256_BASE64_LEN + 1];
	unsigned char mac[SHA256_LEN];
	const struct span hi = { "Hi There", 8 };
	struct hmac_key *k;
	struct arena *a;

	/* RFC 4231, cases 1 and 2. */
	a = arena_new();
	memset(key, 0x0b, sizeof(key));
	hmac_sha256_base64(hmac_sha256_key(a, key, sizeof(key)), &hi, 1, out);
	is_str(out,
	    "sDRMYdjbOFNcqK/OrwvxK4gdwgDJgz2nJuk3bC4yz/c=", "RFC 4231, case 1");
	k = hmac_sha256_key(a, "Jefe", 4);
	hmac_sha256_base64(k, parts, 2, out);
	is_str(out, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=",
	    "RFC 4231, case 2, in parts");
	hmac_sha256(k, parts, 2, mac);
	is_int(mac[0], 0x5b, "and as bytes");
	is_int(mac[31], 0x43, "to the end");
	arena_free(a);
}

static void
test_sha256(void)
{
	char hex[SHA256_HEX_LEN + 1];

	sha256_hex("abc", 3, hex);
	is_str(hex,
	    "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad",
	    "SHA-256 of abc (FIPS 180-2)");
	sha256_hex("", 0, hex);
	is_str(hex,
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855",
	    "of nothing");
	sha256_hex("a\0b", 3, hex);
	is_str(hex,
	    "59b271ae1bbcb1d31d41929817f4b16f"
	    "b439eb4f31520b5ad1d5ce98920a7138",
	    "of bytes with a NUL");
}

static void
test_equal(void)
{
	char left[40], right[40];
	size_t i, seen = 0;

	memset(left, 'a', sizeof(left));
	memset(right, 'a', sizeof(right));
	ok(bytes_are_equal(left, right, sizeof(left)), "equal bytes");
	ok(bytes_are_equal(left, "b", 0), "none are equal to none");
	for (i = 0; i < sizeof(left); i++) {
		right[i] = 'b';
		seen += !bytes_are_equal(left, right, sizeof(left));
		right[i] = 'a';
	}
	is_int(seen, sizeof(left), "a difference is seen wherever it is");
}

/* ---- base64url --------------------------------------------------------- */

static void
test_base64url_known(struct arena *a)
{
	/* RFC 4648, section 10, and the two letters of section 5. */
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{ "", "" },
		{ "f", "Zg" },
		{ "fo", "Zm8" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "-_-_" },
	};
	const char *back;
	size_t i, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_str(
		    base64url_encode(a, cases[i].bytes, strlen(cases[i].bytes)),
		    cases[i].text, "'%s' encoded", cases[i].text);
		back = base64url_decode(
		    a, cases[i].text, strlen(cases[i].text), &len);
		ok(back != NULL && len == strlen(cases[i].bytes) &&
			memcmp(back, cases[i].bytes, len + 1) == 0,
		    "'%s' decoded", cases[i].text);
	}
}

static void
test_base64url_strict(struct arena *a)
{
	static const char *const refused[] = { "Z", "Zg==", "Zg=", "Zm8=", "Zh",
		"Zm9", "Zm9vY", " Zm9v", "Zm9v ", "Zm9v\n", "Zm 9v", "Zm9v\r\n",
		"+/+/", "Zm9v====", "Zm\xc3\xa9", "Zm9!", "=" };
	size_t i, len;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ok(base64url_decode(a, refused[i], strlen(refused[i]), &len) ==
			NULL,
		    "refused: base64url number %zu", i);
	ok(base64url_decode(a, "Zm\0v", 4, &len) == NULL, "refused: a NUL");
}

static void
test_base64url_round_trip(void)
{
	char bytes[200], text[4];
	const char *back;
	struct arena *a;
	size_t i, k, len, same = 0, canonical = 0, taken = 0;

	a = arena_new();
	for (i = 0; i < 2000; i++) {
		len = random_below(sizeof(bytes));
		for (k = 0; k < len; k++)
			bytes[k] = (char)random_below(256);
		back = base64url_encode(a, bytes, len);
		back = base64url_decode(a, back, strlen(back), &k);
		same +=
		    back != NULL && k == len && memcmp(back, bytes, len) == 0;
		arena_reset(a);
	}
	is_int(same, 2000, "any bytes there and back");
	for (i = 0; i < 20000; i++) {
		len = 1 + random_below(sizeof(text));
		for (k = 0; k < len; k++)
			text[k] = (char)random_below(256);
		back = base64url_decode(a, text, len, &k);
		if (back == NULL)
			continue;
		taken++;
		back = base64url_encode(a, back, k);
		canonical +=
		    strlen(back) == len && memcmp(back, text, len) == 0;
		if (taken % 64 == 0)
			arena_reset(a);
	}
	ok(taken > 20, "some random texts are base64url");
	is_int(canonical, taken, "and each is the one that we would write");
	arena_free(a);
}

int
main(void)
{
	struct arena *a;

	test_hmac();
	test_hmac_sha256();
	test_sha256();
	test_equal();
	a = arena_new();
	test_base64url_known(a);
	test_base64url_strict(a);
	arena_free(a);
	test_base64url_round_trip();
	return done_testing();
}
