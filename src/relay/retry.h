/*
 * retry.h -- THE table: what is done about an attempt that did not succeed,
 * and when the next one comes.
 */
#ifndef RELAY_RETRY_H
#define RELAY_RETRY_H
#include <stdbool.h>
#include <stdint.h>

#include "peer/twilio_answer.h"

struct retry_class {
	const char *name; /* in the log and in job.last_error */
	int64_t base_ms;  /* the first wait is a half of it up to all of it, */
	int64_t cap_ms;   /* each further one twice as long, up to this */
	bool not_sent;    /* surely not processed: the mark is taken back */
	bool refund;      /* the attempt does not count */
	bool holds;       /* the whole destination waits as long */
	bool breaks;      /* counts for the circuit breaker */
	bool alarms;      /* a person must act: log it as an error */
};

/* Of an answer; NULL: what it means is for the kind of the job to say. */
const struct retry_class *retry_of_verdict(enum verdict v);
/* Of no answer, by the code of io/http.h. */
const struct retry_class *retry_of_failure(const char *code);
/* A statement of ours failed for good: see the log. */
extern const struct retry_class retry_fault;
/* A picture could not be had now. */
extern const struct retry_class retry_picture;
/* What an agent just wrote is not in Front yet, and will be. */
extern const struct retry_class retry_not_there;

/* The wait after so many attempts (1, 2, ...). */
int64_t retry_delay_ms(const struct retry_class *c, long attempt);

#endif
