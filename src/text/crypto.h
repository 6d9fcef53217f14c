/*
 * crypto.h -- the only file that knows the crypto library (libcrypto): HMAC,
 * digests, base64, comparison in constant time.  It owns no secret; keys are
 * held by whoever made them, in an arena.
 */
#ifndef TEXT_CRYPTO_H
#define TEXT_CRYPTO_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum {
	SHA1_LEN = 20,
	SHA1_BASE64_LEN = 28, /* without the NUL */
	SHA256_LEN = 32,
	SHA256_BASE64_LEN = 44,
	SHA256_HEX_LEN = 64,
};

/* Bytes that lie somewhere else. */
struct span {
	const char *bytes;
	size_t len;
};

/* A key with its first two hash blocks done: saves half the work of a MAC. */
struct hmac_key;
struct hmac_key *hmac_sha1_key(struct arena *a, const char *bytes, size_t len);
struct hmac_key *hmac_sha256_key(
    struct arena *a, const char *bytes, size_t len);

/* The MAC over the parts in their order, base64, NUL-terminated. */
void hmac_sha1_base64(const struct hmac_key *key, const struct span *parts,
    size_t count, char out[static SHA1_BASE64_LEN + 1]);
void hmac_sha256_base64(const struct hmac_key *key, const struct span *parts,
    size_t count, char out[static SHA256_BASE64_LEN + 1]);
/* The same as bytes.  A key is for the one digest that it was made for. */
void hmac_sha256(const struct hmac_key *key, const struct span *parts,
    size_t count, unsigned char out[static SHA256_LEN]);

void sha256(
    const char *bytes, size_t len, unsigned char out[static SHA256_LEN]);
/* Small letters, NUL-terminated. */
void sha256_hex(
    const char *bytes, size_t len, char out[static SHA256_HEX_LEN + 1]);

/* Takes the same time wherever the difference is. */
bool bytes_are_equal(const void *a, const void *b, size_t len);

/* base64url without padding (RFC 4648, section 5). */
char *base64url_encode(struct arena *a, const void *bytes, size_t len);
/*
 * NULL for anything that base64url_encode() would not have written.  The
 * result has a NUL behind *out_len bytes.
 */
char *base64url_decode(
    struct arena *a, const char *text, size_t len, size_t *out_len);

#endif
