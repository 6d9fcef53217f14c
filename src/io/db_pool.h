/*
 * db_pool.h -- a few PostgreSQL connections of one process, used without ever
 * waiting for them: submit a call, be called back.
 *
 * It owns its connections, their back-off and the queue of calls that wait
 * for a free one (first in, first out).  A call has a deadline of ours: no
 * timeout of the server's fires when the server itself hangs.  A statement
 * that was not answered in time, or that died with its connection, is sent
 * again on another one, three times in all, while its deadline allows; so only
 * statements may be submitted that do no harm when they run twice.
 *
 * A pool may have another one behind it, which then takes whatever fails here
 * or waits for longer than patience_ms, and everything while no connection is
 * up: a standby's has the primary's.
 */
#ifndef IO_DB_POOL_H
#define IO_DB_POOL_H
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/db_link.h"
#include "io/loop.h"

struct db_session;
struct db_pool;

struct db_pool_options {
	struct db_link_options link;
	long connections;
	const char *name; /* in the log */
	/*
	 * Who takes the calls that this pool cannot serve; NULL: they fail.
	 * To be freed after this pool.
	 */
	struct db_pool *fallback;
	/*
	 * Of the channel link.listen: its payload, or NULL where something may
	 * have been missed, since the connection that listens is new.
	 */
	void (*on_notify)(void *owner, const char *payload);
	void *owner;
	/* One has come up, or was up and broke; NULL: nobody counts them. */
	void (*on_connection)(bool is_up);
};

/*
 * Filled by the caller, who keeps it in place until on_done or
 * db_pool_cancel().  rows are valid during on_done only, and NULL unless rc
 * is RC_OK.  Other codes: RC_BUSY (the database is away, slow or unwell) and
 * RC_FAULT.
 */
struct db_call {
	const struct stmt *stmt;
	const char *args[DB_ARGS];
	int64_t deadline_us;
	void (*on_done)(struct db_call *call, enum rc rc,
	    const struct rows *rows, const struct err *e);

	struct db_pool *pool; /* that has it: that of submit, or its fallback */
	/* For on_done: has the server said something, if only no? */
	bool is_answered;

	/* The pool's own. */
	struct db_call *next;
	struct db_session *session;
	struct loop_timer timer;
	unsigned tries;
};

/* options is copied, the strings in it are borrowed. */
struct db_pool *db_pool_new(
    struct loop *l, const struct db_pool_options *options);
/* No call may be under way. */
void db_pool_free(struct db_pool *p);

/* on_done may be called before this returns. */
void db_pool_submit(struct db_pool *p, struct db_call *call);
/* Forgets a call of call->pool without calling on_done. */
void db_pool_cancel(struct db_pool *p, struct db_call *call);

/* Is at least one connection usable? */
bool db_pool_is_up(const struct db_pool *p);

#endif
