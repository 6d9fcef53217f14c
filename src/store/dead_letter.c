#include "store/dead_letter.h"

static const struct stmt list_stmt = {
	.name = "dead_letter_list",
	.sql = "SELECT x.dead_id, d.name, x.kind, x.job_id, x.attempts,"
	       "       extract(epoch FROM clock_timestamp() - x.created_at),"
	       "       to_char(x.created_at AT TIME ZONE 'UTC',"
	       "               'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
	       "       to_char(x.buried_at AT TIME ZONE 'UTC',"
	       "               'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
	       "       x.error,"
	       "       CASE WHEN $3::boolean THEN x.payload::text END,"
	       "       count(*) OVER ()"
	       "  FROM frontline_queue.dead x"
	       "  JOIN frontline_queue.destination d USING (destination_id)"
	       " WHERE x.redriven_at IS NULL"
	       "   AND ($1::text IS NULL OR d.name = $1)"
	       " ORDER BY x.dead_id"
	       " LIMIT $2::bigint",
	.params = 3,
};

static long long
read_number(const struct rows *rows, int row, int column)
{
	return strtoll(rows_text(rows, row, column), NULL, 10);
}

enum rc
dead_letter_list(struct db_conn *db, struct arena *a, const char *destination,
    long limit, bool payload, struct dead_letter **out, size_t *count,
    long long *all, struct err *e)
{
	char most[24];
	const char *args[] = { destination, most, db_bool(payload) };
	const struct rows *rows;
	enum rc rc;
	int i, n;

	(void)snprintf(most, sizeof(most), "%ld", limit);
	rc = db_query(db, a, &list_stmt, args, &rows, e);
	if (rc != RC_OK)
		return rc;
	n = rows_count(rows);
	*count = (size_t)n;
	*all = n > 0 ? read_number(rows, 0, 10) : 0;
	*out = arena_alloc(a, (*count + 1) * sizeof(**out));
	for (i = 0; i < n; i++)
		(*out)[i] = (struct dead_letter){
			.dead_id = read_number(rows, i, 0),
			.destination = rows_text(rows, i, 1),
			.kind = rows_text(rows, i, 2),
			.job_id = read_number(rows, i, 3),
			.attempts = read_number(rows, i, 4),
			.age_seconds = strtod(rows_text(rows, i, 5), NULL),
			.created_at = rows_text(rows, i, 6),
			.buried_at = rows_text(rows, i, 7),
			.error = rows_text(rows, i, 8),
			.payload = rows_text(rows, i, 9),
		};
	return RC_OK;
}

static const struct stmt ids_stmt = {
	.name = "dead_letter_ids",
	.sql = "SELECT x.dead_id"
	       "  FROM frontline_queue.dead x"
	       "  JOIN frontline_queue.destination d USING (destination_id)"
	       " WHERE x.redriven_at IS NULL"
	       "   AND ($1::text IS NULL OR d.name = $1)"
	       " ORDER BY x.job_id",
	.params = 1,
};

enum rc
dead_letter_ids(struct db_conn *db, struct arena *a, const char *destination,
    const struct rows **ids, struct err *e)
{
	const char *args[] = { destination };

	return db_query(db, a, &ids_stmt, args, ids, e);
}

static enum rc
no_letter(const char *dead_id, struct err *e)
{
	return err_set(
	    e, RC_NOT_FOUND, "not_found", "no dead letter %s", dead_id);
}

static const struct stmt redrive_stmt = {
	.name = "dead_letter_redrive",
	.sql = "SELECT d.name, x.kind, x.job_id,"
	       "       x.redriven_job_id IS NOT NULL,"
	       "       frontline_queue.redrive(x.dead_id)"
	       "  FROM frontline_queue.dead x"
	       "  JOIN frontline_queue.destination d USING (destination_id)"
	       " WHERE x.dead_id = $1::bigint",
	.params = 1,
};

enum rc
dead_letter_redrive(struct db_conn *db, struct arena *a, const char *dead_id,
    struct redriven *out, struct err *e)
{
	const char *args[] = { dead_id };
	const struct rows *rows;
	enum rc rc;

	rc = db_query(db, a, &redrive_stmt, args, &rows, e);
	if (rc != RC_OK)
		return rc;
	if (rows_count(rows) == 0)
		return no_letter(dead_id, e);
	*out = (struct redriven){
		.destination = rows_text(rows, 0, 0),
		.kind = rows_text(rows, 0, 1),
		.old_job_id = rows_text(rows, 0, 2),
		.before = rows_text(rows, 0, 3)[0] == 't',
		.new_job_id = rows_text(rows, 0, 4),
	};
	return RC_OK;
}

static const struct stmt drop_stmt = {
	.name = "dead_letter_drop",
	.sql = "DELETE FROM frontline_queue.dead x"
	       " WHERE x.dead_id = $1::bigint"
	       " RETURNING x.job_id",
	.params = 1,
};

enum rc
dead_letter_drop(struct db_conn *db, struct arena *a, const char *dead_id,
    const char **job_id, struct err *e)
{
	const char *args[] = { dead_id };
	const struct rows *rows;
	enum rc rc;

	rc = db_query(db, a, &drop_stmt, args, &rows, e);
	if (rc != RC_OK)
		return rc;
	if (rows_count(rows) == 0)
		return no_letter(dead_id, e);
	*job_id = rows_text(rows, 0, 0);
	return RC_OK;
}
