#include "store/queue_health.h"

/* A pause for ever is one for a century: dates and JSON know no infinity. */
static const struct stmt list_stmt = {
	.name = "queue_health",
	.sql = "SELECT h.destination, h.jobs_pending, h.lanes_pending,"
	       "       h.leased, h.oldest_seconds, h.uncertain,"
	       "       h.uncertain_seconds, h.dead, p.seconds,"
	       "       CASE WHEN p.seconds > 0 THEN"
	       "         to_char(clock_timestamp() + interval '0.5 s'"
	       "                 + make_interval(secs => p.seconds),"
	       "                 'YYYY-MM-DD HH24:MI:SSOF') END,"
	       "       h.pause_reason, h.partition_missing"
	       "  FROM frontline_queue.health h"
	       " CROSS JOIN LATERAL"
	       "       (SELECT least(h.paused_seconds, 3e9) AS seconds) p"
	       " ORDER BY h.destination",
	.params = 0,
};

static long long
read_count(const struct rows *rows, int row, int column)
{
	return strtoll(rows_text(rows, row, column), NULL, 10);
}

static double
read_seconds(const struct rows *rows, int row, int column)
{
	return strtod(rows_text(rows, row, column), NULL);
}

enum rc
queue_health_list(struct db_conn *db, struct arena *a,
    struct queue_health **out, size_t *count, struct err *e)
{
	const struct rows *rows;
	enum rc rc;
	int i, n;

	rc = db_query(db, a, &list_stmt, NULL, &rows, e);
	if (rc != RC_OK)
		return rc;
	n = rows_count(rows);
	*count = (size_t)n;
	*out = arena_alloc(a, (*count + 1) * sizeof(**out));
	for (i = 0; i < n; i++)
		(*out)[i] = (struct queue_health){
			.destination = rows_text(rows, i, 0),
			.jobs_pending = read_count(rows, i, 1),
			.lanes_pending = read_count(rows, i, 2),
			.leased = read_count(rows, i, 3),
			.oldest_seconds = read_seconds(rows, i, 4),
			.uncertain = read_count(rows, i, 5),
			.uncertain_seconds = read_seconds(rows, i, 6),
			.dead = read_count(rows, i, 7),
			.paused_seconds = read_seconds(rows, i, 8),
			.paused_until = rows_text(rows, i, 9),
			.pause_reason = rows_text(rows, i, 10),
			.partition_missing = rows_text(rows, i, 11)[0] == 't',
		};
	return RC_OK;
}
