#include "store/customer.h"

/*
 * The worker stands in front of an outer join, so that "unknown worker" and
 * "no customers" are different answers of one round trip.
 */
const struct stmt customer_list_stmt = {
	.name = "customer_list",
	.sql = "SELECT w.identity IS NOT NULL, l.customer_id, l.display_name,"
	       "       l.avatar, l.sort_name"
	       "  FROM (VALUES (1)) AS one"
	       "  LEFT JOIN frontline_api.get_worker($1) AS w ON true"
	       "  LEFT JOIN LATERAL frontline_api.get_customers_list("
	       "       $1, $2::int, $3, $4, $5, $6, $7::boolean)"
	       "       WITH ORDINALITY AS l(customer_id, display_name, avatar,"
	       "       sort_name, n) ON w.identity IS NOT NULL"
	       " ORDER BY l.n",
	.params = 7,
	.reads = true,
};

void
customer_list_bind(
    struct db_call *call, struct arena *a, const struct customer_list_query *q)
{
	call->stmt = &customer_list_stmt;
	call->args[0] = q->worker.text;
	call->args[1] = db_number(a, q->limit);
	call->args[2] = q->after.sort_name;
	call->args[3] = q->after.customer_id;
	call->args[4] = q->anchor.text;
	call->args[5] = q->query.text;
	call->args[6] = db_bool(q->masking);
}

int
customer_list_count(const struct rows *rows)
{
	if (rows_count(rows) == 0 || rows_text(rows, 0, 0)[0] != 't')
		return -1;
	return rows_text(rows, 0, 1) == NULL ? 0 : rows_count(rows);
}

void
customer_list_read(const struct rows *rows, int row, struct customer_item *out)
{
	out->customer_id = rows_text(rows, row, 1);
	out->display_name = rows_text(rows, row, 2);
	out->avatar = rows_text(rows, row, 3);
	out->sort_name = rows_text(rows, row, 4);
}

/*
 * One statement instead of three in a pipeline: half the work (measured).
 * Channels and links are asked for the id that get_customer answered, which
 * is another one after a merge, and nothing where it answered nothing.
 */
const struct stmt customer_details_stmt = {
	.name = "customer_details",
	.sql = "WITH c AS MATERIALIZED ("
	       "  SELECT customer_id, display_name, avatar, details_title,"
	       "         details_content"
	       "    FROM frontline_api.get_customer($1, $2, $3::boolean))"
	       "SELECT 0, 0::bigint, w.identity, NULL, NULL, NULL, NULL"
	       "  FROM frontline_api.get_worker($1) AS w"
	       " UNION ALL "
	       "SELECT 1, 0, c.customer_id, c.display_name, c.avatar,"
	       "       c.details_title, c.details_content"
	       "  FROM c"
	       " UNION ALL "
	       "SELECT 2, h.n, h.type, h.value, NULL, NULL, NULL"
	       "  FROM c CROSS JOIN LATERAL"
	       "       frontline_api.get_channels(c.customer_id)"
	       "       WITH ORDINALITY AS h(type, value, n)"
	       " UNION ALL "
	       "SELECT 3, l.n, l.type, l.value, l.display_name, NULL, NULL"
	       "  FROM c CROSS JOIN LATERAL"
	       "       frontline_api.get_links(c.customer_id)"
	       "       WITH ORDINALITY AS l(type, value, display_name, n)"
	       " ORDER BY 1, 2",
	.params = 3,
	.reads = true,
};

void
customer_details_bind(
    struct db_call *call, struct arena *a, const struct customer_query *q)
{
	(void)a;
	call->stmt = &customer_details_stmt;
	call->args[0] = q->worker.text;
	call->args[1] = q->customer.text;
	call->args[2] = db_bool(q->strict);
}

enum customer_row
customer_details_read(const struct rows *rows, int row,
    const char *texts[static CUSTOMER_ROW_TEXTS])
{
	int i;

	for (i = 0; i < CUSTOMER_ROW_TEXTS; i++)
		texts[i] = rows_text(rows, row, i + 2);
	return (enum customer_row)(rows_text(rows, row, 0)[0] - '0');
}
