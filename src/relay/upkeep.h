/*
 * upkeep.h -- what a relay does for the database now and then: housekeeping of
 * the queue, and a worker for each conversation that was left without one.
 * Several relays share it: whoever comes second finds nothing to do.
 */
#ifndef RELAY_UPKEEP_H
#define RELAY_UPKEEP_H
#include "relay/relay.h"

enum { CHORES = 2 };

struct chore {
	struct relay *relay;
	const struct chore_row *row;
	struct arena *arena;
	struct db_call call;
	bool running;
	int64_t next_us;
};

struct upkeep {
	struct chore chores[CHORES];
};

void upkeep_init(struct upkeep *u, struct relay *r);
void upkeep_free(struct upkeep *u);
/* Begins what is due. */
void upkeep_tend(struct upkeep *u, int64_t now_us);
/* When upkeep_tend() has something to do next; INT64_MAX: not by time. */
int64_t upkeep_next_us(const struct upkeep *u);

#endif
