#include "store/front_call.h"

const struct stmt front_reply_stmt = {
	.name = "front_reply",
	.sql = "SELECT r.external_id, r.conversation_key, r.outcome, r.reason"
	       "  FROM frontline_api.take_reply($1, $2::jsonb, $3, $4,"
	       "       $5::jsonb, $6, $7::jsonb, $8, $9, $10::jsonb,"
	       "       $11::boolean, to_timestamp($12::double precision))"
	       "       AS r",
	.params = 12,
};

void
front_reply_bind(struct db_call *call, const struct front_reply *r)
{
	call->stmt = &front_reply_stmt;
	call->args[0] = r->channel;
	call->args[1] = r->numbers;
	call->args[2] = r->message_id;
	call->args[3] = r->is_autoreply ? "autoreply" : "message";
	call->args[4] = r->recipients;
	call->args[5] = r->body;
	call->args[6] = r->files;
	call->args[7] = r->author;
	call->args[8] = r->conversation_id;
	call->args[9] = r->conversation_keys;
	call->args[10] = db_bool(r->tag);
	call->args[11] = r->sent;
}

void
front_answer_read(const struct rows *rows, int row, struct front_answer *out)
{
	*out = (struct front_answer){
		.external_id = rows_text(rows, row, 0),
		.conversation_key = rows_text(rows, row, 1),
		.outcome = rows_text(rows, row, 2),
		.reason = rows_text(rows, row, 3),
	};
}

const struct stmt front_import_stmt = {
	.name = "front_import",
	.sql = "SELECT i.outcome, i.note"
	       "  FROM frontline_api.note_imported($1, $2, $3::jsonb, $4, $5,"
	       "       $6, to_timestamp($7::double precision)) AS i",
	.params = 7,
};

void
front_import_bind(struct db_call *call, const struct front_import *i)
{
	call->stmt = &front_import_stmt;
	call->args[0] = i->channel;
	call->args[1] = i->message_sid;
	call->args[2] = i->conversation_keys;
	call->args[3] = i->message_id;
	call->args[4] = i->conversation_id;
	call->args[5] = i->body;
	call->args[6] = i->at;
}

const struct stmt front_channel_stmt = {
	.name = "front_channel",
	.sql = "SELECT c.outcome, c.note"
	       "  FROM frontline_api.note_channel($1, $2, $3, NULL) AS c",
	.params = 3,
};

void
front_channel_bind(struct db_call *call, const char *channel,
    const char *channel_id, const char *event)
{
	call->stmt = &front_channel_stmt;
	call->args[0] = channel;
	call->args[1] = channel_id;
	call->args[2] = event;
}
