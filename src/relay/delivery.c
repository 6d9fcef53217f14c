#include "relay/delivery.h"

#include "base/clock.h"
#include "base/log.h"
#include "core/metrics.h"
#include "relay/front.h"
#include "relay/kinds.h"

enum {
	/* A statement of ours; the role's statement_timeout is longer. */
	ASK_US = 5 * 1000 * 1000,
	/* Between tries of one that the database did not answer. */
	AGAIN_US = 200 * 1000,
	/*
	 * A request that did not leave so soon after its mark (the process
	 * was stopped, the machine swapped) is marked anew, for the mark is
	 * what looks at the lease.
	 */
	MARK_US = 2 * 1000 * 1000,
	/* Before a lease that was used up is taken anew. */
	SHORT_MS = 1000,
	/* What a lease must last beyond the longest call. */
	MARGIN_MS = 1000,
	TOO_MANY_REQUESTS = 429,
	/* Of the words for an outcome, with room for a whole message. */
	REASON_MAX = 320,
};

/* ---- life and end ------------------------------------------------------ */

static void
drop_json(void *handle)
{
	json_decref(handle);
}

static void
append(struct delivery **list, struct delivery *d)
{
	d->next = NULL;
	while (*list != NULL)
		list = &(*list)->next;
	*list = d;
}

static void
take_out(struct delivery **list, const struct delivery *d)
{
	for (; *list != NULL; list = &(*list)->next)
		if (*list == d) {
			*list = d->next;
			return;
		}
}

static void again_is_due(struct loop_timer *t);
static void pause_is_over(struct loop_timer *t);

void
delivery_new(struct destination *destination, const struct rows *rows, int row,
    int64_t claimed_us)
{
	struct delivery *d;
	struct arena *a;

	a = arena_new();
	d = arena_alloc(a, sizeof(*d));
	d->arena = a;
	d->destination = destination;
	d->settings = settings_hold(destination->relay->settings);
	d->peer = destination->row->peer;
	d->again.on_due = again_is_due;
	d->pause.on_due = pause_is_over;
	queue_claim_read(rows, row, destination->name, a, &d->job);
	d->began_us = clock_us();
	d->lease_end_us = claimed_us + d->job.lease_ms * 1000;
	d->after = destination->in_hand;
	if (d->after != NULL)
		d->after->before = d;
	destination->in_hand = d;
	destination->count++;
	/* Now, or the next claim would count on the same token. */
	limiter_take(&destination->limiter, clock_us());
	d->paid = true;
	append(&destination->relay->claimed, d);
}

void
delivery_forget(struct delivery *d)
{
	struct destination *destination = d->destination;
	struct relay *r = destination->relay;

	loop_timer_stop(r->loop, &d->again);
	loop_timer_stop(r->loop, &d->pause);
	if (d->asking)
		db_pool_cancel(r->db, &d->db);
	http_cancel(&d->http);
	take_out(&r->claimed, d);
	take_out(&r->answered, d);
	if (d->before != NULL)
		d->before->after = d->after;
	else
		destination->in_hand = d->after;
	if (d->after != NULL)
		d->after->before = d->before;
	destination->count--;
	/* One that asked for nothing must not slow down the others. */
	if (d->paid)
		limiter_give_back(&destination->limiter, clock_us());
	settings_release(d->settings);
	arena_free(d->arena);
}

/* One line for each attempt. */
static void
log_end(const struct delivery *d, const char *outcome, const char *why)
{
	const int64_t us = clock_us() - d->began_us;
	char line[512];

	/* What the database did not hear of has its outcome all the same. */
	if (!d->settled)
		metrics_count(METRIC_ATTEMPTS, d->destination->name,
		    d->job.kind, outcome);
	(void)snprintf(line, sizeof(line),
	    "job=%s kind=%s lane=%s attempt=%ld outcome=%s ms=%lld.%03lld"
	    "%s%s%s",
	    d->job.job_id, d->job.kind, d->job.lease.key, d->job.attempt,
	    outcome, (long long)us / 1000, (long long)us % 1000,
	    why != NULL ? " reason=\"" : "", why != NULL ? why : "",
	    why != NULL ? "\"" : "");
	/* A dead letter waits for a person. */
	if (strcmp(outcome, queue_outcome_name(QUEUE_DEAD)) == 0)
		log_error("%s", line);
	else
		log_info("%s", line);
}

