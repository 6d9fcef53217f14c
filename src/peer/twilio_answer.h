/*
 * twilio_answer.h -- what an answer of Twilio's REST APIs means for the
 * request that it answers.  One table, first match wins: a new code is a row.
 *
 * Source: Twilio's error catalogue and OpenAPI documents (twilio.md 7.1, 7.3,
 * 7.7).
 */
#ifndef PEER_TWILIO_ANSWER_H
#define PEER_TWILIO_ANSWER_H
#include <stddef.h>

#include "base/arena.h"
#include "peer/answer.h"

/*
 * body need not be JSON, or be there at all; both of Twilio's formats of an
 * error are understood.  retry_after is the header's text or NULL; more than a
 * minute counts as one.
 */
void twilio_judge(struct arena *a, long status, const char *body, size_t len,
    const char *retry_after, struct peer_answer *out);

#endif
