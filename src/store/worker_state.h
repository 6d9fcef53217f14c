/*
 * worker_state.h -- what our own table says of a worker: as the relay last
 * heard it from Frontline.
 */
#ifndef STORE_WORKER_STATE_H
#define STORE_WORKER_STATE_H
#include "base/arena.h"
#include "io/db_session.h"

struct worker_state {
	const char *friendly_name; /* or NULL */
	const char *state;
	const char *is_available; /* "true", "false" */
	/* When the relay last asked Frontline, or NULL: not yet. */
	const char *asked_at;
};

/* RC_NOT_FOUND: no worker has this identity.  Texts live in the arena. */
enum rc worker_state_find(struct db_conn *db, struct arena *a,
    const char *identity, struct worker_state *out, struct err *e) MUST_CHECK;

#endif
