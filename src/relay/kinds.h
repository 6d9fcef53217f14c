/*
 * kinds.h -- THE table: every kind of job that the relay can do, one per file;
 * each file says its contract.
 */
#ifndef RELAY_KINDS_H
#define RELAY_KINDS_H
#include "relay/delivery.h"

struct kind {
	const char *name; /* of frontline_queue.job.kind */
	void (*start)(struct delivery *d);
};

/* NULL: none of ours. */
const struct kind *kind_find(const char *name);

void participant_add_start(struct delivery *d);        /* participant_add.c */
void participant_attributes_start(struct delivery *d); /* ..._attributes.c */
void message_add_start(struct delivery *d);            /* message_add.c */

#endif
