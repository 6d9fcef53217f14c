#include "text/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/log.h"

struct hmac_key {
	EVP_MAC_CTX *ready; /* keyed, nothing hashed yet */
};

static void
free_mac(void *handle)
{
	EVP_MAC_CTX_free(handle);
}

/* digest is one of libcrypto's names; it is read and not kept. */
static struct hmac_key *
make_key(struct arena *a, char *digest, const char *bytes, size_t len)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
		    OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	struct hmac_key *key;
	EVP_MAC *mac;

	key = arena_alloc(a, sizeof(*key));
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (mac == NULL)
		fatal("libcrypto has no HMAC");
	key->ready = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	if (key->ready == NULL)
		fatal("out of memory");
	arena_defer(a, free_mac, key->ready);
	if (EVP_MAC_init(
		key->ready, (const unsigned char *)bytes, len, params) != 1)
		fatal("libcrypto refuses HMAC-%s", digest);
	return key;
}

struct hmac_key *
hmac_sha1_key(struct arena *a, const char *bytes, size_t len)
{
	char digest[] = "SHA1";

	return make_key(a, digest, bytes, len);
}

struct hmac_key *
hmac_sha256_key(struct arena *a, const char *bytes, size_t len)
{
	char digest[] = "SHA256";

	return make_key(a, digest, bytes, len);
}

static void
make_mac(const struct hmac_key *key, const struct span *parts, size_t count,
    unsigned char *out, size_t out_len)
{
	EVP_MAC_CTX *ctx;
	size_t len = 0, i;
	bool good;

	ctx = EVP_MAC_CTX_dup(key->ready);
	if (ctx == NULL)
		fatal("out of memory");
	good = true;
	for (i = 0; i < count; i++)
		good = good && EVP_MAC_update(ctx,
				   (const unsigned char *)parts[i].bytes,
				   parts[i].len) == 1;
	good = good && EVP_MAC_final(ctx, out, &len, out_len) == 1;
	EVP_MAC_CTX_free(ctx);
	if (!good || len != out_len)
		fatal("libcrypto failed at an HMAC");
}

void
hmac_sha1_base64(const struct hmac_key *key, const struct span *parts,
    size_t count, char out[static SHA1_BASE64_LEN + 1])
{
	unsigned char mac[SHA1_LEN];

	make_mac(key, parts, count, mac, sizeof(mac));
	(void)EVP_EncodeBlock((unsigned char *)out, mac, sizeof(mac));
}

void
hmac_sha256(const struct hmac_key *key, const struct span *parts, size_t count,
    unsigned char out[static SHA256_LEN])
{
	make_mac(key, parts, count, out, SHA256_LEN);
}

void
hmac_sha256_base64(const struct hmac_key *key, const struct span *parts,
    size_t count, char out[static SHA256_BASE64_LEN + 1])
{
	unsigned char mac[SHA256_LEN];

	make_mac(key, parts, count, mac, sizeof(mac));
	(void)EVP_EncodeBlock((unsigned char *)out, mac, sizeof(mac));
}

void
sha256(const char *bytes, size_t len, unsigned char out[static SHA256_LEN])
{
	if (EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL) != 1)
		fatal("libcrypto failed at SHA-256");
}

void
sha256_hex(const char *bytes, size_t len, char out[static SHA256_HEX_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char digest[SHA256_LEN];
	size_t i;

	sha256(bytes, len, digest);
	for (i = 0; i < SHA256_LEN; i++) {
		out[2 * i] = hex[digest[i] >> 4];
		out[2 * i + 1] = hex[digest[i] & 15];
	}
	out[SHA256_HEX_LEN] = '\0';
}

bool
bytes_are_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

char *
base64url_encode(struct arena *a, const void *bytes, size_t len)
{
	char *out;
	size_t n;

	out = arena_alloc(a, (len + 2) / 3 * 4 + 1);
	n = (size_t)EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);
	while (n > 0 && out[n - 1] == '=')
		out[--n] = '\0';
	while (n-- > 0) {
		if (out[n] == '+')
			out[n] = '-';
		else if (out[n] == '/')
			out[n] = '_';
	}
	return out;
}

char *
base64url_decode(struct arena *a, const char *text, size_t len, size_t *out_len)
{
	size_t padded = (len + 3) / 4 * 4, i;
	char *in, *out;
	int n;

	in = arena_alloc(a, padded + 1);
	for (i = 0; i < padded; i++) {
		in[i] = i >= len ? '=' : text[i];
		if (i < len && (in[i] == '+' || in[i] == '/' || in[i] == '='))
			return NULL;
		if (in[i] == '-')
			in[i] = '+';
		else if (in[i] == '_')
			in[i] = '/';
	}
	out = arena_alloc(a, padded / 4 * 3 + 1);
	n = EVP_DecodeBlock(
	    (unsigned char *)out, (const unsigned char *)in, (int)padded);
	if (n < 0 || (size_t)n < padded - len)
		return NULL;
	*out_len = (size_t)n - (padded - len);
	out[*out_len] = '\0';
	/* The library forgives blanks and loose bits; we do not. */
	in = base64url_encode(a, out, *out_len);
	if (strlen(in) != len || memcmp(in, text, len) != 0)
		return NULL;
	return out;
}
