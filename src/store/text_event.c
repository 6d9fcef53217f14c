#include "store/text_event.h"

const struct stmt text_take_stmt = {
	.name = "text_take",
	.sql = "SELECT t.outcome, t.note"
	       "  FROM frontline_api.take_text($1, $2, $3, $4, $5, $6::jsonb,"
	       "       $7, $8, $9::boolean, $10::integer, NULL) AS t",
	.params = 10,
};

void
text_take_bind(
    struct db_call *call, struct arena *a, const struct text_taken *t)
{
	call->stmt = &text_take_stmt;
	call->args[0] = t->channel;
	call->args[1] = t->message.text;
	call->args[2] = t->from;
	call->args[3] = t->to;
	call->args[4] = t->body;
	call->args[5] = t->media;
	call->args[6] = t->opt_out.text;
	call->args[7] = t->profile_name;
	call->args[8] = db_bool(t->lookup);
	call->args[9] = db_number(a, t->cache_days);
}

const struct stmt text_status_stmt = {
	.name = "text_status",
	.sql = "SELECT s.outcome, s.note"
	       "  FROM frontline_api.note_text_status($1::uuid, $2, $3,"
	       "       $4::integer, NULL) AS s",
	.params = 4,
};

void
text_status_bind(struct db_call *call, const struct text_status *s)
{
	call->stmt = &text_status_stmt;
	call->args[0] = s->wire_uuid;
	call->args[1] = s->message.text;
	call->args[2] = s->status.text;
	call->args[3] = s->error_code.text;
}
