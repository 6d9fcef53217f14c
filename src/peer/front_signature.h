/*
 * front_signature.h -- is this request Front's?  Of an application channel
 * X-Front-Signature is base64(HMAC-SHA256(secret, timestamp ":" body)), where
 * the timestamp is the text of X-Front-Request-Timestamp.
 *
 * Source: Front, "Security"; where it is silent, what its samples and programs
 * in production do (front.md section 7).  The bytes of the body are signed,
 * never what was parsed out of them.  No I/O, no clock.
 */
#ifndef PEER_FRONT_SIGNATURE_H
#define PEER_FRONT_SIGNATURE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "text/crypto.h"

enum { FRONT_SECRETS = 2, FRONT_WINDOW_MS = 300 * 1000 };

/* A key for each accepted secret, of both schemes. */
struct front_signing {
	const struct hmac_key *sha256[FRONT_SECRETS];
	const struct hmac_key *sha1[FRONT_SECRETS];
	size_t count;
};

/* The secret is copied into the arena, and wiped with it. */
void front_signing_add_secret(
    struct front_signing *s, struct arena *a, const char *secret, size_t len);

/* What a request has to show; NULL where the header is missing. */
struct front_proof {
	const char *signature;
	const char *timestamp;
	struct span body;
	bool is_delete;
};

/*
 * now_ms is the wall-clock time.  The timestamp is in milliseconds, or in
 * seconds where it is small enough for that, and may be FRONT_WINDOW_MS old or
 * ahead.  Front signs the word "undefined" for the body of a DELETE; a body
 * that was signed as it is counts as well.  RC_REFUSED with a sentence for the
 * log.
 */
enum rc front_signature_check(const struct front_signing *s,
    const struct front_proof *proof, int64_t now_ms, struct err *e) MUST_CHECK;

/*
 * The older way: base64(HMAC-SHA1(secret, body)), and no timestamp.
 * RC_REFUSED as above.
 */
enum rc front_body_signature_check(const struct front_signing *s,
    const struct front_proof *proof, struct err *e) MUST_CHECK;

#endif
