/*
 * clock.h -- the only caller of clock_gettime.  Durations and deadlines are
 * monotonic microseconds; wall-clock time is for log lines, and for peers that
 * sign theirs.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include <stddef.h>
#include <stdint.h>

int64_t clock_us(void);

/* Milliseconds since 1970, of a clock that may be set. */
int64_t clock_wall_ms(void);

/* 2026-11-20T09:15:44.123Z; size must be at least CLOCK_STAMP_SIZE. */
enum { CLOCK_STAMP_SIZE = 32 };
void clock_stamp(char *out, size_t size);

/*
 * Blocks for so long, or until a signal: for what has nothing else to do, so
 * never for a loop.
 */
void clock_pause_ms(int ms);

/*
 * The wait before try number n (from 0): uniform in [0, min(cap, base * 2^n)],
 * "full jitter", so that processes which failed together do not come back
 * together.
 */
int64_t clock_backoff_us(unsigned n, int64_t base_us, int64_t cap_us);

#endif
