/*
 * db.h -- statements, rows, and what PostgreSQL's error codes mean to us.
 *
 * The io/db*.c files are the only ones that know libpq.  db_pool.h runs
 * statements without waiting (the responder), db_session.h with (the
 * command-line tool).
 */
#ifndef IO_DB_H
#define IO_DB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum { DB_ARGS = 12 };

/* Text stands beside the one function that binds it and reads its rows. */
struct stmt {
	const char *name;
	const char *sql;
	int params;
	bool binary; /* the values of its rows come as bytes, not as text */
	/* Changes nothing, and rows that are a few seconds old do no harm. */
	bool reads;
};

/* The result of one statement. */
struct rows;

int rows_count(const struct rows *r);
/* NULL where the value is null; valid as long as the rows are. */
const char *rows_text(const struct rows *r, int row, int column);
/* A value of a binary statement, and its length in bytes. */
const char *rows_bytes(const struct rows *r, int row, int column, size_t *len);

/* Arguments as PostgreSQL reads them. */
const char *db_bool(bool b);
const char *db_number(struct arena *a, int64_t n);

/* What to do about an SQLSTATE. */
enum db_verdict {
	DB_REPEAT,    /* the same statement again on the same connection */
	DB_RECONNECT, /* this connection is of no use; repeat on a new one */
	DB_TIMEOUT,   /* the server cut it off: out of time */
	DB_TROUBLE,   /* the server is unwell, or out of step with us */
	DB_FAULT,     /* what we sent was wrong: our bug */
};

/* state: five characters, or NULL where the server said nothing. */
enum db_verdict db_judge(const char *state);

/* A sentence for the operator, where the SQLSTATE tells of one; else NULL. */
const char *db_advice(const char *state);

#endif
