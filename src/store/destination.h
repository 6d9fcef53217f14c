/*
 * destination.h -- whom the queue delivers to, and pauses of it.
 */
#ifndef STORE_DESTINATION_H
#define STORE_DESTINATION_H
#include <stdbool.h>

#include "base/arena.h"
#include "io/db_session.h"

/* RC_NOT_FOUND with the names that there are. */
enum rc destination_find(struct db_conn *db, struct arena *a, const char *name,
    struct err *e) MUST_CHECK;

struct pause {
	const char *until;
	const char *why;
	bool longer;    /* one that held already, and ends later */
	bool outlives;  /* work that waits all of it is given up, because it */
	double max_age; /* is older than so many seconds then */
};

/*
 * Pauses a destination that is there; *out is the pause that holds now.
 * duration is an interval as PostgreSQL reads it; RC_INVALID where it is
 * none, or not above 0.
 */
enum rc destination_pause(struct db_conn *db, struct arena *a, const char *name,
    const char *duration, const char *why, struct pause *out,
    struct err *e) MUST_CHECK;

/* *paused: whether it was. */
enum rc destination_resume(struct db_conn *db, struct arena *a,
    const char *name, bool *paused, struct err *e) MUST_CHECK;

#endif
