#include "store/worker_state.h"

static const struct stmt find_stmt = {
	.name = "worker_state",
	.sql = "SELECT w.friendly_name, w.state, w.is_available::text,"
	       "       to_char(nullif(p.polled_at, '-infinity'),"
	       "               'YYYY-MM-DD HH24:MI:SSOF')"
	       "  FROM frontline.worker w"
	       "  LEFT JOIN frontline.worker_poll p USING (worker_id)"
	       " WHERE w.identity = $1",
	.params = 1,
};

enum rc
worker_state_find(struct db_conn *db, struct arena *a, const char *identity,
    struct worker_state *out, struct err *e)
{
	const char *args[] = { identity };
	const struct rows *rows;
	enum rc rc;

	rc = db_query(db, a, &find_stmt, args, &rows, e);
	if (rc != RC_OK)
		return rc;
	if (rows_count(rows) == 0)
		return err_set(e, RC_NOT_FOUND, "not_found",
		    "no worker has this identity");
	*out = (struct worker_state){
		.friendly_name = rows_text(rows, 0, 0),
		.state = rows_text(rows, 0, 1),
		.is_available = rows_text(rows, 0, 2),
		.asked_at = rows_text(rows, 0, 3),
	};
	return RC_OK;
}
