#include "io/db_session.h"

#include <libpq-fe.h>

#include "base/log.h"

struct db_conn {
	PGconn *pg;
	char state[6]; /* of the last failure */
};

static enum rc
fail(struct db_conn *c, const PGresult *r, struct err *e)
{
	const char *state, *message, *hint, *detail;

	state = r != NULL ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
	message =
	    r != NULL ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	if (message == NULL)
		return err_set(e, RC_BUSY, "unavailable", "%.*s",
		    (int)strcspn(PQerrorMessage(c->pg), "\n"),
		    PQerrorMessage(c->pg));
	(void)snprintf(
	    c->state, sizeof(c->state), "%s", state != NULL ? state : "?");
	detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);
	hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT);
	return err_set(e, RC_FAULT, c->state, "%s%s%s%s%s", message,
	    detail != NULL ? "; " : "", detail != NULL ? detail : "",
	    hint != NULL ? "; " : "", hint != NULL ? hint : "");
}

static void
drop_notice(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

enum rc
db_open(const char *conninfo, struct db_conn **out, struct err *e)
{
	const char *const keywords[] = { "fallback_application_name",
		"connect_timeout", "dbname", "client_encoding", NULL };
	const char *const values[] = { "frontlinectl", "5", conninfo, "UTF8",
		NULL };
	struct db_conn *c;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		fatal("out of memory");
	c->pg = PQconnectdbParams(keywords, values, 1);
	if (c->pg == NULL)
		fatal("out of memory");
	if (PQstatus(c->pg) != CONNECTION_OK) {
		(void)fail(c, NULL, e);
		db_close(c);
		return RC_BUSY;
	}
	(void)PQsetNoticeProcessor(c->pg, drop_notice, NULL);
	*out = c;
	return RC_OK;
}

void
db_close(struct db_conn *c)
{
	if (c == NULL)
		return;
	PQfinish(c->pg);
	free(c);
}

static void
drop_rows(void *handle)
{
	PQclear(handle);
}

enum rc
db_query(struct db_conn *c, struct arena *a, const struct stmt *stmt,
    const char *const *args, const struct rows **rows, struct err *e)
{
	ExecStatusType status;
	PGresult *r;

	r = PQexecParams(
	    c->pg, stmt->sql, stmt->params, NULL, args, NULL, NULL, 0);
	arena_defer(a, drop_rows, r);
	status = PQresultStatus(r);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
		(void)fail(c, r, e);
		return err_wrap(e, "%s", stmt->name);
	}
	*rows = (const struct rows *)r;
	return RC_OK;
}

/* The line that a character position (from 1, in characters) lies in. */
static int
line_of(const char *text, const char *position)
{
	long left;
	int line = 1;

	if (position == NULL)
		return 0;
	left = strtol(position, NULL, 10);
	for (; *text != '\0' && left > 1; text++) {
		if (((unsigned char)text[1] & 0xc0) != 0x80)
			left--;
		line += *text == '\n';
	}
	return line;
}

enum rc
db_run_script(struct db_conn *c, const char *text, int *line, struct err *e)
{
	ExecStatusType status;
	enum rc rc = RC_OK;
	PGresult *r;

	r = PQexec(c->pg, text);
	status = PQresultStatus(r);
	*line = 0;
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK &&
	    status != PGRES_EMPTY_QUERY) {
		*line = line_of(
		    text, PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION));
		rc = fail(c, r, e);
	}
	PQclear(r);
	return rc;
}
