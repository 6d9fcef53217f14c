#include "store/routing.h"

const struct stmt routing_stmt = {
	.name = "routing",
	.sql = "SELECT r.decision, r.worker, r.reason"
	       "  FROM frontline_api.route_conversation($1, $2, $3, $4, $5,"
	       "       $6) AS r",
	.params = 6,
};

void
routing_bind(struct db_call *call, const struct routing_query *q)
{
	call->stmt = &routing_stmt;
	call->args[0] = q->at.conversation.text;
	call->args[1] = q->at.service.text;
	call->args[2] = q->address;
	call->args[3] = q->proxy_address;
	call->args[4] = q->state.text;
	call->args[5] = q->default_worker;
}

void
routing_read(const struct rows *rows, struct routing_answer *out)
{
	*out = (struct routing_answer){ .decision = "no_answer", .reason = "" };
	if (rows_count(rows) == 0)
		return;
	if (rows_text(rows, 0, 0) != NULL)
		out->decision = rows_text(rows, 0, 0);
	out->worker = rows_text(rows, 0, 1);
	if (rows_text(rows, 0, 2) != NULL)
		out->reason = rows_text(rows, 0, 2);
}
