/*
 * delivery.h -- one job in hand: from the claim of its lane to the word in the
 * database of what became of it.
 *
 * A kind of job is a row of kinds.h.  Its start() and what it names as
 * continuation call exactly one of the verbs below and return: send, fetch,
 * ask, pause, finish, retry, wait.
 *
 * The invariant: a request that changes something at the peer leaves only
 * after its mark is committed, and only while the lease holds for longer than
 * the request may take.  So whoever claims the job next, whatever happened
 * here, knows whether anything may have left.
 */
#ifndef RELAY_DELIVERY_H
#define RELAY_DELIVERY_H
#include <jansson.h>

#include "io/http.h"
#include "peer/twilio_answer.h"
#include "peer/twilio_request.h"
#include "relay/destination.h"
#include "relay/peers.h"
#include "store/queue.h"
#include "text/uuid.h"

struct kind;
struct download;

struct delivery {
	struct destination *destination;
	struct settings *settings;
	struct arena *arena;
	struct queue_job job;
	json_t *payload;
	const struct kind *kind;
	void *state; /* the kind's own, in the arena */

	/* What the verbs need. */
	const struct peer *peer; /* whom it asks: at first the destination's */
	const struct front_channel *channel; /* of Front, or NULL */
	struct peer_request request; /* the kind's, for delivery_send() */
	/* Makes the request when its name, uuid, is known; or NULL. */
	void (*prepare)(struct delivery *d);
	long total_ms; /* for the next request, a fetch sets it; 0: the usual */
	struct http_request fetch; /* the kind's, for delivery_fetch() */
	struct download *download; /* under way, or the last */
	struct db_call db;         /* the kind's, for delivery_ask() */
	struct http_answer answer; /* the kind's to read in on_answer */
	enum rc http_rc;           /* of a fetch: whether there is one */
	struct err err;

	/* Its own. */
	int64_t began_us;
	int64_t lease_end_us;
	bool paid;   /* a token is spent for its first request */
	bool marked; /* by this attempt */
	char uuid[UUID_LEN + 1];
	int64_t mark_us;
	void (*on_answer)(struct delivery *d, const struct peer_answer *answer);
	void (*on_rows)(struct delivery *d, const struct rows *rows);
	void (*on_fetched)(struct delivery *d);
	void (*on_time)(struct delivery *d);
	void (*on_lease)(struct delivery *d);
	int64_t renewed_us;
	struct loop_timer pause;
	bool refused_once; /* by 401, and asked again with a new token */
	struct loop_timer again;
	bool asking;
	bool settled;     /* it is known what becomes of it */
	int64_t delay_us; /* until it, or the next of its lane, is due */
	struct http_header headers[2];
	struct http_call http;
	struct delivery *next; /* in one of the relay's lists */
	struct delivery *before;
	struct delivery *after; /* in the destination's list */
};

/* Takes over a claimed job; claimed_us is before the claim was sent. */
void delivery_new(struct destination *destination, const struct rows *rows,
    int row, int64_t claimed_us);
/* Drops it without a word: its lease will end. */
void delivery_forget(struct delivery *d);

/* For the loop: begin what was claimed, settle what was answered. */
void delivery_begin(struct delivery *d);
void delivery_settle(struct delivery *d);

/* ---- the verbs */

/* A text of the payload, or NULL. */
const char *delivery_text(const struct delivery *d, const char *key);
/* A whole number of the payload, in digits, or NULL. */
const char *delivery_number(struct delivery *d, const char *key);
/* The conversation of the payload; false after giving the job up. */
bool delivery_conversation(struct delivery *d, struct twilio_conversation *out);

/*
 * Sends d->request.  then gets an answer that retry.h leaves to the kind:
 * VERDICT_DONE, _TAKEN_BY, _GONE, _NEVER.
 */
void delivery_send(struct delivery *d,
    void (*then)(struct delivery *d, const struct peer_answer *answer));

/*
 * Asks for something that is nobody's word, a picture: d->fetch, a GET.  then
 * finds http_rc, and answer or err; no table judges them.
 */
void delivery_fetch(struct delivery *d, void (*then)(struct delivery *d));

/* Goes on at that time; the job stays in hand. */
void delivery_pause(
    struct delivery *d, int64_t until_us, void (*then)(struct delivery *d));

/* Runs d->db, bound by the caller. */
void delivery_ask(struct delivery *d,
    void (*then)(struct delivery *d, const struct rows *rows));

/* The end.  external_id and why may be NULL. */
void delivery_finish(struct delivery *d, enum queue_outcome outcome,
    const char *external_id, const char *why);
/* The end for now: again after the class's delay. */
void delivery_retry(
    struct delivery *d, const struct retry_class *c, const char *why);
/* The same, after that delay. */
void delivery_retry_in(struct delivery *d, const struct retry_class *c,
    int64_t delay_ms, const char *why);
/* Again at that time; the attempt does not count. */
void delivery_wait(struct delivery *d, int64_t delay_ms, const char *why);
/* The text of d->err, which the next failure overwrites. */
const char *delivery_error(struct delivery *d);
/* What a refusal says, fit for a log and for the database. */
const char *delivery_reason(
    struct delivery *d, const struct peer_answer *answer);

#endif
