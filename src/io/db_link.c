#include "io/db_link.h"

#include <libpq-fe.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/db_conninfo.h"

enum {
	/* Waiting between attempts to connect, and for one to succeed. */
	RETRY_BASE_US = 50 * 1000,
	RETRY_CAP_US = 5 * 1000 * 1000,
	/*
	 * Where there are several hosts, one of them is to take over, and
	 * nobody says when: a look each half second, on average, finds it.
	 */
	SEARCH_CAP_US = 1 * 1000 * 1000,
	CONNECT_US = 2 * 1000 * 1000,
};

/* ---- going down -------------------------------------------------------- */

static void
turn_to_next_host(struct db_link *l)
{
	if (++l->host >= l->host_count)
		l->host = 0;
}

/*
 * How long to wait before the next attempt: not at all while there are hosts
 * that have not been tried since the last wait.
 */
static int64_t
next_wait_us(struct db_link *l)
{
	const int64_t cap_us = l->host_count > 1 ? SEARCH_CAP_US : RETRY_CAP_US;

	if (l->state == DB_LINK_IDLE || l->state == DB_LINK_BUSY) {
		l->failures = 0;
	} else {
		turn_to_next_host(l);
		if (++l->tried < l->host_count)
			return 0;
	}
	l->tried = 0;
	return clock_backoff_us(l->failures++, RETRY_BASE_US, cap_us);
}

void
db_link_drop(struct db_link *l)
{
	const int64_t wait_us = next_wait_us(l);

	loop_remove(l->loop, &l->source);
	PQclear(l->result);
	PQfinish(l->conn);
	l->result = NULL;
	l->conn = NULL;
	l->state = DB_LINK_DOWN;
	loop_timer_set(l->loop, &l->timer, clock_us() + 1000 + wait_us);
}

void
db_link_follow(struct db_link *l, const struct db_link *other)
{
	if (l->state != DB_LINK_DOWN)
		return;
	l->host = other->host;
	l->tried = 0;
	loop_timer_set(l->loop, &l->timer, clock_us());
}

static void
lose(struct db_link *l, const char *why)
{
	db_link_drop(l);
	l->on_lost(l, why);
}

static void
lose_with_message(struct db_link *l)
{
	char why[256];

	/* The message lies in the connection that is about to go. */
	(void)snprintf(why, sizeof(why), "%.*s",
	    (int)strcspn(PQerrorMessage(l->conn), "\n"),
	    PQerrorMessage(l->conn));
	lose(l, why[0] != '\0' ? why : "the connection was closed");
}

/* ---- coming up --------------------------------------------------------- */

static void
come_up(struct db_link *l)
{
	l->state = DB_LINK_IDLE;
	l->failures = 0;
	l->tried = 0;
	loop_timer_stop(l->loop, &l->timer);
	l->on_up(l);
}

static void
advise(struct db_link *l, const char *state)
{
	const char *advice = db_advice(state);

	if (advice == NULL || l->advised)
		return;
	l->advised = true;
	log_warn("database: SQLSTATE %s: %s", state, advice);
}

