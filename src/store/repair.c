#include "store/repair.h"

#include <string.h>

const struct stmt repair_worker_added_stmt = {
	.name = "repair_worker_added",
	.sql = "SELECT n.outcome, n.note"
	       "  FROM frontline.note_worker_added($1, $2, $3,"
	       "       $4::timestamptz) AS n",
	.params = 4,
};

void
repair_worker_added_bind(struct db_call *call, const char *conversation_sid,
    const char *participant_sid, const char *identity, const char *date)
{
	call->stmt = &repair_worker_added_stmt;
	call->args[0] = conversation_sid;
	call->args[1] = participant_sid;
	call->args[2] = identity;
	call->args[3] = date;
}

const struct stmt repair_worker_refused_stmt = {
	.name = "repair_worker_refused",
	.sql = "SELECT frontline.note_worker_refused($1, $2)",
	.params = 2,
};

void
repair_worker_refused_bind(
    struct db_call *call, const char *conversation_sid, const char *identity)
{
	call->stmt = &repair_worker_refused_stmt;
	call->args[0] = conversation_sid;
	call->args[1] = identity;
}

const struct stmt repair_gone_stmt = {
	.name = "repair_gone",
	.sql = "SELECT n.outcome, n.note"
	       "  FROM frontline.note_conversation_gone($1) AS n",
	.params = 1,
};

void
repair_gone_bind(struct db_call *call, const char *conversation_sid)
{
	call->stmt = &repair_gone_stmt;
	call->args[0] = conversation_sid;
}

const struct stmt repair_conflict_stmt = {
	.name = "repair_conflict",
	.sql = "SELECT n.decision, n.worker, n.reason"
	       "  FROM frontline.note_conflict($1, $2) AS n",
	.params = 2,
};

void
repair_conflict_bind(
    struct db_call *call, const char *conversation_sid, const char *other_sid)
{
	call->stmt = &repair_conflict_stmt;
	call->args[0] = conversation_sid;
	call->args[1] = other_sid;
}

const struct stmt repair_pair_stmt = {
	.name = "repair_pair",
	.sql = "SELECT p.address, p.proxy_address"
	       "  FROM frontline.conversation_pair($1) AS p",
	.params = 1,
};

void
repair_pair_bind(struct db_call *call, const char *conversation_sid)
{
	call->stmt = &repair_pair_stmt;
	call->args[0] = conversation_sid;
}

bool
repair_pair_read(
    const struct rows *rows, const char **address, const char **proxy_address)
{
	if (rows_count(rows) == 0)
		return false;
	*address = rows_text(rows, 0, 0);
	*proxy_address = rows_text(rows, 0, 1);
	return true;
}

const struct stmt repair_unrouted_stmt = {
	.name = "repair_unrouted",
	.sql = "SELECT r.conversation_sid, r.decision, r.worker, r.reason"
	       "  FROM frontline.route_unrouted("
	       "       $1::bigint * interval '1 millisecond', $2,"
	       "       $3::integer) AS r",
	.params = 3,
};

void
repair_unrouted_bind(struct db_call *call, struct arena *a, int64_t age_ms,
    const char *default_worker, long limit)
{
	call->stmt = &repair_unrouted_stmt;
	call->args[0] = db_number(a, age_ms);
	/* A copy: it may be sent when the settings have been replaced. */
	call->args[1] = default_worker != NULL ? arena_copy(a, default_worker,
						     strlen(default_worker))
					       : NULL;
	call->args[2] = db_number(a, limit);
}

void
repair_unrouted_read(const struct rows *rows, int row, struct repaired *out)
{
	out->conversation_sid = rows_text(rows, row, 0);
	out->decision = rows_text(rows, row, 1);
	out->worker = rows_text(rows, row, 2);
	out->reason = rows_text(rows, row, 3);
}
