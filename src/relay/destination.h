/*
 * destination.h -- one that is called: how fast, whether at all now, and the
 * jobs of it that are in hand.
 */
#ifndef RELAY_DESTINATION_H
#define RELAY_DESTINATION_H
#include "core/breaker.h"
#include "core/limiter.h"
#include "relay/relay.h"
#include "relay/retry.h"

/* Jobs of one destination that are in hand at a time. */
enum { DESTINATION_JOBS = 16 };

/* THE table of destinations is in destination.c. */
struct destination_row {
	const char *name;
	const struct peer *peer;
	long (*per_minute)(const struct config *c);
};
enum { DESTINATIONS = 4 };
extern const struct destination_row destination_rows[DESTINATIONS];

struct destination {
	struct relay *relay;
	const struct destination_row *row;
	const char *name;
	struct limiter limiter;
	struct breaker breaker;
	unsigned refusals;        /* in a row for which all had to wait */
	struct delivery *in_hand; /* of every state */
	long count;

	/* The claim under way. */
	bool claiming;
	struct arena *arena;
	struct db_call claim;
	long asked;
	int64_t asked_us;
	int64_t look_us; /* when to look next */
	int64_t due_us;  /* when a job comes back, the first of those known */

	/* The pause under way. */
	bool pausing;
	int64_t pause_us; /* for so long */
	struct db_call pause;
	struct arena *pause_arena;
};

void destination_init(
    struct destination *d, struct relay *r, const struct destination_row *row);
/* No call of it may be under way. */
void destination_free(struct destination *d);
/* The rates of new settings; what was paused for the old ones is tried. */
void destination_adopt(struct destination *d);

/* There is work, or may be. */
void destination_wake(struct destination *d, int64_t not_before_us);
/* Asks for jobs, where there is room for them and one may be sent. */
void destination_claim(struct destination *d, int64_t now_us);
/* When destination_claim() has something to do next; INT64_MAX: not by time. */
int64_t destination_next_us(struct destination *d, int64_t now_us);

/* What the peer's latest answer says about the peer. */
void destination_worked(struct destination *d);
void destination_failed(struct destination *d, const struct retry_class *c);
/* Nobody sends to it for so long, no relay. */
void destination_hold(struct destination *d, const struct retry_class *c,
    int64_t for_ms, const char *why);
/* How long it has to be left alone after one more refusal. */
int64_t destination_refused(
    struct destination *d, const struct retry_class *c, int64_t retry_after_ms);

#endif
