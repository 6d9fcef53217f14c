#include "store/destination.h"

static const struct stmt find_stmt = {
	.name = "destination_find",
	.sql = "SELECT coalesce(bool_or(d.name = $1), false),"
	       "       string_agg(d.name, ', ' ORDER BY d.name)"
	       "  FROM frontline_queue.destination d",
	.params = 1,
};

enum rc
destination_find(
    struct db_conn *db, struct arena *a, const char *name, struct err *e)
{
	const char *args[] = { name };
	const struct rows *rows;
	enum rc rc;

	rc = db_query(db, a, &find_stmt, args, &rows, e);
	if (rc != RC_OK || rows_text(rows, 0, 0)[0] == 't')
		return rc;
	return err_set(e, RC_NOT_FOUND, "not_found",
	    "no destination '%.64s'; there are %s", name,
	    rows_text(rows, 0, 1));
}

static const struct stmt interval_stmt = {
	.name = "destination_interval",
	.sql = "SELECT $1::interval > '0'"
	       "       AND clock_timestamp() + $1::interval IS NOT NULL",
	.params = 1,
};

/* Class 22, data exception: the words are no interval, or too long a one. */
static enum rc
check_interval(
    struct db_conn *db, struct arena *a, const char *duration, struct err *e)
{
	const char *args[] = { duration };
	const struct rows *rows;
	enum rc rc;

	rc = db_query(db, a, &interval_stmt, args, &rows, e);
	if (rc == RC_FAULT && strncmp(e->code, "22", 2) == 0)
		return err_set(e, RC_INVALID, "interval",
		    "'%.64s' is neither seconds nor an interval such as "
		    "'2 hours'",
		    duration);
	if (rc == RC_OK && rows_text(rows, 0, 0)[0] != 't')
		return err_set(e, RC_INVALID, "interval",
		    "'%.64s' is not above 0", duration);
	return rc;
}

static const struct stmt pause_stmt = {
	.name = "destination_pause",
	.sql = "SELECT frontline_queue.pause($1, $2::interval, $3)",
	.params = 3,
};

/* As it stands after the pause, whoever made it. */
static const struct stmt state_stmt = {
	.name = "destination_state",
	.sql = "SELECT to_char(d.paused_until + interval '0.5 s',"
	       "               'YYYY-MM-DD HH24:MI:SSOF'),"
	       "       d.pause_reason,"
	       "       d.paused_until > clock_timestamp() + $2::interval,"
	       "       d.paused_until > clock_timestamp() + d.max_age,"
	       "       extract(epoch FROM d.max_age)"
	       "  FROM frontline_queue.destination d"
	       " WHERE d.name = $1",
	.params = 2,
};

enum rc
destination_pause(struct db_conn *db, struct arena *a, const char *name,
    const char *duration, const char *why, struct pause *out, struct err *e)
{
	const char *args[] = { name, duration, why };
	const struct rows *rows;
	enum rc rc;

	rc = check_interval(db, a, duration, e);
	if (rc == RC_OK)
		rc = db_query(db, a, &pause_stmt, args, &rows, e);
	if (rc == RC_OK)
		rc = db_query(db, a, &state_stmt, args, &rows, e);
	if (rc != RC_OK)
		return rc;
	if (rows_count(rows) == 0)
		return err_set(e, RC_NOT_FOUND, "not_found",
		    "no destination '%.64s'", name);
	*out = (struct pause){
		.until = rows_text(rows, 0, 0),
		.why = rows_text(rows, 0, 1),
		.longer = rows_text(rows, 0, 2)[0] == 't',
		.outlives = rows_text(rows, 0, 3)[0] == 't',
		.max_age = strtod(rows_text(rows, 0, 4), NULL),
	};
	return RC_OK;
}

static const struct stmt resume_stmt = {
	.name = "destination_resume",
	.sql = "SELECT d.paused_until > clock_timestamp(),"
	       "       frontline_queue.resume(d.name)"
	       "  FROM frontline_queue.destination d"
	       " WHERE d.name = $1",
	.params = 1,
};

enum rc
destination_resume(struct db_conn *db, struct arena *a, const char *name,
    bool *paused, struct err *e)
{
	const char *args[] = { name };
	const struct rows *rows;
	enum rc rc;

	rc = db_query(db, a, &resume_stmt, args, &rows, e);
	if (rc == RC_OK)
		*paused =
		    rows_count(rows) > 0 && rows_text(rows, 0, 0)[0] == 't';
	return rc;
}
