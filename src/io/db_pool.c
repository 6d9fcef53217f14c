#include "io/db_pool.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

enum {
	/* Not worth another try with less than this to go. */
	REPEAT_MIN_US = 50 * 1000,
	TRIES_MAX = 3,
	/*
	 * A restart is over in a second, and callers wait for it; an outage
	 * that lasts longer is answered at once.
	 */
	GRACE_US = 2 * 1000 * 1000,
};

struct db_session {
	struct db_link link;
	struct db_pool *pool;
	struct db_call *call; /* NULL on a busy link: its caller is gone */
	bool is_up;           /* as last counted */
};

struct db_pool {
	struct loop *loop;
	struct db_link_options options;
	struct db_link_options quiet; /* of the links that do not listen */
	void (*on_notify)(void *owner, const char *payload);
	void *owner;
	const char *name;
	struct db_pool *fallback;
	void (*on_connection)(bool is_up);
	struct db_session *sessions;
	size_t session_count;
	struct db_call *first; /* waiting */
	struct db_call *last;
	size_t waiting;
	bool was_up;     /* as last logged */
	bool was_told;   /* ... or that it has not come up at all */
	int64_t down_us; /* since when no link is usable */
	size_t
	    unprepared; /* statements that the schema does not know, as logged */
	char why[256];  /* the last failure, for the answers */
};

static void dispatch(struct db_pool *p);

bool
db_pool_is_up(const struct db_pool *p)
{
	size_t i;

	for (i = 0; i < p->session_count; i++)
		if (p->sessions[i].link.state == DB_LINK_IDLE ||
		    p->sessions[i].link.state == DB_LINK_BUSY)
			return true;
	return false;
}

/* ---- calls ------------------------------------------------------------- */

static void
finish_call(struct db_call *call, enum rc rc, const struct rows *rows,
    const struct err *e)
{
	loop_timer_stop(call->pool->loop, &call->timer);
	call->session = NULL;
	call->on_done(call, rc, rows, e);
}

static void
fail_call(struct db_call *call, enum rc rc, const char *why)
{
	struct err e;

	(void)err_set(&e, rc, rc == RC_BUSY ? "unavailable" : "fault", "%s: %s",
	    call->stmt->name, why);
	finish_call(call, rc, NULL, &e);
}

static void
fail_without_database(struct db_call *call)
{
	char why[sizeof(call->pool->why) + 16];

	(void)snprintf(why, sizeof(why), "no database: %s", call->pool->why);
	fail_call(call, RC_BUSY, why);
}

/* Detached from its pool, to the pool behind that. */
static void
hand_over(struct db_call *call)
{
	loop_timer_stop(call->pool->loop, &call->timer);
	db_pool_submit(call->pool->fallback, call);
}

static void
enqueue(struct db_pool *p, struct db_call *call, bool in_front)
{
	p->waiting++;
	call->session = NULL;
	call->next = NULL;
	if (p->first == NULL) {
		p->first = p->last = call;
	} else if (in_front) {
		call->next = p->first;
		p->first = call;
	} else {
		p->last->next = call;
		p->last = call;
	}
}

static void
unqueue(struct db_pool *p, struct db_call *call)
{
	struct db_call **at, *before = NULL;

	for (at = &p->first; *at != NULL; at = &(*at)->next) {
		if (*at != call) {
			before = *at;
			continue;
		}
		*at = call->next;
		if (p->last == call)
			p->last = before;
		p->waiting--;
		return;
	}
}

/* Takes it out of the queue, or off its link. */
static void
detach(struct db_pool *p, struct db_call *call)
{
	if (call->session != NULL)
		call->session->call = NULL;
	else
		unqueue(p, call);
}

static void
call_is_late(struct loop_timer *t)
{
	struct db_call *call = OWNER_OF(t, struct db_call, timer);

	detach(call->pool, call);
	if (call->pool->fallback != NULL &&
	    call->deadline_us - clock_us() >= REPEAT_MIN_US)
		hand_over(call);
	else if (db_pool_is_up(call->pool))
		fail_call(call, RC_BUSY, "no answer in time");
	else
		fail_without_database(call);
}

