#include "core/limiter.h"

enum { TOKEN = 1000 * 1000, MINUTE_S = 60 };

static void
fill(struct limiter *l, int64_t now_us)
{
	/* After an hour it is full at any rate, and nothing overflows. */
	const int64_t hour_us = INT64_C(3600) * 1000 * 1000;
	int64_t passed = now_us - l->at_us;

	if (passed > hour_us)
		passed = hour_us;
	l->level += passed * l->per_minute / MINUTE_S;
	if (l->level > l->size)
		l->level = l->size;
	l->at_us = now_us;
}

static void
set_rate(struct limiter *l, long per_minute)
{
	l->per_minute = per_minute;
	l->size = per_minute < MINUTE_S
		      ? TOKEN
		      : (int64_t)per_minute * TOKEN / MINUTE_S;
}

void
limiter_init(struct limiter *l, long per_minute, int64_t now_us)
{
	set_rate(l, per_minute);
	l->level = l->size;
	l->at_us = now_us;
}

void
limiter_change(struct limiter *l, long per_minute, int64_t now_us)
{
	fill(l, now_us);
	set_rate(l, per_minute);
	if (l->level > l->size)
		l->level = l->size;
}

long
limiter_room(struct limiter *l, int64_t now_us)
{
	fill(l, now_us);
	return l->level < TOKEN ? 0 : (long)(l->level / TOKEN);
}

void
limiter_take(struct limiter *l, int64_t now_us)
{
	fill(l, now_us);
	l->level -= TOKEN;
}

void
limiter_give_back(struct limiter *l, int64_t now_us)
{
	l->level += TOKEN;
	fill(l, now_us);
}

int64_t
limiter_next_us(struct limiter *l, int64_t now_us)
{
	fill(l, now_us);
	if (l->level >= TOKEN)
		return now_us;
	return now_us + (TOKEN - l->level) * MINUTE_S / l->per_minute + 1;
}
