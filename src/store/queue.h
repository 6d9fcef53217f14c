/*
 * queue.h -- the relay's side of the durable queue: claim, mark, settle.
 * schema/0004_queue.sql says what each function promises; all of them do no
 * harm when they run twice.
 *
 * Each _bind fills a call; what it is given is borrowed until the call is
 * done, numbers are copied into the arena.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "io/db_pool.h"

/* A lease on the first job of a lane; text lives in the rows or the arena. */
struct queue_lease {
	const char *destination;
	const char *key;
	const char *seq;
	const char *token;
};

struct queue_job {
	struct queue_lease lease;
	const char *job_id;
	const char *kind;
	const char *payload;  /* a JSON object */
	long attempt;         /* 1 the first time */
	int64_t lease_ms;     /* from the claim on */
	bool uncertain;       /* a request left whose fate is not known, ... */
	int64_t unsettled_ms; /* which must not be repeated for so long, */
	int64_t resend_ms;    /* and not before then if it is not found */
	const char *evidence; /* what the other side made of it, or NULL */
	const char *give_up;  /* why it must be given up, or NULL */
	int64_t entered_s;    /* since 1970, by the database's clock */
	int64_t marked_s;     /* the same, the latest mark; 0: none */
	int64_t sent_from_s;  /* nothing can have left before */
};

extern const struct stmt queue_listen_stmt;
/* The destination's name is the payload of each notification. */

extern const struct stmt queue_claim_stmt;
void queue_claim_bind(
    struct db_call *call, struct arena *a, const char *destination, long n);
/* Everything is copied into the arena but lease.destination. */
void queue_claim_read(const struct rows *rows, int row, const char *destination,
    struct arena *a, struct queue_job *out);

extern const struct stmt queue_mark_stmt;
void queue_mark_bind(struct db_call *call, struct arena *a,
    const struct queue_lease *lease, const char *uuid, int64_t need_ms);

/* A whole lease from now on. */
extern const struct stmt queue_renew_stmt;
void queue_renew_bind(struct db_call *call, const struct queue_lease *lease);

enum queue_outcome {
	QUEUE_SENT,
	QUEUE_UNNEEDED,   /* the other side had it already */
	QUEUE_RECONCILED, /* sent, as it turned out later */
	QUEUE_DEAD
};
const char *queue_outcome_name(enum queue_outcome o);

extern const struct stmt queue_finish_stmt;
/* external_id and error may be NULL. */
void queue_finish_bind(struct db_call *call, const struct queue_lease *lease,
    enum queue_outcome outcome, const char *external_id, const char *error);

struct queue_retry {
	int64_t delay_ms;
	const char *error;
	bool not_sent; /* the request marked last was surely not processed */
	bool refund;   /* the attempt does not count */
};
extern const struct stmt queue_retry_stmt;
void queue_retry_bind(struct db_call *call, struct arena *a,
    const struct queue_lease *lease, const struct queue_retry *retry);

/* mark, renew, finish, retry: did the lease still hold? */
bool queue_held(const struct rows *rows);

extern const struct stmt queue_pause_stmt;
void queue_pause_bind(struct db_call *call, struct arena *a,
    const char *destination, int64_t for_ms, const char *why);

extern const struct stmt queue_housekeeping_stmt;
void queue_housekeeping_bind(struct db_call *call, struct arena *a,
    long done_days, long message_days, long audit_days);
struct housekeeping_row {
	const char *task;
	const char *rows;
	bool more;
};
void queue_housekeeping_read(
    const struct rows *rows, int row, struct housekeeping_row *out);

#endif
