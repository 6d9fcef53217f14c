#include "core/breaker.h"

#include "base/clock.h"

enum {
	FAILURES_MAX = 5,
	OPEN_BASE_US = 1000 * 1000,
	OPEN_CAP_US = 30 * 1000 * 1000,
};

enum breaker_state
breaker_look(const struct breaker *b, int64_t now_us)
{
	if (b->until_us == 0)
		return BREAKER_CLOSED;
	return now_us < b->until_us ? BREAKER_OPEN : BREAKER_HALF_OPEN;
}

int
breaker_failed(struct breaker *b, int64_t now_us)
{
	/* One that was sent before it opened says nothing new. */
	if (breaker_look(b, now_us) == BREAKER_OPEN)
		return 0;
	if (b->until_us == 0 && ++b->failures < FAILURES_MAX)
		return 0;
	/* At least half of what the back-off would be at most. */
	b->until_us = now_us + OPEN_BASE_US / 2 +
		      clock_backoff_us(b->openings, OPEN_BASE_US, OPEN_CAP_US);
	b->openings++;
	return 1;
}

void
breaker_hold(struct breaker *b, int64_t until_us)
{
	if (b->until_us < until_us)
		b->until_us = until_us;
}

void
breaker_probe(struct breaker *b, int64_t now_us)
{
	if (b->until_us > now_us)
		b->until_us = now_us;
}

int
breaker_worked(struct breaker *b, int64_t now_us)
{
	if (breaker_look(b, now_us) == BREAKER_OPEN)
		return 0;
	*b = (struct breaker){ .failures = 0 };
	return 1;
}
