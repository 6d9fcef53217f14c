#include "relay/destination.h"

#include "base/clock.h"
#include "base/log.h"
#include "core/metrics.h"
#include "relay/delivery.h"
#include "store/queue.h"

enum {
	/* NOTIFY is a hint; whoever missed it finds the job so late. */
	POLL_US = 1000 * 1000,
	POLL_JITTER_US = POLL_US * 2 / 5,
	/*
	 * Longer than the server gives a statement: jobs that it has handed
	 * out must not be thrown away.
	 */
	CLAIM_US = 12 * 1000 * 1000,
	MINUTE_S = 60,
};

static long
twilio_rate(const struct config *c)
{
	return c->limits.twilio_per_second * MINUTE_S;
}

static long
front_rate(const struct config *c)
{
	return c->limits.front_per_minute;
}

const struct destination_row destination_rows[DESTINATIONS] = {
	{ "conversations", &peer_twilio, twilio_rate },
	{ "twilio_messages", &peer_twilio, twilio_rate },
	{ "lookups", &peer_twilio, twilio_rate },
	{ "front", &peer_front, front_rate },
};

static int64_t
next_poll_us(int64_t now_us)
{
	return now_us + POLL_US - POLL_JITTER_US / 2 +
	       clock_backoff_us(0, POLL_JITTER_US, POLL_JITTER_US);
}

void
destination_init(
    struct destination *d, struct relay *r, const struct destination_row *row)
{
	const struct config *c = &r->settings->config;

	*d = (struct destination){
		.relay = r,
		.row = row,
		.name = row->name,
		.due_us = INT64_MAX,
	};
	d->arena = arena_new();
	d->pause_arena = arena_new();
	limiter_init(&d->limiter, row->per_minute(c), clock_us());
}

void
destination_free(struct destination *d)
{
	if (d->claiming)
		db_pool_cancel(d->relay->db, &d->claim);
	if (d->pausing)
		db_pool_cancel(d->relay->db, &d->pause);
	while (d->in_hand != NULL)
		delivery_forget(d->in_hand);
	arena_free(d->arena);
	arena_free(d->pause_arena);
}

void
destination_adopt(struct destination *d)
{
	const struct config *c = &d->relay->settings->config;

	limiter_change(&d->limiter, d->row->per_minute(c), clock_us());
	breaker_probe(&d->breaker, clock_us());
	d->look_us = clock_us();
}

/* ---- claim ------------------------------------------------------------- */

void
destination_wake(struct destination *d, int64_t not_before_us)
{
	if (not_before_us <= clock_us())
		d->look_us = not_before_us;
	else if (not_before_us < d->due_us)
		d->due_us = not_before_us;
}

static int64_t
look_us(const struct destination *d)
{
	return d->due_us < d->look_us ? d->due_us : d->look_us;
}

static void
jobs_are_here(struct db_call *call, enum rc rc, const struct rows *rows,
    const struct err *e)
{
	struct destination *d = OWNER_OF(call, struct destination, claim);
	int i, n;

	d->claiming = false;
	if (rc != RC_OK) {
		if (rc == RC_FAULT)
			log_error("%s", e->text);
		return;
	}
	n = rows_count(rows);
	for (i = 0; i < n; i++)
		delivery_new(d, rows, i, d->asked_us);
	/* There may be more where these came from. */
	if (n == d->asked)
		d->look_us = clock_us();
}

/* How many more jobs could be sent at once. */
static long
find_room(struct destination *d, int64_t now_us)
{
	const long tokens = limiter_room(&d->limiter, now_us);
	long room = DESTINATION_JOBS - d->count;

	switch (breaker_look(&d->breaker, now_us)) {
	case BREAKER_OPEN:
		return 0;
	case BREAKER_HALF_OPEN:
		room = d->count == 0 ? 1 : 0;
		break;
	case BREAKER_CLOSED:
		break;
	}
	return room < tokens ? room : tokens;
}

