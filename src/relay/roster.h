/*
 * roster.h -- asks Frontline about each worker now and then: name, picture,
 * state, and whether they are available, which routing goes by.  Several
 * relays share the roster, since the database hands each worker out once per
 * interval.
 */
#ifndef RELAY_ROSTER_H
#define RELAY_ROSTER_H
#include "core/breaker.h"
#include "core/limiter.h"
#include "relay/relay.h"

/* Workers asked about at a time. */
enum { ROSTER_CALLS = 4 };

struct roster;

/* One question under way. */
struct roster_call {
	struct roster *roster;
	struct settings *settings; /* NULL: not under way */
	struct arena *arena;
	const char *identity; /* may be an e-mail address: for no log */
	const char *sid;      /* Twilio's name for the same, or "-" */
	bool asking;          /* the database */
	struct http_call http;
	struct db_call db;
};

struct roster {
	struct relay *relay;
	struct limiter limiter;
	struct breaker breaker;
	unsigned refusals; /* in a row */
	struct arena *arena;
	struct db_call list;
	bool listing;
	long asked;
	int64_t look_us;
	struct roster_call calls[ROSTER_CALLS];
};

void roster_init(struct roster *o, struct relay *r);
void roster_free(struct roster *o);
/* The rates of new settings; what was paused for the old ones is tried. */
void roster_adopt(struct roster *o);
/* Asks about whoever is due. */
void roster_tend(struct roster *o, int64_t now_us);
/* When roster_tend() has something to do next; INT64_MAX: not by time. */
int64_t roster_next_us(struct roster *o, int64_t now_us);
/* Is nothing under way? */
bool roster_is_idle(const struct roster *o);

#endif
