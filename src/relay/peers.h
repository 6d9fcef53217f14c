/*
 * peers.h -- THE table of those who answer jobs: what proves that it is us,
 * and what an answer of theirs means.
 */
#ifndef RELAY_PEERS_H
#define RELAY_PEERS_H
#include "io/http.h"
#include "peer/answer.h"

struct delivery;

struct peer {
	/* Adds credentials; they live in the delivery's arena. */
	void (*authorise)(struct delivery *d, struct http_request *request);
	/* Reads d->answer. */
	void (*judge)(struct delivery *d, struct peer_answer *out);
};

extern const struct peer peer_twilio;
/* Front's Channel API; d->channel says whose credentials. */
extern const struct peer peer_front;
/* Front's Core API: contacts, tags, comments. */
extern const struct peer peer_front_core;

/* The token of the channel for either of them, made now; NULL: there is none. */
const char *front_channel_token(struct delivery *d);
const char *front_core_token(const struct delivery *d);

#endif
