#include "io/db.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

int
rows_count(const struct rows *r)
{
	return PQntuples((const PGresult *)r);
}

const char *
rows_text(const struct rows *r, int row, int column)
{
	if (PQgetisnull((const PGresult *)r, row, column))
		return NULL;
	return PQgetvalue((const PGresult *)r, row, column);
}

const char *
rows_bytes(const struct rows *r, int row, int column, size_t *len)
{
	*len = (size_t)PQgetlength((const PGresult *)r, row, column);
	return rows_text(r, row, column);
}

const char *
db_bool(bool b)
{
	return b ? "t" : "f";
}

const char *
db_number(struct arena *a, int64_t n)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%" PRId64, n);

	return arena_copy(a, text, (size_t)len);
}

/* First match wins; PostgreSQL, appendix A. */
static const struct {
	const char *prefix;
	enum db_verdict verdict;
} verdicts[] = {
	{ "08", DB_RECONNECT },    /* connection exception */
	{ "57P", DB_RECONNECT },   /* shutting down, crashed, starting up */
	{ "53300", DB_RECONNECT }, /* too many connections */
	{ "25006", DB_RECONNECT }, /* read only: no longer the primary */
	{ "0A000", DB_RECONNECT }, /* cached plan must not change result type */
	{ "26000", DB_RECONNECT }, /* prepared statement is gone */
	{ "42P05", DB_RECONNECT }, /* prepared statement is there already */
	{ "40", DB_REPEAT },       /* serialization failure, deadlock */
	{ "55P03", DB_TIMEOUT },   /* lock not available */
	{ "57014", DB_TIMEOUT },   /* statement timeout */
	{ "22", DB_FAULT },        /* data exception */
	{ "23", DB_FAULT },        /* constraint violation */
};

const char *
db_advice(const char *state)
{
	if (state != NULL &&
	    (strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0))
		return "prepared statements come and go: behind a pooler in "
		       "transaction mode set prepared_statements = no, and "
		       "let the relay connect directly";
	return NULL;
}

enum db_verdict
db_judge(const char *state)
{
	size_t i;

	if (state == NULL)
		return DB_RECONNECT;
	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (strncmp(state, verdicts[i].prefix,
			strlen(verdicts[i].prefix)) == 0)
			return verdicts[i].verdict;
	return DB_TROUBLE;
}