/* When to stop waiting for this pool: the one behind it needs time, too. */
static int64_t
latest_us(const struct db_pool *p, const struct db_call *call)
{
	const int64_t patience_us = clock_us() + p->options.patience_ms * 1000;

	return p->fallback != NULL && patience_us < call->deadline_us
		   ? patience_us
		   : call->deadline_us;
}

void
db_pool_submit(struct db_pool *p, struct db_call *call)
{
	call->pool = p;
	call->session = NULL;
	call->is_answered = false;
	call->tries = 0;
	call->timer = (struct loop_timer){ .on_due = call_is_late };
	if (p->fallback != NULL &&
	    (p->waiting >= LIMIT_WAITING || !db_pool_is_up(p))) {
		hand_over(call);
		return;
	}
	if (p->waiting >= LIMIT_WAITING) {
		fail_call(call, RC_BUSY, "too many requests are waiting");
		return;
	}
	if (!db_pool_is_up(p) && clock_us() - p->down_us > GRACE_US) {
		fail_without_database(call);
		return;
	}
	loop_timer_set(p->loop, &call->timer, latest_us(p, call));
	enqueue(p, call, false);
	dispatch(p);
}

void
db_pool_cancel(struct db_pool *p, struct db_call *call)
{
	loop_timer_stop(p->loop, &call->timer);
	detach(p, call);
}

/* Sends it again, or gives up for the reason given. */
static void
repeat_call(struct db_pool *p, struct db_call *call, const char *why)
{
	call->session = NULL;
	if (call->deadline_us - clock_us() < REPEAT_MIN_US)
		fail_call(call, RC_BUSY, why);
	else if (p->fallback != NULL)
		hand_over(call);
	else if (call->tries >= TRIES_MAX)
		fail_call(call, RC_BUSY, why);
	else
		enqueue(p, call, true);
}

/* ---- links ------------------------------------------------------------- */

/* Logs when the pool as a whole comes and goes, and not every attempt. */
static void
note_state(struct db_pool *p)
{
	bool up = db_pool_is_up(p);

	if (up == p->was_up && (up || p->was_told))
		return;
	p->was_told = true;
	p->was_up = up;
	if (up) {
		log_info("%s: connected", p->name);
	} else {
		p->down_us = clock_us();
		log_warn("%s: away: %s", p->name, p->why);
	}
}

/* Each connection would say the same. */
static void
note_unprepared(struct db_pool *p, size_t count)
{
	if (count == p->unprepared)
		return;
	p->unprepared = count;
	if (count > 0)
		log_warn("%s: its schema is older than this program: %zu "
			 "statements fail until it is migrated (frontlinectl "
			 "migrate)",
		    p->name, count);
}

/* One has found a server: the others need not search. */
static void
call_others(struct db_pool *p, const struct db_link *found)
{
	size_t i;

	for (i = 0; i < p->session_count; i++)
		db_link_follow(&p->sessions[i].link, found);
}

static void
hand_over_waiting(struct db_pool *p)
{
	struct db_call *call;

	while ((call = p->first) != NULL) {
		unqueue(p, call);
		hand_over(call);
	}
}

static void
count_connection(struct db_session *s, bool is_up)
{
	if (s->is_up == is_up)
		return;
	s->is_up = is_up;
	if (s->pool->on_connection != NULL)
		s->pool->on_connection(is_up);
}

static void
link_is_up(struct db_link *l)
{
	struct db_session *s = OWNER_OF(l, struct db_session, link);
	struct db_pool *p = s->pool;

	count_connection(s, true);
	if (!p->was_up)
		call_others(p, l);
	note_state(p);
	note_unprepared(p, l->unprepared_count);
	if (l->options->listen != NULL)
		p->on_notify(p->owner, NULL);
	dispatch(p);
}

static void
link_is_notified(struct db_link *l, const char *payload)
{
	struct db_pool *p = OWNER_OF(l, struct db_session, link)->pool;

	p->on_notify(p->owner, payload);
}

