/*
 * twilio_signature.h -- is this request from Twilio?  X-Twilio-Signature is
 * base64(HMAC-SHA1(auth token, URL + the form's pairs in order)); for a body
 * that is no form the URL carries its SHA-256 instead.
 *
 * Source: Twilio, "Security: validating requests"; where the official
 * libraries disagree, their common core (twilio.md section 3).  The URL is
 * built from the configured base and the request target as it came; no header
 * of the request has a say in it.  No I/O, no clock.
 */
#ifndef PEER_TWILIO_SIGNATURE_H
#define PEER_TWILIO_SIGNATURE_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "text/crypto.h"
#include "text/form.h"
#include "text/url.h"

enum { TWILIO_TOKENS = 2, TWILIO_URL_FORMS = 3 };

/*
 * All that a check needs: a key for each accepted token, and each way to
 * write the beginning of our URL (as configured, without its port, with an
 * explicit one; a signature may have been made with or without a port).
 */
struct twilio_signing {
	const struct hmac_key *keys[TWILIO_TOKENS];
	size_t key_count;
	struct span prefixes[TWILIO_URL_FORMS];
	size_t prefix_count;
};

/* Everything is copied into the arena; the tokens are wiped with their own. */
void twilio_signing_init(
    struct twilio_signing *s, struct arena *a, const struct base_url *base);
void twilio_signing_add_token(
    struct twilio_signing *s, struct arena *a, const char *token, size_t len);

/*
 * A request without a body, or with a form.  target is the request line's,
 * byte for byte ("/callbacks/crm?x=1"); form is NULL for GET.
 */
bool twilio_signature_is_valid(const struct twilio_signing *s, struct arena *a,
    const char *target, const struct form *form, const char *signature,
    size_t signature_len);

/*
 * A body that is no form: the signature over the URL alone must hold, and the
 * URL must carry exactly one bodySHA256, the body's.  No route of the responder
 * takes such a body yet.
 */
bool twilio_body_signature_is_valid(const struct twilio_signing *s,
    struct arena *a, const char *target, const struct span *body,
    const char *signature, size_t signature_len);

/* Signs as Twilio would, with the first token and the URL as configured. */
void twilio_sign(const struct twilio_signing *s, struct arena *a,
    const char *target, const struct form *form,
    char out[static SHA1_BASE64_LEN + 1]);

#endif
