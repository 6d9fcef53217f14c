#include "store/roster.h"

const struct stmt roster_list_stmt = {
	.name = "roster_list",
	.sql = "SELECT w.identity"
	       "  FROM frontline.list_workers_to_poll($1::integer,"
	       "       $2::bigint * interval '1 millisecond') AS w",
	.params = 2,
};

void
roster_list_bind(
    struct db_call *call, struct arena *a, long limit, int64_t interval_ms)
{
	call->stmt = &roster_list_stmt;
	call->args[0] = db_number(a, limit);
	call->args[1] = db_number(a, interval_ms);
}

const char *
roster_list_read(const struct rows *rows, int row)
{
	return rows_text(rows, row, 0);
}

const struct stmt roster_note_stmt = {
	.name = "roster_note",
	.sql = "SELECT frontline.note_worker($1, $2, $3, $4, $5, $6::boolean)",
	.params = 6,
};

void
roster_note_bind(struct db_call *call, const struct roster_entry *entry)
{
	call->stmt = &roster_note_stmt;
	call->args[0] = entry->identity;
	call->args[1] = entry->sid;
	call->args[2] = entry->friendly_name;
	call->args[3] = entry->avatar;
	call->args[4] = entry->state;
	call->args[5] = entry->is_available;
}

const struct stmt roster_absent_stmt = {
	.name = "roster_absent",
	.sql = "SELECT frontline.note_worker_absent($1)",
	.params = 1,
};

void
roster_absent_bind(struct db_call *call, const char *identity)
{
	call->stmt = &roster_absent_stmt;
	call->args[0] = identity;
}

const char *
roster_note_read(const struct rows *rows)
{
	return rows_count(rows) > 0 ? rows_text(rows, 0, 0) : "unknown";
}