static void
link_is_lost(struct db_link *l, const char *why)
{
	struct db_session *s = OWNER_OF(l, struct db_session, link);
	struct db_call *call = s->call;

	(void)snprintf(s->pool->why, sizeof(s->pool->why), "%s", why);
	s->call = NULL;
	count_connection(s, false);
	note_state(s->pool);
	if (call != NULL)
		repeat_call(s->pool, call, why);
	if (s->pool->fallback != NULL && !db_pool_is_up(s->pool))
		hand_over_waiting(s->pool);
	dispatch(s->pool);
}

/* Decides what an error of the server means for the call that met it. */
static void
judge(struct db_session *s, struct db_call *call, const char *state)
{
	char why[64];

	if (state != NULL)
		(void)snprintf(why, sizeof(why), "SQLSTATE %s", state);
	else
		(void)snprintf(why, sizeof(why), "the connection was lost");
	if (call != NULL)
		call->is_answered = db_judge(state) != DB_RECONNECT;
	switch (db_judge(state)) {
	case DB_RECONNECT:
		db_link_drop(&s->link);
		s->call = call;
		link_is_lost(&s->link, why);
		return;
	case DB_REPEAT:
		if (call != NULL)
			repeat_call(s->pool, call, why);
		break;
	case DB_TIMEOUT:
	case DB_TROUBLE:
		if (call != NULL && s->pool->fallback != NULL)
			repeat_call(s->pool, call, why);
		else if (call != NULL)
			fail_call(call, RC_BUSY, why);
		break;
	case DB_FAULT:
		if (call != NULL)
			fail_call(call, RC_FAULT, why);
		break;
	}
}

static void
result_is_here(struct db_link *l, const struct rows *rows, const char *state)
{
	struct db_session *s = OWNER_OF(l, struct db_session, link);
	struct db_pool *p = s->pool;
	struct db_call *call = s->call;

	s->call = NULL;
	if (rows == NULL)
		judge(s, call, state);
	else if (call != NULL) {
		call->is_answered = true;
		finish_call(call, RC_OK, rows, NULL);
	}
	dispatch(p);
}

static struct db_session *
find_idle(struct db_pool *p)
{
	size_t i;

	for (i = 0; i < p->session_count; i++)
		if (p->sessions[i].link.state == DB_LINK_IDLE)
			return &p->sessions[i];
	return NULL;
}

/* Gives waiting calls to idle links. */
static void
dispatch(struct db_pool *p)
{
	struct db_session *s;
	struct db_call *call;

	while (p->first != NULL && (s = find_idle(p)) != NULL) {
		call = p->first;
		unqueue(p, call);
		call->session = s;
		call->tries++;
		s->call = call;
		db_link_send(&s->link, call->stmt, call->args);
	}
}

/* ---- life cycle -------------------------------------------------------- */

struct db_pool *
db_pool_new(struct loop *l, const struct db_pool_options *options)
{
	struct db_session *s;
	struct db_pool *p;
	size_t i;

	p = calloc(1, sizeof(*p));
	if (p == NULL)
		fatal("out of memory");
	p->loop = l;
	p->options = p->quiet = options->link;
	p->quiet.listen = NULL;
	p->on_notify = options->on_notify;
	p->owner = options->owner;
	p->name = options->name;
	p->fallback = options->fallback;
	p->on_connection = options->on_connection;
	p->down_us = clock_us();
	(void)snprintf(p->why, sizeof(p->why), "still connecting");
	p->session_count = (size_t)options->connections;
	p->sessions = calloc(p->session_count, sizeof(*p->sessions));
	if (p->sessions == NULL)
		fatal("out of memory");
	for (i = 0; i < p->session_count; i++) {
		s = &p->sessions[i];
		s->pool = p;
		s->link.loop = l;
		/* One listener is enough; the others would say the same. */
		s->link.options = i == 0 ? &p->options : &p->quiet;
		s->link.on_up = link_is_up;
		s->link.on_result = result_is_here;
		s->link.on_notify = link_is_notified;
		s->link.on_lost = link_is_lost;
		db_link_start(&s->link);
	}
	return p;
}

void
db_pool_free(struct db_pool *p)
{
	size_t i;

	for (i = 0; i < p->session_count; i++)
		db_link_stop(&p->sessions[i].link);
	free(p->sessions);
	free(p);
}