void
destination_claim(struct destination *d, int64_t now_us)
{
	long room;

	if (d->relay->draining || d->claiming || now_us < look_us(d))
		return;
	room = find_room(d, now_us);
	if (room <= 0)
		return;
	arena_reset(d->arena);
	d->claiming = true;
	d->look_us = next_poll_us(now_us);
	if (d->due_us <= now_us)
		d->due_us = INT64_MAX;
	d->asked = room;
	d->asked_us = now_us;
	d->claim = (struct db_call){
		.deadline_us = now_us + CLAIM_US,
		.on_done = jobs_are_here,
	};
	queue_claim_bind(&d->claim, d->arena, d->name, room);
	db_pool_submit(d->relay->db, &d->claim);
}

int64_t
destination_next_us(struct destination *d, int64_t now_us)
{
	int64_t next_us = look_us(d), at_us;

	/* What is under way will end, and the loop comes by then. */
	if (d->relay->draining || d->claiming || d->count >= DESTINATION_JOBS)
		return INT64_MAX;
	if (d->breaker.until_us > 0 && d->count > 0)
		return INT64_MAX;
	if (d->breaker.until_us > next_us)
		next_us = d->breaker.until_us;
	at_us = limiter_next_us(&d->limiter, now_us);
	return at_us > next_us ? at_us : next_us;
}

/* ---- how the peer does ------------------------------------------------- */

void
destination_worked(struct destination *d)
{
	const bool was_open = d->breaker.until_us > 0;

	if (!breaker_worked(&d->breaker, clock_us()))
		return;
	if (was_open)
		log_info("%s: answers again", d->name);
	d->refusals = 0;
}

void
destination_failed(struct destination *d, const struct retry_class *c)
{
	if (!c->breaks || !breaker_failed(&d->breaker, clock_us()))
		return;
	metrics_count(METRIC_BREAKS, d->name, NULL, NULL);
	log_warn("%s: fails (%s), left alone for %lld ms", d->name, c->name,
	    (long long)(d->breaker.until_us - clock_us()) / 1000);
}

/* Sixteen refusals of one moment are one. */
int64_t
destination_refused(
    struct destination *d, const struct retry_class *c, int64_t retry_after_ms)
{
	const int64_t now_us = clock_us();
	int64_t wait_ms;

	if (breaker_look(&d->breaker, now_us) == BREAKER_OPEN)
		return (d->breaker.until_us - now_us) / 1000;
	wait_ms = retry_delay_ms(c, ++d->refusals);
	return wait_ms > retry_after_ms ? wait_ms : retry_after_ms;
}

static void
pause_is_done(struct db_call *call, enum rc rc, const struct rows *rows,
    const struct err *e)
{
	struct destination *d = OWNER_OF(call, struct destination, pause);

	(void)rows;
	d->pausing = false;
	/* Not before the database's is over, or nothing would be found. */
	if (breaker_look(&d->breaker, clock_us()) == BREAKER_OPEN)
		breaker_hold(&d->breaker, clock_us() + d->pause_us);
	if (rc != RC_OK)
		log_warn("%s: the other relays do not know that it is paused: "
			 "%s",
		    d->name, e->text);
}

void
destination_hold(struct destination *d, const struct retry_class *c,
    int64_t for_ms, const char *why)
{
	const int64_t now_us = clock_us();

	if (breaker_look(&d->breaker, now_us) == BREAKER_OPEN)
		return;
	breaker_hold(&d->breaker, now_us + for_ms * 1000);
	metrics_add(METRIC_PAUSES, d->name, (uint64_t)for_ms * 1000);
	if (c->alarms)
		log_error("%s: paused for %lld ms: %s", d->name,
		    (long long)for_ms, why);
	else
		log_warn("%s: paused for %lld ms: %s", d->name,
		    (long long)for_ms, why);
	if (d->pausing)
		return;
	arena_reset(d->pause_arena);
	d->pausing = true;
	d->pause_us = for_ms * 1000;
	d->pause = (struct db_call){
		.deadline_us = now_us + CLAIM_US,
		.on_done = pause_is_done,
	};
	queue_pause_bind(&d->pause, d->pause_arena, d->name, for_ms,
	    arena_copy(d->pause_arena, why, strlen(why)));
	db_pool_submit(d->relay->db, &d->pause);
}
