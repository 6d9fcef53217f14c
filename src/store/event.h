/*
 * event.h -- what every function of frontline_api that takes an event of
 * Conversations is told, and what it answers.
 */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H
#include "io/db_pool.h"
#include "text/sid.h"

/* In which conversation it happened. */
struct event_place {
	struct sid conversation;
	struct sid service; /* NULL where nobody said */
};

struct event_outcome {
	const char *outcome; /* "new", "changed", "same", "ignored" */
	const char *note;    /* for the log, or NULL */
};

/* Borrows from the rows. */
void event_outcome_read(const struct rows *rows, struct event_outcome *out);

#endif
