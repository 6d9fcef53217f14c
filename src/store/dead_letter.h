/*
 * dead_letter.h -- work of the queue that was given up: look at it, send it
 * on its way again, or delete it.
 */
#ifndef STORE_DEAD_LETTER_H
#define STORE_DEAD_LETTER_H
#include <stdbool.h>

#include "base/arena.h"
#include "io/db_session.h"

struct dead_letter {
	long long dead_id;
	const char *destination;
	const char *kind;
	long long job_id;
	long long attempts;
	double age_seconds;     /* since it entered the queue */
	const char *created_at; /* ISO 8601, UTC */
	const char *buried_at;
	const char *error;   /* or NULL */
	const char *payload; /* NULL unless it was asked for */
};

/*
 * The letters that nobody has dealt with, the oldest first, at most `limit`;
 * *all is how many there are.  destination NULL: of every one.
 */
enum rc dead_letter_list(struct db_conn *db, struct arena *a,
    const char *destination, long limit, bool payload, struct dead_letter **out,
    size_t *count, long long *all, struct err *e) MUST_CHECK;

/*
 * The ids of all that nobody has dealt with, in the order in which they
 * entered the queue: so a lane keeps its order when they go again.
 */
enum rc dead_letter_ids(struct db_conn *db, struct arena *a,
    const char *destination, const struct rows **ids, struct err *e) MUST_CHECK;

struct redriven {
	const char *destination;
	const char *kind;
	const char *old_job_id;
	const char *new_job_id;
	bool before; /* it had been sent on its way already, as new_job_id */
};

/* RC_NOT_FOUND: there is no such letter.  Asked twice, it goes once. */
enum rc dead_letter_redrive(struct db_conn *db, struct arena *a,
    const char *dead_id, struct redriven *out, struct err *e) MUST_CHECK;

/* Deletes one for good.  RC_NOT_FOUND: there is no such letter. */
enum rc dead_letter_drop(struct db_conn *db, struct arena *a,
    const char *dead_id, const char **job_id, struct err *e) MUST_CHECK;

#endif
