/*
 * db_link.h -- one PostgreSQL connection that is never waited for: it
 * connects, prepares its statements, runs one at a time, and comes back by
 * itself when it is lost, at the next host where the conninfo names several.
 * io/db_pool.c is its only user.
 *
 * Statements that the schema does not know do not keep it down as long as it
 * knows some: between an upgrade and its migration a program serves what was
 * there before.  They are tried anew each time that they are sent.
 *
 * The owner embeds it, fills the members above the line, and gives it a place
 * that outlives the loop.
 */
#ifndef IO_DB_LINK_H
#define IO_DB_LINK_H
#include <stdbool.h>

#include "base/err.h"
#include "io/db.h"
#include "io/loop.h"

struct db_link_options {
	const char *conninfo;
	const char *application_name;
	bool prepare; /* false behind a pooler in transaction mode */
	const struct stmt *const *stmts;
	size_t stmt_count;
	/*
	 * A statement that was not answered for so long hangs: longer than the
	 * role's statement_timeout, with which the server would have cut it off.
	 */
	long patience_ms;
	const struct stmt *listen; /* LISTEN, or NULL; needs prepare */
};

enum db_link_state {
	DB_LINK_DOWN, /* waiting for the next attempt */
	DB_LINK_CONNECTING,
	DB_LINK_PREPARING,
	DB_LINK_IDLE,
	DB_LINK_BUSY,
};

struct db_link {
	struct loop *loop;
	const struct db_link_options *options;
	/* It is idle for the first time since it was down. */
	void (*on_up)(struct db_link *l);
	/*
	 * The statement is through and the link idle: rows, or NULL and the
	 * SQLSTATE (which may be NULL, too).  Valid during the call.
	 */
	void (*on_result)(
	    struct db_link *l, const struct rows *rows, const char *state);
	/* Somebody notified the channel.  May be NULL where nobody listens. */
	void (*on_notify)(struct db_link *l, const char *payload);
	/* It went down, and will try again. */
	void (*on_lost)(struct db_link *l, const char *why);

	/* ---- its own */
	void *parsed;  /* PQconninfoOption of the conninfo */
	unsigned host; /* of its list: the one in use, or the next to try */
	unsigned host_count;
	enum db_link_state state;
	void *conn;   /* PGconn */
	void *result; /* PGresult of the statement under way */
	struct loop_source source;
	struct loop_timer timer; /* next attempt, or end of patience */
	unsigned tried;          /* hosts, since it last waited */
	unsigned failures;       /* to find any of them, in a row */
	bool wants_write;
	bool *unprepared; /* of the statements: the schema knew it not */
	size_t unprepared_count;
	size_t answered; /* of the prepares */
	bool advised;    /* of an error that an operator must end: once */
};

/* Starts the first attempt.  on_lost may be called before this returns. */
void db_link_start(struct db_link *l);
void db_link_stop(struct db_link *l);

/*
 * Sends a statement on an idle link.  Where that fails the link goes down:
 * on_lost is called before this returns.
 */
void db_link_send(
    struct db_link *l, const struct stmt *stmt, const char *const *args);

/* Gives the connection up and tries again; on_lost is not called. */
void db_link_drop(struct db_link *l);

/* Ends the wait for the next attempt, which goes to the host that other has. */
void db_link_follow(struct db_link *l, const struct db_link *other);

#endif