/* ---- statements -------------------------------------------------------- */

static void ask(struct delivery *d);

static void
again_is_due(struct loop_timer *t)
{
	ask(OWNER_OF(t, struct delivery, again));
}

static void
rows_are_here(struct db_call *call, enum rc rc, const struct rows *rows,
    const struct err *e)
{
	struct delivery *d = OWNER_OF(call, struct delivery, db);

	d->asking = false;
	switch (rc) {
	case RC_OK:
		d->on_rows(d, rows);
		return;
	case RC_BUSY:
		/* While the lease holds, nobody else can know better. */
		if (clock_us() + AGAIN_US < d->lease_end_us) {
			loop_timer_set(d->destination->relay->loop, &d->again,
			    clock_us() + AGAIN_US);
			return;
		}
		break;
	case RC_INVALID:
	case RC_REFUSED:
	case RC_NOT_FOUND:
	case RC_CONFLICT:
	case RC_FAULT:
		log_error("job=%s %s", d->job.job_id, e->text);
		if (!d->settled) {
			delivery_retry(d, &retry_fault, e->text);
			return;
		}
		break;
	}
	log_end(d, "left", "the database did not take the outcome");
	delivery_forget(d);
}

static void
ask(struct delivery *d)
{
	d->asking = true;
	d->db.deadline_us = clock_us() + ASK_US;
	d->db.on_done = rows_are_here;
	db_pool_submit(d->destination->relay->db, &d->db);
}

void
delivery_ask(struct delivery *d,
    void (*then)(struct delivery *d, const struct rows *rows))
{
	d->on_rows = then;
	ask(d);
}

/* ---- the outcome ------------------------------------------------------- */

static void
is_settled(struct delivery *d, const struct rows *rows)
{
	struct destination *destination = d->destination;
	const int64_t delay_us = d->delay_us;

	if (!queue_held(rows))
		log_warn("job=%s its lease was over before its outcome was "
			 "written",
		    d->job.job_id);
	delivery_forget(d);
	/* The database counts from before now: whoever looks then finds it. */
	destination_wake(destination, clock_us() + delay_us);
}

/* Whoever sends a dead letter again has to know. */
static const char *
with_doubt(struct delivery *d, const char *why)
{
	char text[REASON_MAX + 64];

	(void)snprintf(
	    text, sizeof(text), "%s; an earlier request may have arrived", why);
	return arena_copy(d->arena, text, strlen(text));
}

void
delivery_finish(struct delivery *d, enum queue_outcome outcome,
    const char *external_id, const char *why)
{
	if (outcome == QUEUE_DEAD && d->job.uncertain)
		why = with_doubt(d, why);
	log_end(d, queue_outcome_name(outcome), why);
	d->settled = true;
	d->delay_us = 0;
	queue_finish_bind(&d->db, &d->job.lease, outcome, external_id, why);
	delivery_ask(d, is_settled);
}

static void
put_back(struct delivery *d, const struct queue_retry *retry)
{
	metrics_count(METRIC_RETRIES, d->destination->name, NULL, NULL);
	d->settled = true;
	d->delay_us = retry->delay_ms * 1000;
	queue_retry_bind(&d->db, d->arena, &d->job.lease, retry);
	delivery_ask(d, is_settled);
}

static void
put_back_for(struct delivery *d, const struct retry_class *c, int64_t delay_ms,
    const char *why)
{
	const struct queue_retry retry = {
		.delay_ms = delay_ms,
		.error = why,
		/* An earlier attempt stays as uncertain as it was. */
		.not_sent = c->not_sent && d->marked,
		.refund = c->refund,
	};

	if (d->marked && !c->not_sent)
		metrics_count(
		    METRIC_UNCERTAIN, d->destination->name, NULL, NULL);
	log_end(d, c->name, why);
	put_back(d, &retry);
}

void
delivery_retry(struct delivery *d, const struct retry_class *c, const char *why)
{
	put_back_for(d, c, retry_delay_ms(c, d->job.attempt), why);
}

void
delivery_retry_in(struct delivery *d, const struct retry_class *c,
    int64_t delay_ms, const char *why)
{
	put_back_for(d, c, delay_ms, why);
}

