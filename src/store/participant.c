#include "store/participant.h"

const struct stmt participant_added_stmt = {
	.name = "participant_added",
	.sql = "SELECT e.outcome, e.note"
	       "  FROM frontline_api.participant_added($1, $2, $3, $4, $5, $6,"
	       "       $7, $8::timestamptz) AS e",
	.params = 8,
};

void
participant_added_bind(struct db_call *call, const struct participant_added *p)
{
	call->stmt = &participant_added_stmt;
	call->args[0] = p->at.conversation.text;
	call->args[1] = p->at.service.text;
	call->args[2] = p->participant.text;
	call->args[3] = p->identity.text;
	call->args[4] = p->address;
	call->args[5] = p->proxy_address;
	call->args[6] = p->customer_id;
	call->args[7] = p->created.text;
}

const struct stmt participant_removed_stmt = {
	.name = "participant_removed",
	.sql = "SELECT e.outcome, e.note"
	       "  FROM frontline_api.participant_removed($1, $2, $3, $4,"
	       "       $5::timestamptz) AS e",
	.params = 5,
};

void
participant_removed_bind(
    struct db_call *call, const struct participant_removed *p)
{
	call->stmt = &participant_removed_stmt;
	call->args[0] = p->at.conversation.text;
	call->args[1] = p->at.service.text;
	call->args[2] = p->participant.text;
	call->args[3] = p->identity.text;
	call->args[4] = p->removed.text;
}