/* Pushes out what libpq holds; asks to be called again for the rest. */
static bool
flush(struct db_link *l)
{
	int more = PQflush(l->conn);

	if (more < 0)
		return false;
	if ((more == 1) != l->wants_write) {
		l->wants_write = more == 1;
		loop_change(l->loop, &l->source,
		    l->wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
	}
	return true;
}

static bool
send_prepares(struct db_link *l)
{
	const struct db_link_options *o = l->options;
	size_t i;

	if (PQenterPipelineMode(l->conn) != 1)
		return false;
	l->answered = 0;
	l->unprepared_count = 0;
	for (i = 0; i < o->stmt_count; i++) {
		l->unprepared[i] = false;
		/* A failure takes along what follows, up to the next sync. */
		if (PQsendPrepare(l->conn, o->stmts[i]->name, o->stmts[i]->sql,
			o->stmts[i]->params, NULL) != 1 ||
		    PQpipelineSync(l->conn) != 1)
			return false;
	}
	if (o->listen != NULL && PQsendQueryParams(l->conn, o->listen->sql, 0,
				     NULL, NULL, NULL, NULL, 0) != 1)
		return false;
	return PQpipelineSync(l->conn) == 1 && flush(l);
}

/* libpq would print it to stderr, past the log. */
static void
drop_notice(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

static void
is_connected(struct db_link *l)
{
	(void)PQsetNoticeProcessor(l->conn, drop_notice, NULL);
	(void)PQsetnonblocking(l->conn, 1);
	/* Details of an error carry values; they have no place in a log. */
	(void)PQsetErrorVerbosity(l->conn, PQERRORS_SQLSTATE);
	loop_change(l->loop, &l->source, EPOLLIN);
	if (!l->options->prepare) {
		come_up(l);
		return;
	}
	l->state = DB_LINK_PREPARING;
	if (!send_prepares(l))
		lose_with_message(l);
}

static void
go_on_connecting(struct db_link *l)
{
	uint32_t events;

	switch (PQconnectPoll(l->conn)) {
	case PGRES_POLLING_READING:
		events = EPOLLIN;
		break;
	case PGRES_POLLING_WRITING:
		events = EPOLLOUT;
		break;
	case PGRES_POLLING_OK:
		events = 0;
		break;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
	default:
		lose_with_message(l);
		return;
	}
	/* libpq may have gone to the next host, with another socket. */
	if (l->source.fd != PQsocket(l->conn))
		l->source.active = false;
	l->source.fd = PQsocket(l->conn);
	if (events == 0)
		is_connected(l);
	else
		loop_change(l->loop, &l->source, events);
}

/* Undefined function, table, column, type or schema. */
static bool
is_unknown_to_schema(const char *state)
{
	static const char *const states[] = { "42883", "42P01", "42703",
		"42704", "3F000" };
	size_t i;

	for (i = 0; state != NULL && i < sizeof(states) / sizeof(states[0]);
	     i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

/* Nothing is left to prepare: is there anything to work with? */
static void
is_prepared(struct db_link *l)
{
	const size_t count = l->options->stmt_count;

	if (PQexitPipelineMode(l->conn) != 1) {
		lose_with_message(l);
		return;
	}
	if (count > 0 && l->unprepared_count == count) {
		lose(l, "the schema knows no statement (is it migrated?)");
		return;
	}
	come_up(l);
}

/* One sync for each statement, and a last one. */
static void
go_on_preparing(struct db_link *l)
{
	const size_t count = l->options->stmt_count;
	ExecStatusType status;
	const char *state;
	char why[64] = "";
	PGresult *r;

	while (why[0] == '\0' && !PQisBusy(l->conn) && l->answered <= count) {
		r = PQgetResult(l->conn);
		if (r == NULL)
			continue;
		status = PQresultStatus(r);
		state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
		if (status == PGRES_PIPELINE_SYNC) {
			l->answered++;
		} else if (status == PGRES_FATAL_ERROR && l->answered < count &&
			   is_unknown_to_schema(state)) {
			l->unprepared[l->answered] = true;
			l->unprepared_count++;
		} else if (status == PGRES_FATAL_ERROR) {
			advise(l, state);
			(void)snprintf(why, sizeof(why),
			    "cannot prepare a statement: %s",
			    state != NULL ? state : "the connection was lost");
		}
		PQclear(r);
	}
	if (why[0] != '\0')
		lose(l, why);
	else if (l->answered > count)
		is_prepared(l);
}

static void
start_attempt(struct db_link *l)
{
	l->state = DB_LINK_CONNECTING;
	l->wants_write = false;
	l->conn =
	    db_conninfo_start(l->parsed, l->host, l->options->application_name);
	if (l->conn == NULL)
		fatal("out of memory");
	if (PQstatus(l->conn) == CONNECTION_BAD) {
		lose_with_message(l);
		return;
	}
	loop_timer_set(l->loop, &l->timer, clock_us() + CONNECT_US);
	l->source.fd = PQsocket(l->conn);
	loop_add(l->loop, &l->source, EPOLLOUT);
}

/* ---- a statement ------------------------------------------------------- */

/* The statement is through, its first result kept. */
static void
hand_out(struct db_link *l)
{
	const bool broken = PQstatus(l->conn) != CONNECTION_OK;
	const char *state = NULL;
	PGresult *r = l->result;

	l->result = NULL;
	l->state = DB_LINK_IDLE;
	loop_timer_stop(l->loop, &l->timer);
	/* libpq has closed its socket: the number may be another's soon. */
	if (broken)
		db_link_drop(l);
	if (r != NULL && PQresultStatus(r) == PGRES_TUPLES_OK) {
		l->on_result(l, (const struct rows *)r, NULL);
	} else {
		if (r != NULL)
			state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
		advise(l, state);
		l->on_result(l, NULL, state);
	}
	PQclear(r);
	if (broken)
		l->on_lost(l, "the connection was closed");
}

static void
collect(struct db_link *l)
{
	PGresult *r;

	while (!PQisBusy(l->conn)) {
		r = PQgetResult(l->conn);
		if (r == NULL) {
			hand_out(l);
			return;
		}
		/*
		 * The first counts, a broken connection adds one.  But rows
		 * count for nothing when the commit behind them fails.
		 */
		if (l->result != NULL &&
		    PQresultStatus(l->result) == PGRES_TUPLES_OK &&
		    PQresultStatus(r) == PGRES_FATAL_ERROR) {
			PQclear(l->result);
			l->result = NULL;
		}
		if (l->result == NULL)
			l->result = r;
		else
			PQclear(r);
	}
}

static bool
has_prepared(const struct db_link *l, const struct stmt *stmt)
{
	size_t i;

	if (!l->options->prepare)
		return false;
	for (i = 0; l->unprepared_count > 0 && i < l->options->stmt_count; i++)
		if (l->options->stmts[i] == stmt)
			return !l->unprepared[i];
	return true;
}

void
db_link_send(
    struct db_link *l, const struct stmt *stmt, const char *const *args)
{
	int sent;

	l->state = DB_LINK_BUSY;
	if (has_prepared(l, stmt))
		sent = PQsendQueryPrepared(l->conn, stmt->name, stmt->params,
		    args, NULL, NULL, stmt->binary);
	else
		sent = PQsendQueryParams(l->conn, stmt->sql, stmt->params, NULL,
		    args, NULL, NULL, stmt->binary);
	if (sent != 1 || !flush(l))
		lose_with_message(l);
	else
		loop_timer_set(l->loop, &l->timer,
		    clock_us() + l->options->patience_ms * 1000);
}

/* ---- events ------------------------------------------------------------ */

/* They come with any answer, or alone. */
static void
hand_out_notifications(struct db_link *l)
{
	PGnotify *n;

	while (l->conn != NULL && (n = PQnotifies(l->conn)) != NULL) {
		if (l->on_notify != NULL)
			l->on_notify(l, n->extra);
		PQfreemem(n);
	}
}

static void
link_is_ready(struct loop_source *source, uint32_t events)
{
	struct db_link *l = OWNER_OF(source, struct db_link, source);

	if (l->state == DB_LINK_CONNECTING) {
		go_on_connecting(l);
		return;
	}
	if ((events & EPOLLOUT) != 0 && !flush(l)) {
		lose_with_message(l);
		return;
	}
	if ((events & ~(uint32_t)EPOLLOUT) == 0)
		return;
	if (PQconsumeInput(l->conn) != 1) {
		/* An error that came first (57P01) says more. */
		if (l->state == DB_LINK_BUSY && !PQisBusy(l->conn))
			collect(l);
		else
			lose_with_message(l);
		return;
	}
	hand_out_notifications(l);
	switch (l->state) {
	case DB_LINK_PREPARING:
		go_on_preparing(l);
		break;
	case DB_LINK_BUSY:
		collect(l);
		break;
	case DB_LINK_IDLE:
		/* Notices and parameter changes; nothing of ours. */
		if (PQstatus(l->conn) != CONNECTION_OK)
			lose_with_message(l);
		break;
	case DB_LINK_DOWN:
	case DB_LINK_CONNECTING:
		break;
	}
}

static void
timer_is_due(struct loop_timer *t)
{
	struct db_link *l = OWNER_OF(t, struct db_link, timer);

	switch (l->state) {
	case DB_LINK_DOWN:
		start_attempt(l);
		break;
	case DB_LINK_CONNECTING:
	case DB_LINK_PREPARING:
		lose(l, "the server does not answer a new connection");
		break;
	case DB_LINK_BUSY:
		log_warn(
		    "database: a statement was not answered in %ld ms; the "
		    "connection is given up",
		    l->options->patience_ms);
		/*
		 * A host that is gone says nothing, to a new connection
		 * neither; one that is no primary says so at once.
		 */
		turn_to_next_host(l);
		lose(l, "the server does not answer");
		break;
	case DB_LINK_IDLE:
		break;
	}
}

void
db_link_start(struct db_link *l)
{
	l->source.on_ready = link_is_ready;
	l->timer.on_due = timer_is_due;
	l->parsed = PQconninfoParse(l->options->conninfo, NULL);
	if (l->parsed == NULL)
		fatal("BUG: a conninfo that was not checked");
	l->host_count = db_conninfo_hosts(l->parsed);
	l->unprepared = calloc(l->options->stmt_count + 1, sizeof(bool));
	if (l->unprepared == NULL)
		fatal("out of memory");
	start_attempt(l);
}

void
db_link_stop(struct db_link *l)
{
	loop_timer_stop(l->loop, &l->timer);
	PQconninfoFree(l->parsed);
	free(l->unprepared);
	if (l->conn == NULL)
		return;
	loop_remove(l->loop, &l->source);
	PQclear(l->result);
	PQfinish(l->conn);
	l->conn = NULL;
}