void
delivery_wait(struct delivery *d, int64_t delay_ms, const char *why)
{
	const struct queue_retry retry = {
		.delay_ms = delay_ms,
		.error = why,
		.refund = true,
	};

	log_end(d, "waits", why);
	put_back(d, &retry);
}

static void
pause_is_over(struct loop_timer *t)
{
	struct delivery *d = OWNER_OF(t, struct delivery, pause);

	d->on_time(d);
}

void
delivery_pause(
    struct delivery *d, int64_t until_us, void (*then)(struct delivery *d))
{
	d->on_time = then;
	loop_timer_set(d->destination->relay->loop, &d->pause, until_us);
}

/* ---- the lease --------------------------------------------------------- */

static long
call_ms(const struct delivery *d)
{
	return d->total_ms > 0 ? d->total_ms
			       : d->settings->config.limits.call_timeout_ms;
}

static void
is_renewed(struct delivery *d, const struct rows *rows)
{
	if (!queue_held(rows)) {
		log_end(d, "left", "the lease is somebody else's");
		delivery_forget(d);
		return;
	}
	d->lease_end_us = d->renewed_us + d->job.lease_ms * 1000;
	d->on_lease(d);
}

/* Goes on with a lease that lasts for longer than a call, and its mark. */
static void
keep_lease(struct delivery *d, void (*then)(struct delivery *d))
{
	const int64_t need_us = (int64_t)(call_ms(d) + 2 * MARGIN_MS) * 1000;

	if (clock_us() + need_us + MARK_US < d->lease_end_us) {
		then(d);
		return;
	}
	d->on_lease = then;
	d->renewed_us = clock_us();
	queue_renew_bind(&d->db, &d->job.lease);
	delivery_ask(d, is_renewed);
}

/* ---- the peer ---------------------------------------------------------- */

static void
peer_answered(struct http_call *call, enum rc rc,
    const struct http_answer *answer, const struct err *e)
{
	struct delivery *d = OWNER_OF(call, struct delivery, http);

	d->http_rc = rc;
	if (rc == RC_OK)
		d->answer = *answer;
	else
		d->err = *e;
	append(&d->destination->relay->answered, d);
}

static void
transfer(struct delivery *d)
{
	const struct peer_request *r = &d->request;

	d->headers[0] = (struct http_header){ "Accept", "application/json" };
	d->headers[1] = (struct http_header){ "Content-Type", r->type };
	d->http = (struct http_call){
		.request = {
			.method = r->method,
			.url = r->url,
			.headers = d->headers,
			.header_count = r->type != NULL ? 2 : 1,
			.body = r->body,
			.body_len = r->body != NULL ? strlen(r->body) : 0,
			.parts = r->parts,
			.part_count = r->part_count,
			.total_ms = call_ms(d),
		},
		.arena = d->arena,
		.on_done = peer_answered,
	};
	d->peer->authorise(d, &d->http.request);
	if (!d->paid)
		limiter_take(&d->destination->limiter, clock_us());
	d->paid = false;
	http_submit(d->destination->relay->http, &d->http);
}

static void mark(struct delivery *d);

static void
is_marked(struct delivery *d, const struct rows *rows)
{
	if (!queue_held(rows)) {
		/* Lost, or used up by what went before: begin anew. */
		delivery_wait(
		    d, SHORT_MS, "the lease is too short for a request");
		return;
	}
	d->marked = true;
	if (clock_us() - d->mark_us > MARK_US)
		mark(d);
	else
		transfer(d);
}

static void
mark(struct delivery *d)
{
	uuid_make(d->uuid);
	if (d->prepare != NULL)
		d->prepare(d);
	d->mark_us = clock_us();
	queue_mark_bind(
	    &d->db, d->arena, &d->job.lease, d->uuid, call_ms(d) + MARGIN_MS);
	delivery_ask(d, is_marked);
}

static void
send_request(struct delivery *d)
{
	if (d->prepare == NULL && strcmp(d->request.method, "GET") == 0)
		transfer(d);
	else
		mark(d);
}

void
delivery_send(struct delivery *d,
    void (*then)(struct delivery *d, const struct peer_answer *answer))
{
	d->on_answer = then;
	d->on_fetched = NULL;
	keep_lease(d, send_request);
}

