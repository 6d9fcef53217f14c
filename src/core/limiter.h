/*
 * limiter.h -- a token bucket: how many requests may leave now?  It is filled
 * at a steady rate and holds one second's worth, at least one.  No clock of
 * its own: times are clock_us().
 */
#ifndef CORE_LIMITER_H
#define CORE_LIMITER_H
#include <stdint.h>

struct limiter {
	int64_t per_minute;
	int64_t size;  /* in millionths of a token */
	int64_t level; /* the same; below zero: spent in advance */
	int64_t at_us; /* when level was right */
};

/* Starts full. */
void limiter_init(struct limiter *l, long per_minute, int64_t now_us);
/* Another rate from now on; what is in it stays, as far as it fits. */
void limiter_change(struct limiter *l, long per_minute, int64_t now_us);

/* Whole tokens that are there. */
long limiter_room(struct limiter *l, int64_t now_us);
/* Spends one, also one that is not there yet. */
void limiter_take(struct limiter *l, int64_t now_us);
/* Takes back one that was spent in vain. */
void limiter_give_back(struct limiter *l, int64_t now_us);
/* When the next one is there; not later than now where one is. */
int64_t limiter_next_us(struct limiter *l, int64_t now_us);

#endif
