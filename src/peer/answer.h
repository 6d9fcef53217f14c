/*
 * answer.h -- what an answer of a peer means for the request that it answers,
 * in the same words for every peer.  twilio_answer.h and front_answer.h have
 * the tables.
 */
#ifndef PEER_ANSWER_H
#define PEER_ANSWER_H
#include <stdbool.h>
#include <stdint.h>

enum verdict {
	VERDICT_DONE,     /* taken, or it was so already */
	VERDICT_LIMITED,  /* never processed: too many requests of ours */
	VERDICT_NOT_YET,  /* never processed: this one resource is not ready */
	VERDICT_CONFLICT, /* never processed: somebody else was faster */
	VERDICT_UNKNOWN,  /* perhaps processed */
	VERDICT_TAKEN_BY, /* the address pair is in another conversation */
	VERDICT_MOVED,    /* the same, under another name */
	VERDICT_GONE,     /* the conversation is closed, or there is none */
	VERDICT_NEVER,    /* it will not get better */
	VERDICT_STOP,     /* our settings: nothing will get through */
};

struct peer_answer {
	enum verdict verdict;
	long status;
	long code;              /* of an error catalogue; 0: none */
	const char *message;    /* may name addresses: not for a log as it is */
	int64_t retry_after_ms; /* 0: not said */
	bool only_channel;      /* LIMITED, STOP: others get through */
};

/* "done", "limited", ...: for the log. */
const char *verdict_name(enum verdict v);

#endif
