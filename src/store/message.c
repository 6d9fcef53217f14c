#include "store/message.h"

/* What was said, for whoever tells of it first. */
static void
bind_content(struct db_call *call, const struct message_event *m)
{
	call->args[0] = m->at.conversation.text;
	call->args[1] = m->at.service.text;
	call->args[2] = m->message.text;
	call->args[3] = m->index.text;
	call->args[4] = m->author.text;
	call->args[5] = m->body.text;
	call->args[6] = m->media;
	call->args[7] = m->created.text;
}

const struct stmt message_added_stmt = {
	.name = "message_added",
	.sql = "SELECT e.outcome, e.note"
	       "  FROM frontline_api.message_added($1, $2, $3, $4::integer,"
	       "       $5, $6, $7, $8::timestamptz) AS e",
	.params = 8,
};

void
message_added_bind(struct db_call *call, const struct message_event *m)
{
	call->stmt = &message_added_stmt;
	bind_content(call, m);
}

const struct stmt message_updated_stmt = {
	.name = "message_updated",
	.sql = "SELECT e.outcome, e.note"
	       "  FROM frontline_api.message_updated($1, $2, $3, $4::integer,"
	       "       $5, $6, $7, $8::timestamptz, $9::timestamptz) AS e",
	.params = 9,
};

void
message_updated_bind(struct db_call *call, const struct message_event *m)
{
	call->stmt = &message_updated_stmt;
	bind_content(call, m);
	call->args[8] = m->changed.text;
}

const struct stmt message_removed_stmt = {
	.name = "message_removed",
	.sql = "SELECT e.outcome, e.note"
	       "  FROM frontline_api.message_removed($1, $2, $3,"
	       "       $4::timestamptz, $5::timestamptz) AS e",
	.params = 5,
};

void
message_removed_bind(struct db_call *call, const struct message_event *m)
{
	call->stmt = &message_removed_stmt;
	call->args[0] = m->at.conversation.text;
	call->args[1] = m->at.service.text;
	call->args[2] = m->message.text;
	call->args[3] = m->created.text;
	call->args[4] = m->changed.text;
}

const struct stmt message_delivery_stmt = {
	.name = "message_delivery",
	.sql = "SELECT e.outcome, e.note"
	       "  FROM frontline_api.delivery_updated($1, $2, $3, $4,"
	       "       $5::integer, $6::timestamptz) AS e",
	.params = 6,
};

void
message_delivery_bind(struct db_call *call, const struct message_delivery *d)
{
	call->stmt = &message_delivery_stmt;
	call->args[0] = d->at.conversation.text;
	call->args[1] = d->at.service.text;
	call->args[2] = d->message.text;
	call->args[3] = d->status.text;
	call->args[4] = d->error_code.text;
	call->args[5] = d->changed.text;
}
