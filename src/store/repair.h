/*
 * repair.h -- what the relay tells the database about conversations, and what
 * it has put right there.  schema/0005_conversations.sql says what each
 * function promises; all of them may be repeated.
 *
 * Each _bind fills a call; what it is given is borrowed until the call is
 * done, numbers are copied into the arena.  What a read function hands out
 * lies in the rows.
 */
#ifndef STORE_REPAIR_H
#define STORE_REPAIR_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "io/db_pool.h"

/* A worker was added over REST.  date may be NULL. */
extern const struct stmt repair_worker_added_stmt;
void repair_worker_added_bind(struct db_call *call,
    const char *conversation_sid, const char *participant_sid,
    const char *identity, const char *date);

/* Twilio will never take this worker into this conversation. */
extern const struct stmt repair_worker_refused_stmt;
void repair_worker_refused_bind(
    struct db_call *call, const char *conversation_sid, const char *identity);

/* Twilio says that it is closed, or that there is none. */
extern const struct stmt repair_gone_stmt;
void repair_gone_bind(struct db_call *call, const char *conversation_sid);

/* The address pair of the first is in the other. */
extern const struct stmt repair_conflict_stmt;
void repair_conflict_bind(
    struct db_call *call, const char *conversation_sid, const char *other_sid);

/* The addresses of a conversation; false where it has none. */
extern const struct stmt repair_pair_stmt;
void repair_pair_bind(struct db_call *call, const char *conversation_sid);
bool repair_pair_read(
    const struct rows *rows, const char **address, const char **proxy_address);

/* Conversations that have been without a worker for age_ms. */
extern const struct stmt repair_unrouted_stmt;
void repair_unrouted_bind(struct db_call *call, struct arena *a, int64_t age_ms,
    const char *default_worker, long limit);
struct repaired {
	const char *conversation_sid;
	const char *decision;
	const char *worker; /* NULL: nobody */
	const char *reason;
};
void repair_unrouted_read(
    const struct rows *rows, int row, struct repaired *out);

#endif
