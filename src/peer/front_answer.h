/*
 * front_answer.h -- what an answer of Front's API means for the request that
 * it answers.  One table: a new status is a row.
 *
 * Source: Front's documentation and OpenAPI documents (front.md 4, 5).
 */
#ifndef PEER_FRONT_ANSWER_H
#define PEER_FRONT_ANSWER_H
#include <stddef.h>

#include "base/arena.h"
#include "peer/answer.h"

/* The company's limit; -1 where an answer does not say. */
struct front_rate {
	long limit;
	long remaining;
	int64_t reset_s; /* since 1970 */
};

/* Texts of the headers x-ratelimit-limit, ...; NULL where there is none. */
void front_rate_read(const char *limit, const char *remaining,
    const char *reset, struct front_rate *out);

/*
 * body need not be JSON, or be there at all.  retry_after is the header's
 * text or NULL, now_s the time of day.  A wait is always said with LIMITED.
 */
void front_judge(struct arena *a, long status, const char *body, size_t len,
    const char *retry_after, const struct front_rate *rate, int64_t now_s,
    struct peer_answer *out);

#endif
