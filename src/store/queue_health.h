/*
 * queue_health.h -- how each destination of the queue does.
 */
#ifndef STORE_QUEUE_HEALTH_H
#define STORE_QUEUE_HEALTH_H
#include <stdbool.h>

#include "base/arena.h"
#include "io/db_session.h"

struct queue_health {
	const char *destination;
	long long jobs_pending;
	long long lanes_pending;
	long long leased;
	double oldest_seconds;
	long long uncertain;
	double uncertain_seconds;
	long long dead;
	double paused_seconds;    /* 0: not paused */
	const char *paused_until; /* NULL: not paused */
	const char *pause_reason; /* of this pause or of one that is over */
	bool partition_missing;   /* nobody keeps house */
};

/* All destinations by name; *out is an array in the arena. */
enum rc queue_health_list(struct db_conn *db, struct arena *a,
    struct queue_health **out, size_t *count, struct err *e) MUST_CHECK;

#endif
