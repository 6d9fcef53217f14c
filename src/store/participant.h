/*
 * participant.h -- who comes into a conversation and who leaves it.
 */
#ifndef STORE_PARTICIPANT_H
#define STORE_PARTICIPANT_H
#include "store/event.h"
#include "text/moment.h"
#include "text/words.h"

struct participant_added {
	struct event_place at;
	struct sid participant;
	struct identity identity; /* a worker's; NULL: whoever has an address */
	const char *address;      /* NULL where there is none; the next, too */
	const char *proxy_address;
	const char *customer_id; /* as the app chose; NULL: it has not */
	struct moment created;
};

extern const struct stmt participant_added_stmt;
void participant_added_bind(
    struct db_call *call, const struct participant_added *p);

struct participant_removed {
	struct event_place at;
	struct sid participant;
	struct identity identity;
	struct moment removed;
};

extern const struct stmt participant_removed_stmt;
void participant_removed_bind(
    struct db_call *call, const struct participant_removed *p);

#endif
