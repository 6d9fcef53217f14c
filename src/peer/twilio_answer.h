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

enum twilio_verdict {
	TWILIO_DONE,     /* taken, or it was so already */
	TWILIO_LIMITED,  /* never processed: too many requests of ours */
	TWILIO_NOT_YET,  /* never processed: this one resource is not ready */
	TWILIO_CONFLICT, /* never processed: somebody else was faster */
	TWILIO_UNKNOWN,  /* perhaps processed */
	TWILIO_TAKEN_BY, /* the address pair is in another conversation */
	TWILIO_GONE,     /* the conversation is closed, or there is none */
	TWILIO_NEVER,    /* it will not get better */
	TWILIO_STOP,     /* our settings: nothing will get through */
};

struct twilio_answer {
	enum twilio_verdict verdict;
	long status;
	long code;           /* of the error catalogue; 0: none */
	const char *message; /* may name addresses: not for a log as it is */
	long retry_after_s;  /* 0: not said; at most 60 */
};

/*
 * body need not be JSON, or be there at all; both of Twilio's formats of an
 * error are understood.  retry_after is the header's text or NULL.
 */
void twilio_judge(struct arena *a, long status, const char *body, size_t len,
    const char *retry_after, struct twilio_answer *out);

/* "done", "limited", ...: for the log. */
const char *twilio_verdict_name(enum twilio_verdict v);

#endif
