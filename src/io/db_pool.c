#include "io/db_pool.h"

#include <libpq-fe.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

enum {
	/* Waiting between attempts to connect, and for one to succeed. */
	RETRY_BASE_US = 50 * 1000,
	RETRY_CAP_US = 5 * 1000 * 1000,
	CONNECT_US = 2 * 1000 * 1000,
	/*
	 * A statement that the server should have cut off itself (the role's
	 * statement_timeout is 700 ms) and has not: the server hangs.
	 */
	PATIENCE_US = 850 * 1000,
	/* Not worth another try with less than this to go. */
	REPEAT_MIN_US = 50 * 1000,
	TRIES_MAX = 3,
	/*
	 * A restart is over in a second, and callers wait for it; an outage
	 * that lasts longer is answered at once.
	 */
	GRACE_US = 2 * 1000 * 1000,
};

enum state { DOWN, CONNECTING, PREPARING, IDLE, BUSY };

struct db_session {
	struct db_pool *pool;
	enum state state;
	PGconn *conn;
	struct loop_source source;
	struct loop_timer timer; /* next attempt, or end of patience */
	unsigned failures;       /* in a row */
	struct db_call *call;    /* NULL in BUSY: its caller is gone */
	PGresult *result;        /* of the statement under way */
	bool wants_write;
};

struct db_pool {
	struct loop *loop;
	struct db_pool_options options;
	struct db_session *sessions;
	struct db_call *first; /* waiting */
	struct db_call *last;
	size_t waiting;
	bool was_up;     /* as last logged */
	int64_t down_us; /* since when no session is usable */
	char why[256];   /* the last failure, for the answers */
};

static void connect_session(struct db_session *s);
static void dispatch(struct db_pool *p);

