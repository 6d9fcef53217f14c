#include "store/bridge.h"

#include <string.h>

static const char *
keep(struct arena *a, const struct rows *rows, int column)
{
	const char *text = rows_text(rows, 0, column);

	return text != NULL ? arena_copy(a, text, strlen(text)) : NULL;
}

static bool
is_true(const struct rows *rows, int column)
{
	const char *text = rows_text(rows, 0, column);

	return text != NULL && text[0] == 't';
}

const struct stmt bridge_text_stmt = {
	.name = "bridge_text",
	.sql = "SELECT t.channel, t.kind, t.message_sid, t.handle, t.body,"
	       "       t.media, extract(epoch FROM t.received)::bigint,"
	       "       t.sender_name, t.conversation_key, t.external_id,"
	       "       t.front_conversation_id, t.posted, t.consent,"
	       "       t.error_code, t.reason"
	       "  FROM frontline.text_for_front($1::bigint) AS t",
	.params = 1,
};

void
bridge_text_bind(struct db_call *call, const char *text_id)
{
	call->stmt = &bridge_text_stmt;
	call->args[0] = text_id;
}

bool
bridge_text_read(
    const struct rows *rows, struct arena *a, struct bridge_text *out)
{
	if (rows_count(rows) == 0)
		return false;
	*out = (struct bridge_text){
		.channel = keep(a, rows, 0),
		.kind = keep(a, rows, 1),
		.message_sid = keep(a, rows, 2),
		.handle = keep(a, rows, 3),
		.body = keep(a, rows, 4),
		.media = keep(a, rows, 5),
		.received = keep(a, rows, 6),
		.sender_name = keep(a, rows, 7),
		.conversation_key = keep(a, rows, 8),
		.external_id = keep(a, rows, 9),
		.front_conversation_id = keep(a, rows, 10),
		.posted = is_true(rows, 11),
		.consent = keep(a, rows, 12),
		.error_code = keep(a, rows, 13),
		.reason = keep(a, rows, 14),
	};
	return true;
}

const struct stmt bridge_posted_stmt = {
	.name = "bridge_posted",
	.sql = "SELECT frontline.note_posted($1::bigint, $2)",
	.params = 2,
};

void
bridge_posted_bind(struct db_call *call, const char *text_id, const char *uid)
{
	call->stmt = &bridge_posted_stmt;
	call->args[0] = text_id;
	call->args[1] = uid;
}

const struct stmt bridge_sending_stmt = {
	.name = "bridge_sending",
	.sql = "SELECT t.channel, t.kind, t.to_address, t.from_address, t.body,"
	       "       t.attachments, t.kept, t.opted_out, t.session_open,"
	       "       t.message_sid, t.status"
	       "  FROM frontline.text_to_send($1::bigint) AS t",
	.params = 1,
};

void
bridge_sending_bind(struct db_call *call, const char *text_id)
{
	call->stmt = &bridge_sending_stmt;
	call->args[0] = text_id;
}

bool
bridge_sending_read(
    const struct rows *rows, struct arena *a, struct bridge_sending *out)
{
	if (rows_count(rows) == 0)
		return false;
	*out = (struct bridge_sending){
		.channel = keep(a, rows, 0),
		.kind = keep(a, rows, 1),
		.to = keep(a, rows, 2),
		.from = keep(a, rows, 3),
		.body = keep(a, rows, 4),
		.attachments = keep(a, rows, 5),
		.kept = keep(a, rows, 6),
		.opted_out = is_true(rows, 7),
		.session_open = is_true(rows, 8),
		.message_sid = keep(a, rows, 9),
		.status = keep(a, rows, 10),
	};
	return true;
}

const struct stmt bridge_keep_stmt = {
	.name = "bridge_keep",
	.sql = "SELECT frontline.keep_media($1::bigint, $2::integer, $3, $4,"
	       "       $5, $6::integer)",
	.params = 6,
};

void
bridge_keep_bind(
    struct db_call *call, struct arena *a, const struct bridge_file *file)
{
	call->stmt = &bridge_keep_stmt;
	call->args[0] = file->text_id;
	call->args[1] = db_number(a, file->index);
	call->args[2] = file->filename;
	call->args[3] = file->content_type;
	call->args[4] = file->bytes;
	call->args[5] = db_number(a, file->minutes);
}

const char *
bridge_keep_read(const struct rows *rows, struct arena *a)
{
	return rows_count(rows) > 0 ? keep(a, rows, 0) : NULL;
}

const struct stmt bridge_sent_stmt = {
	.name = "bridge_sent",
	.sql = "SELECT frontline.note_text_sent($1::bigint, $2, $3)",
	.params = 3,
};

void
bridge_sent_bind(struct db_call *call, const char *text_id,
    const char *message_sid, const char *status)
{
	call->stmt = &bridge_sent_stmt;
	call->args[0] = text_id;
	call->args[1] = message_sid;
	call->args[2] = status;
}

bool
bridge_is_news(const struct rows *rows)
{
	return rows_count(rows) > 0 && is_true(rows, 0);
}

const struct stmt bridge_refused_stmt = {
	.name = "bridge_refused",
	.sql = "SELECT frontline.note_text_refused($1::bigint, $2::integer,"
	       "       $3)",
	.params = 3,
};

void
bridge_refused_bind(struct db_call *call, const char *text_id,
    const char *error_code, const char *reason)
{
	call->stmt = &bridge_refused_stmt;
	call->args[0] = text_id;
	call->args[1] = error_code;
	call->args[2] = reason;
}

const struct stmt bridge_left_out_stmt = {
	.name = "bridge_left_out",
	.sql = "SELECT frontline.note_left_out($1::bigint, $2)",
	.params = 2,
};

void
bridge_left_out_bind(
    struct db_call *call, const char *text_id, const char *reason)
{
	call->stmt = &bridge_left_out_stmt;
	call->args[0] = text_id;
	call->args[1] = reason;
}
