#include "relay/upkeep.h"

#include "base/clock.h"
#include "base/log.h"
#include "core/metrics.h"
#include "store/queue.h"
#include "store/repair.h"

enum {
	SECOND_US = 1000 * 1000,
	CALL_US = 10 * SECOND_US,
	/* Routing callbacks that are still under way are not interfered with. */
	UNROUTED_MS = 30 * 1000,
	/*
	 * In one transaction, which holds the lock of routing: callbacks wait
	 * for it, and not for longer than their statement_timeout.
	 */
	UNROUTED_MAX = 10,
};

/* ---- the chores -------------------------------------------------------- */

static void
bind_housekeeping(struct chore *c)
{
	const struct config *config = &c->relay->settings->config;

	queue_housekeeping_bind(&c->call, c->arena, config->retention.job_days,
	    config->retention.message_days, config->retention.audit_days);
}

static bool
read_housekeeping(const struct rows *rows)
{
	struct housekeeping_row row;
	bool more = false;
	int i;

	for (i = 0; i < rows_count(rows); i++) {
		queue_housekeeping_read(rows, i, &row);
		if (strcmp(row.rows, "0") != 0)
			log_info("housekeeping: task=%s rows=%s", row.task,
			    row.rows);
		more |= row.more;
	}
	return more;
}

static void
bind_unrouted(struct chore *c)
{
	repair_unrouted_bind(&c->call, c->arena, UNROUTED_MS,
	    c->relay->settings->config.service.default_worker, UNROUTED_MAX);
}

static bool
read_unrouted(const struct rows *rows)
{
	struct repaired r;
	int i;

	for (i = 0; i < rows_count(rows); i++) {
		repair_unrouted_read(rows, i, &r);
		/* Of one that nobody takes we hear again and again. */
		if (strcmp(r.decision, "routed") == 0)
			metrics_add(METRIC_SWEEP_FINDS, "conversation", 1);
		log_info("sweep: conversation=%s decision=%s reason=\"%s\"",
		    r.conversation_sid, r.decision, r.reason);
	}
	return rows_count(rows) == UNROUTED_MAX;
}

/* clang-format off */
struct chore_row {
	const char *name;
	int64_t every_us;
	void (*bind)(struct chore *c);
	bool (*read)(const struct rows *rows); /* is there more to do? */
};
static const struct chore_row rows_of[CHORES] = {
	{ "housekeeping", INT64_C(3600) * SECOND_US, bind_housekeeping, read_housekeeping },
	{ "sweep",        INT64_C(10) * SECOND_US,   bind_unrouted,     read_unrouted },
};
/* clang-format on */

/* ---- doing them -------------------------------------------------------- */

static void
is_done(struct db_call *call, enum rc rc, const struct rows *rows,
    const struct err *e)
{
	struct chore *c = OWNER_OF(call, struct chore, call);
	const int64_t every_us = c->row->every_us;

	c->running = false;
	/* A fifth sooner or later, so that relays do not meet. */
	c->next_us = clock_us() + every_us - every_us / 5 +
		     clock_backoff_us(0, every_us * 2 / 5, every_us * 2 / 5);
	if (rc == RC_OK && c->row->read(rows)) {
		c->next_us = clock_us();
	} else if (rc != RC_OK) {
		log_warn("%s: %s", c->row->name, e->text);
		c->next_us = clock_us() + 10 * SECOND_US;
	}
}

static void
begin(struct chore *c, int64_t now_us)
{
	arena_reset(c->arena);
	c->running = true;
	c->call = (struct db_call){
		.deadline_us = now_us + CALL_US,
		.on_done = is_done,
	};
	c->row->bind(c);
	db_pool_submit(c->relay->db, &c->call);
}

void
upkeep_init(struct upkeep *u, struct relay *r)
{
	size_t i;

	for (i = 0; i < CHORES; i++)
		u->chores[i] = (struct chore){
			.relay = r,
			.row = &rows_of[i],
			.arena = arena_new(),
		};
}

void
upkeep_free(struct upkeep *u)
{
	struct chore *c;

	for (c = u->chores; c < u->chores + CHORES; c++) {
		if (c->running)
			db_pool_cancel(c->relay->db, &c->call);
		arena_free(c->arena);
	}
}

void
upkeep_tend(struct upkeep *u, int64_t now_us)
{
	struct chore *c;

	for (c = u->chores; c < u->chores + CHORES; c++)
		if (!c->running && !c->relay->draining && now_us >= c->next_us)
			begin(c, now_us);
}

int64_t
upkeep_next_us(const struct upkeep *u)
{
	int64_t next_us = INT64_MAX;
	const struct chore *c;

	for (c = u->chores; c < u->chores + CHORES; c++)
		if (!c->running && !c->relay->draining && c->next_us < next_us)
			next_us = c->next_us;
	return next_us;
}
