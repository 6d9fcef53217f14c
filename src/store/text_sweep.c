#include "store/text_sweep.h"

#include <string.h>

const struct stmt sweep_since_stmt = {
	.name = "sweep_since",
	.sql = "SELECT to_char(least(now() - interval '1 day',"
	       "               greatest(frontline.latest_inbound($1),"
	       "                 now() - interval '7 days'))"
	       "               AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
	.params = 1,
};

void
sweep_since_bind(struct db_call *call, const char *number)
{
	call->stmt = &sweep_since_stmt;
	call->args[0] = number;
}

const char *
sweep_since_read(const struct rows *rows, struct arena *a)
{
	const char *day = rows_text(rows, 0, 0);

	return arena_copy(a, day, strlen(day));
}

const struct stmt sweep_text_stmt = {
	.name = "sweep_text",
	.sql = "SELECT t.outcome"
	       "  FROM frontline_api.take_text($1, $2, $3, $4, $5, $6::jsonb,"
	       "       NULL, NULL, $7::boolean, $8::integer,"
	       "       to_timestamp(nullif($9::bigint, 0))) AS t",
	.params = 9,
};

void
sweep_text_bind(
    struct db_call *call, struct arena *a, const struct sweep_text *text)
{
	call->stmt = &sweep_text_stmt;
	call->args[0] = text->channel;
	call->args[1] = text->message_sid;
	call->args[2] = text->from;
	call->args[3] = text->to;
	call->args[4] = text->body;
	call->args[5] = text->media;
	call->args[6] = db_bool(text->lookup);
	call->args[7] = db_number(a, text->cache_days);
	call->args[8] = db_number(a, text->received_s);
}

bool
sweep_text_is_new(const struct rows *rows)
{
	return rows_count(rows) > 0 &&
	       strcmp(rows_text(rows, 0, 0), "same") != 0;
}

const struct stmt sweep_fates_stmt = {
	.name = "sweep_fates",
	.sql = "SELECT t.message_sid"
	       "  FROM frontline.texts_without_fate("
	       "       $1::bigint * interval '1 millisecond', $2::integer)"
	       "       AS t",
	.params = 2,
};

void
sweep_fates_bind(
    struct db_call *call, struct arena *a, int64_t age_ms, long limit)
{
	call->stmt = &sweep_fates_stmt;
	call->args[0] = db_number(a, age_ms);
	call->args[1] = db_number(a, limit);
}

const char *
sweep_fate_read(const struct rows *rows, int row, struct arena *a)
{
	const char *sid = rows_text(rows, row, 0);

	return arena_copy(a, sid, strlen(sid));
}

const struct stmt sweep_status_stmt = {
	.name = "sweep_status",
	.sql = "SELECT n.outcome"
	       "  FROM frontline_api.note_text_status(NULL, $1, $2,"
	       "       $3::integer, NULL) AS n",
	.params = 3,
};

void
sweep_status_bind(struct db_call *call, const char *message_sid,
    const char *status, const char *error_code)
{
	call->stmt = &sweep_status_stmt;
	call->args[0] = message_sid;
	call->args[1] = status;
	call->args[2] = error_code;
}
