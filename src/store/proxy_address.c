#include "store/proxy_address.h"

const struct stmt proxy_address_stmt = {
	.name = "proxy_address",
	.sql = "SELECT w.identity IS NOT NULL, p.address, p.refusal"
	       "  FROM (VALUES (1)) AS one"
	       "  LEFT JOIN frontline_api.get_worker($1) AS w ON true"
	       "  LEFT JOIN LATERAL frontline_api.get_proxy_address("
	       "       $1, $2, $3, $4, $5::boolean) AS p ON true",
	.params = 5,
};

void
proxy_address_bind(struct db_call *call, const struct proxy_address_query *q)
{
	call->stmt = &proxy_address_stmt;
	call->args[0] = q->worker.text;
	call->args[1] = q->customer.text;
	call->args[2] = channel_name(q->channel);
	call->args[3] = q->to.text;
	call->args[4] = db_bool(q->strict);
}

void
proxy_address_read(const struct rows *rows, struct proxy_address_answer *out)
{
	*out = (struct proxy_address_answer){ .refusal = "no_answer" };
	if (rows_count(rows) == 0)
		return;
	out->worker_is_known = rows_text(rows, 0, 0)[0] == 't';
	out->address = rows_text(rows, 0, 1);
	if (rows_text(rows, 0, 2) != NULL)
		out->refusal = rows_text(rows, 0, 2);
}
