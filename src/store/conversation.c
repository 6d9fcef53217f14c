#include "store/conversation.h"

const struct stmt conversation_name_stmt = {
	.name = "conversation_name",
	.sql = "SELECT n.customer_id, n.display_name, n.first_name,"
	       "       n.last_name, n.avatar, n.matches"
	       "  FROM frontline_api.name_conversation($1) AS n",
	.params = 1,
};

void
conversation_name_bind(struct db_call *call, const char *address)
{
	call->stmt = &conversation_name_stmt;
	call->args[0] = address;
}

void
conversation_name_read(const struct rows *rows, struct conversation_name *out)
{
	*out = (struct conversation_name){ .customer_id = NULL };
	if (rows_count(rows) == 0)
		return;
	out->customer_id = rows_text(rows, 0, 0);
	out->display_name = rows_text(rows, 0, 1);
	out->first_name = rows_text(rows, 0, 2);
	out->last_name = rows_text(rows, 0, 3);
	out->avatar = rows_text(rows, 0, 4);
	out->matches = rows_text(rows, 0, 5);
}

const struct stmt conversation_added_stmt = {
	.name = "conversation_added",
	.sql = "SELECT e.outcome, e.note"
	       "  FROM frontline_api.conversation_added($1, $2, $3, $4, $5,"
	       "       $6::timestamptz, $7::timestamptz) AS e",
	.params = 7,
};

void
conversation_added_bind(
    struct db_call *call, const struct conversation_added *c)
{
	call->stmt = &conversation_added_stmt;
	call->args[0] = c->at.conversation.text;
	call->args[1] = c->at.service.text;
	call->args[2] = c->address;
	call->args[3] = c->proxy_address;
	call->args[4] = c->state.text;
	call->args[5] = c->created.text;
	call->args[6] = c->updated.text;
}

const struct stmt conversation_updated_stmt = {
	.name = "conversation_updated",
	.sql = "SELECT e.outcome, e.note"
	       "  FROM frontline_api.conversation_updated($1, $2, $3,"
	       "       $4::timestamptz) AS e",
	.params = 4,
};

void
conversation_updated_bind(struct db_call *call, const struct event_place *at,
    struct word state, struct moment updated)
{
	call->stmt = &conversation_updated_stmt;
	call->args[0] = at->conversation.text;
	call->args[1] = at->service.text;
	call->args[2] = state.text;
	call->args[3] = updated.text;
}

const struct stmt conversation_state_updated_stmt = {
	.name = "conversation_state_updated",
	.sql = "SELECT e.outcome, e.note"
	       "  FROM frontline_api.conversation_state_updated($1, $2, $3,"
	       "       $4::timestamptz) AS e",
	.params = 4,
};

void
conversation_state_updated_bind(struct db_call *call,
    const struct event_place *at, struct word state, struct moment updated)
{
	call->stmt = &conversation_state_updated_stmt;
	call->args[0] = at->conversation.text;
	call->args[1] = at->service.text;
	call->args[2] = state.text;
	call->args[3] = updated.text;
}

const struct stmt conversation_removed_stmt = {
	.name = "conversation_removed",
	.sql = "SELECT e.outcome, e.note"
	       "  FROM frontline_api.conversation_removed($1, $2,"
	       "       $3::timestamptz) AS e",
	.params = 3,
};

void
conversation_removed_bind(
    struct db_call *call, const struct event_place *at, struct moment removed)
{
	call->stmt = &conversation_removed_stmt;
	call->args[0] = at->conversation.text;
	call->args[1] = at->service.text;
	call->args[2] = removed.text;
}