bool
db_pool_is_up(const struct db_pool *p)
{
	long i;

	for (i = 0; i < p->options.connections; i++)
		if (p->sessions[i].state == IDLE ||
		    p->sessions[i].state == BUSY)
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

static void
call_is_late(struct loop_timer *t)
{
	struct db_call *call = OWNER_OF(t, struct db_call, timer);
	struct db_pool *p = call->pool;
	char why[sizeof(p->why) + 64];

	if (call->session != NULL)
		call->session->call = NULL;
	else
		unqueue(p, call);
	if (db_pool_is_up(p))
		(void)snprintf(why, sizeof(why), "no answer in time");
	else
		(void)snprintf(why, sizeof(why), "no database: %s", p->why);
	fail_call(call, RC_BUSY, why);
}

void
db_pool_submit(struct db_pool *p, struct db_call *call)
{
	char why[sizeof(p->why) + 64];

	call->pool = p;
	call->session = NULL;
	call->tries = 0;
	call->timer = (struct loop_timer){ .on_due = call_is_late };
	if (p->waiting >= LIMIT_WAITING) {
		fail_call(call, RC_BUSY, "too many requests are waiting");
		return;
	}
	if (!db_pool_is_up(p) && clock_us() - p->down_us > GRACE_US) {
		(void)snprintf(why, sizeof(why), "no database: %s", p->why);
		fail_call(call, RC_BUSY, why);
		return;
	}
	loop_timer_set(p->loop, &call->timer, call->deadline_us);
	enqueue(p, call, false);
	dispatch(p);
}

void
db_pool_cancel(struct db_pool *p, struct db_call *call)
{
	loop_timer_stop(p->loop, &call->timer);
	if (call->session != NULL)
		call->session->call = NULL;
	else
		unqueue(p, call);
}

/* Sends it again, or gives up for the reason given. */
static void
repeat_call(struct db_pool *p, struct db_call *call, const char *why)
{
	call->session = NULL;
	if (call->tries >= TRIES_MAX ||
	    call->deadline_us - clock_us() < REPEAT_MIN_US)
		fail_call(call, RC_BUSY, why);
	else
		enqueue(p, call, true);
}

/* ---- sessions ---------------------------------------------------------- */

/* Logs when the pool as a whole comes and goes, and not every attempt. */
static void
note_state(struct db_pool *p)
{
	bool up = db_pool_is_up(p);

	if (up == p->was_up)
		return;
	p->was_up = up;
	if (up) {
		log_info("database: connected");
	} else {
		p->down_us = clock_us();
		log_warn("database: away: %s", p->why);
	}
}

static void
note_reason(struct db_pool *p, const char *why)
{
	size_t len = strcspn(why, "\n");

	(void)snprintf(p->why, sizeof(p->why), "%.*s", (int)len, why);
}

/* Closes it, tries again later, and sends its call elsewhere. */
static void
lose_session(struct db_session *s, const char *why)
{
	struct db_pool *p = s->pool;
	struct db_call *call = s->call;
	char reason[sizeof(p->why)];

	note_reason(p, why);
	memcpy(reason, p->why, sizeof(reason));
	if (s->state == IDLE || s->state == BUSY)
		s->failures = 0;
	loop_remove(p->loop, &s->source);
	PQclear(s->result);
	PQfinish(s->conn);
	s->result = NULL;
	s->conn = NULL;
	s->call = NULL;
	s->state = DOWN;
	loop_timer_set(p->loop, &s->timer,
	    clock_us() + 1000 +
		clock_backoff_us(s->failures, RETRY_BASE_US, RETRY_CAP_US));
	s->failures++;
	note_state(p);
	if (call != NULL)
		repeat_call(p, call, reason);
	dispatch(p);
}

static void
lose_with_message(struct db_session *s)
{
	char why[256];

	/* The message lies in the connection that is about to go. */
	(void)snprintf(why, sizeof(why), "%s", PQerrorMessage(s->conn));
	lose_session(s, why[0] != '\0' ? why : "the connection was closed");
}

static void
timer_is_due(struct loop_timer *t)
{
	struct db_session *s = OWNER_OF(t, struct db_session, timer);

	switch (s->state) {
	case DOWN:
		connect_session(s);
		break;
	case CONNECTING:
	case PREPARING:
		lose_session(s, "the server does not answer a new connection");
		break;
	case BUSY:
		log_warn("database: a statement was not answered in %d ms; the "
			 "connection is given up",
		    PATIENCE_US / 1000);
		lose_session(s, "the server does not answer");
		break;
	case IDLE:
		break;
	}
}

static void
become_idle(struct db_session *s)
{
	s->state = IDLE;
	s->failures = 0;
	loop_timer_stop(s->pool->loop, &s->timer);
	note_state(s->pool);
}

/* Pushes out what libpq holds; asks to be called again for the rest. */
static bool
flush(struct db_session *s)
{
	int more = PQflush(s->conn);

	if (more < 0)
		return false;
	if ((more == 1) != s->wants_write) {
		s->wants_write = more == 1;
		loop_change(s->pool->loop, &s->source,
		    s->wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
	}
	return true;
}

static bool
send_prepares(struct db_session *s)
{
	const struct db_pool_options *o = &s->pool->options;
	size_t i;

	if (PQenterPipelineMode(s->conn) != 1)
		return false;
	for (i = 0; i < o->stmt_count; i++)
		if (PQsendPrepare(s->conn, o->stmts[i]->name, o->stmts[i]->sql,
			o->stmts[i]->params, NULL) != 1)
			return false;
	return PQpipelineSync(s->conn) == 1 && flush(s);
}

/* libpq would print it to stderr, past the log. */
static void
drop_notice(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

static void
is_connected(struct db_session *s)
{
	(void)PQsetNoticeProcessor(s->conn, drop_notice, NULL);
	(void)PQsetnonblocking(s->conn, 1);
	/* Details of an error carry values; they have no place in a log. */
	(void)PQsetErrorVerbosity(s->conn, PQERRORS_SQLSTATE);
	loop_change(s->pool->loop, &s->source, EPOLLIN);
	if (!s->pool->options.prepare) {
		become_idle(s);
		dispatch(s->pool);
		return;
	}
	s->state = PREPARING;
	if (!send_prepares(s))
		lose_with_message(s);
}

static void
go_on_connecting(struct db_session *s)
{
	uint32_t events;

	switch (PQconnectPoll(s->conn)) {
	case PGRES_POLLING_READING:
		events = EPOLLIN;
		break;
	case PGRES_POLLING_WRITING:
		events = EPOLLOUT;
		break;
	case PGRES_POLLING_OK:
		s->source.fd = PQsocket(s->conn);
		is_connected(s);
		return;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
	default:
		lose_with_message(s);
		return;
	}
	/* libpq may have gone to the next host, with another socket. */
	if (s->source.fd != PQsocket(s->conn))
		s->source.active = false;
	s->source.fd = PQsocket(s->conn);
	loop_change(s->pool->loop, &s->source, events);
}

static void
go_on_preparing(struct db_session *s)
{
	ExecStatusType status;
	char why[256] = "";
	PGresult *r;
	bool synced = false;

	while (!PQisBusy(s->conn) && !synced) {
		r = PQgetResult(s->conn);
		if (r == NULL)
			continue;
		status = PQresultStatus(r);
		if (status == PGRES_FATAL_ERROR && why[0] == '\0')
			(void)snprintf(why, sizeof(why),
			    "cannot prepare a statement: %s (is the schema "
			    "migrated?)",
			    PQresultErrorField(r, PG_DIAG_SQLSTATE));
		synced = status == PGRES_PIPELINE_SYNC;
		PQclear(r);
	}
	if (!synced)
		return;
	if (why[0] != '\0' || PQexitPipelineMode(s->conn) != 1) {
		lose_session(s, why);
		return;
	}
	become_idle(s);
	dispatch(s->pool);
}

/* The statement is through: hand out its rows, or decide what its error is. */
static void
settle(struct db_session *s)
{
	struct db_pool *p = s->pool;
	struct db_call *call = s->call;
	PGresult *r = s->result;
	const char *state;
	char why[64];

	s->call = NULL;
	s->result = NULL;
	become_idle(s);
	if (r == NULL || PQresultStatus(r) == PGRES_TUPLES_OK) {
		if (call != NULL && r != NULL)
			finish_call(call, RC_OK, (const struct rows *)r, NULL);
		else if (call != NULL)
			fail_call(call, RC_FAULT, "no result");
		PQclear(r);
		dispatch(p);
		return;
	}
	state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	(void)snprintf(
	    why, sizeof(why), "SQLSTATE %s", state != NULL ? state : "unknown");
	switch (db_judge(state)) {
	case DB_RECONNECT:
		s->call = call;
		PQclear(r);
		lose_session(s, why);
		return;
	case DB_REPEAT:
		if (call != NULL)
			repeat_call(p, call, why);
		break;
	case DB_TIMEOUT:
	case DB_TROUBLE:
		if (call != NULL)
			fail_call(call, RC_BUSY, why);
		break;
	case DB_FAULT:
		if (call != NULL)
			fail_call(call, RC_FAULT, why);
		break;
	}
	PQclear(r);
	dispatch(p);
}

static void
collect(struct db_session *s)
{
	PGresult *r;

	while (!PQisBusy(s->conn)) {
		r = PQgetResult(s->conn);
		if (r == NULL) {
			settle(s);
			return;
		}
		/* Only the first counts; a broken connection adds one. */
		if (s->result == NULL)
			s->result = r;
		else
			PQclear(r);
	}
}

static void
session_is_ready(struct loop_source *source, uint32_t events)
{
	struct db_session *s = OWNER_OF(source, struct db_session, source);

	if (s->state == CONNECTING) {
		go_on_connecting(s);
		return;
	}
	if ((events & EPOLLOUT) != 0 && !flush(s)) {
		lose_with_message(s);
		return;
	}
	if ((events & ~(uint32_t)EPOLLOUT) == 0)
		return;
	if (PQconsumeInput(s->conn) != 1) {
		/* An error that came first (57P01) says more. */
		if (s->state == BUSY && s->result == NULL && !PQisBusy(s->conn))
			collect(s);
		else
			lose_with_message(s);
		return;
	}
	switch (s->state) {
	case PREPARING:
		go_on_preparing(s);
		break;
	case BUSY:
		collect(s);
		break;
	case IDLE:
		/* Notices and parameter changes; nothing of ours. */
		if (PQstatus(s->conn) != CONNECTION_OK)
			lose_with_message(s);
		break;
	case DOWN:
	case CONNECTING:
		break;
	}
}

static void
connect_session(struct db_session *s)
{
	const struct db_pool_options *o = &s->pool->options;
	/* What stands before dbname is a default, behind it a demand. */
	const char *const keywords[] = { "fallback_application_name",
		"tcp_user_timeout", "keepalives_idle", "keepalives_interval",
		"keepalives_count", "gssencmode", "dbname", "client_encoding",
		NULL };
	const char *const values[] = { o->application_name, "5000", "10", "5",
		"3", "disable", o->conninfo, "UTF8", NULL };

	s->state = CONNECTING;
	s->wants_write = false;
	s->conn = PQconnectStartParams(keywords, values, 1);
	if (s->conn == NULL)
		fatal("out of memory");
	if (PQstatus(s->conn) == CONNECTION_BAD) {
		lose_with_message(s);
		return;
	}
	loop_timer_set(s->pool->loop, &s->timer, clock_us() + CONNECT_US);
	s->source.fd = PQsocket(s->conn);
	loop_add(s->pool->loop, &s->source, EPOLLOUT);
}

/* ---- sending ----------------------------------------------------------- */

static bool
send_statement(struct db_session *s, const struct db_call *call)
{
	const struct stmt *stmt = call->stmt;
	int sent;

	if (s->pool->options.prepare)
		sent = PQsendQueryPrepared(s->conn, stmt->name, stmt->params,
		    call->args, NULL, NULL, 0);
	else
		sent = PQsendQueryParams(s->conn, stmt->sql, stmt->params, NULL,
		    call->args, NULL, NULL, 0);
	return sent == 1 && flush(s);
}

static struct db_session *
find_idle(struct db_pool *p)
{
	long i;

	for (i = 0; i < p->options.connections; i++)
		if (p->sessions[i].state == IDLE)
			return &p->sessions[i];
	return NULL;
}

/* Gives waiting calls to idle sessions. */
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
		s->state = BUSY;
		if (!send_statement(s, call)) {
			lose_with_message(s);
			continue;
		}
		loop_timer_set(p->loop, &s->timer, clock_us() + PATIENCE_US);
	}
}

struct db_pool *
db_pool_new(struct loop *l, const struct db_pool_options *options)
{
	struct db_pool *p;
	long i;

	p = calloc(1, sizeof(*p));
	if (p == NULL)
		fatal("out of memory");
	p->loop = l;
	p->options = *options;
	p->down_us = clock_us();
	note_reason(p, "still connecting");
	p->sessions =
	    calloc((size_t)options->connections, sizeof(*p->sessions));
	if (p->sessions == NULL)
		fatal("out of memory");
	for (i = 0; i < options->connections; i++) {
		p->sessions[i].pool = p;
		p->sessions[i].source.on_ready = session_is_ready;
		p->sessions[i].timer.on_due = timer_is_due;
		connect_session(&p->sessions[i]);
	}
	return p;
}

void
db_pool_free(struct db_pool *p)
{
	struct db_session *s;
	long i;

	for (i = 0; i < p->options.connections; i++) {
		s = &p->sessions[i];
		loop_timer_stop(p->loop, &s->timer);
		if (s->conn == NULL)
			continue;
		loop_remove(p->loop, &s->source);
		PQclear(s->result);
		PQfinish(s->conn);
	}
	free(p->sessions);
	free(p);
}