static void
fetch(struct delivery *d)
{
	d->http = (struct http_call){
		.request = d->fetch,
		.arena = d->arena,
		.on_done = peer_answered,
	};
	d->http.request.method = "GET";
	http_submit(d->destination->relay->http, &d->http);
}

void
delivery_fetch(struct delivery *d, void (*then)(struct delivery *d))
{
	d->on_fetched = then;
	d->total_ms = d->fetch.total_ms;
	keep_lease(d, fetch);
}

/* The peer is well, and somebody has to wait, or the peer is not. */
static void
fail(struct delivery *d, const struct retry_class *c, int64_t retry_after_ms,
    const char *why)
{
	int64_t wait_ms;

	destination_failed(d->destination, c);
	if (!c->holds) {
		wait_ms = retry_delay_ms(c, d->job.attempt);
		if (wait_ms < retry_after_ms)
			wait_ms = retry_after_ms;
		put_back_for(d, c, wait_ms, why);
		return;
	}
	wait_ms = destination_refused(d->destination, c, retry_after_ms);
	destination_hold(d->destination, c, wait_ms, why);
	put_back_for(d, c, wait_ms, why);
}

/* The others of the peer's get through, so they are not stopped. */
static void
hold_channel(struct delivery *d, const struct retry_class *c,
    const struct peer_answer *answer)
{
	int64_t wait_ms = retry_delay_ms(c, 1);

	if (wait_ms < answer->retry_after_ms)
		wait_ms = answer->retry_after_ms;
	wait_ms = front_hold(d, wait_ms, c->alarms);
	put_back_for(d, c, wait_ms, delivery_reason(d, answer));
}

void
delivery_settle(struct delivery *d)
{
	const struct retry_class *c;
	struct peer_answer answer;

	if (d->on_fetched != NULL) {
		d->on_fetched(d);
		return;
	}
	if (d->http_rc != RC_OK) {
		fail(d, retry_of_failure(d->err.code), 0, delivery_error(d));
		return;
	}
	d->peer->judge(d, &answer);
	if (answer.status == TOO_MANY_REQUESTS)
		metrics_count(METRIC_LIMITED, d->destination->name, NULL, NULL);
	c = retry_of_verdict(answer.verdict);
	if (c != NULL && d->channel != NULL && answer.only_channel) {
		destination_worked(d->destination);
		/* A token that was too old is made anew by asking again. */
		if (answer.status == 401 && !d->refused_once) {
			d->refused_once = true;
			delivery_send(d, d->on_answer);
			return;
		}
		hold_channel(d, c, &answer);
		return;
	}
	if (c != NULL) {
		if (!c->breaks && !c->holds)
			destination_worked(d->destination);
		fail(d, c, answer.retry_after_ms, delivery_reason(d, &answer));
		return;
	}
	destination_worked(d->destination);
	d->on_answer(d, &answer);
}

/* ---- the beginning ----------------------------------------------------- */

void
delivery_begin(struct delivery *d)
{
	const struct queue_job *j = &d->job;

	if (d->destination->relay->draining) {
		delivery_wait(d, 0, "the relay is stopping");
		return;
	}
	d->payload = json_loads(j->payload, 0, NULL);
	if (d->payload != NULL)
		arena_defer(d->arena, drop_json, d->payload);
	d->kind = kind_find(j->kind);
	/* What has arrived is not given up, however late that is known. */
	if (j->evidence != NULL) {
		if (d->kind != NULL && d->kind->believe != NULL)
			d->kind->believe(d);
		else
			delivery_finish(d, QUEUE_RECONCILED, j->evidence, NULL);
		return;
	}
	if (j->give_up != NULL) {
		if (d->kind != NULL && d->kind->give_up != NULL)
			d->kind->give_up(d);
		else
			delivery_finish(d, QUEUE_DEAD, NULL,
			    strcmp(j->give_up, "age") == 0
				? "too old"
				: "nobody who took it came back");
		return;
	}
	if (d->kind == NULL) {
		delivery_finish(d, QUEUE_DEAD, NULL,
		    "this relay does not know the kind of the job");
		return;
	}
	d->kind->start(d);
}
