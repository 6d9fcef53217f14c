/*
 * twilio_lookup.h -- whose number is it?  Twilio's Lookup, version 2, package
 * caller_name: numbers of the United States only, and charged for.
 *
 * Source: twilio.md 7.10.
 */
#ifndef PEER_TWILIO_LOOKUP_H
#define PEER_TWILIO_LOOKUP_H
#include "base/err.h"
#include "peer/answer.h"
#include "peer/twilio_request.h"

void twilio_lookup(struct arena *a, const struct base_url *base,
    const char *number, struct peer_request *out);

/* Both NULL where nobody has a name for it. */
struct twilio_caller {
	const char *name;
	const char *type; /* "CONSUMER", "BUSINESS" */
};
/* RC_BUSY where an answer is not what it should be. */
enum rc twilio_caller_read(struct arena *a, const char *body, size_t len,
    struct twilio_caller *out, struct err *e) MUST_CHECK;

/* Does a refusal say that there is no name, now and the next time? */
bool twilio_has_no_caller(const struct peer_answer *answer);

#endif
