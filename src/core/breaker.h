/*
 * breaker.h -- a circuit breaker: after some failures in a row a peer is left
 * alone for a while, then tried with one request, and left alone for longer
 * if that fails, too.  No clock of its own: times are clock_us().
 */
#ifndef CORE_BREAKER_H
#define CORE_BREAKER_H
#include <stdint.h>

/* All zero: closed. */
struct breaker {
	unsigned failures; /* in a row */
	unsigned openings; /* in a row */
	int64_t until_us;  /* open until then; 0: closed */
};

enum breaker_state {
	BREAKER_CLOSED,   /* the peer answers */
	BREAKER_OPEN,     /* not now */
	BREAKER_HALF_OPEN /* one request, to see */
};

enum breaker_state breaker_look(const struct breaker *b, int64_t now_us);
/* Returns whether it opened, or stays open, by this. */
int breaker_failed(struct breaker *b, int64_t now_us);
/* Opens it for a reason of the caller's; one request comes after it. */
void breaker_hold(struct breaker *b, int64_t until_us);
/* What it is open for may be over: one request comes at once. */
void breaker_probe(struct breaker *b, int64_t now_us);
/*
 * Closes it, except while it is open: what was sent before says nothing new.
 * Returns whether it is closed.
 */
int breaker_worked(struct breaker *b, int64_t now_us);

#endif
