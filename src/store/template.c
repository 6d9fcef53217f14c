#include "store/template.h"

const struct stmt template_list_stmt = {
	.name = "template_list",
	.sql = "WITH c AS MATERIALIZED ("
	       "  SELECT customer_id, display_name, first_name, last_name,"
	       "         company_name"
	       "    FROM frontline_api.get_customer($1, $2, $3::boolean))"
	       "SELECT 0, 0::bigint, w.friendly_name, NULL, NULL, NULL"
	       "  FROM frontline_api.get_worker($1) AS w"
	       " UNION ALL "
	       "SELECT 1, 0, c.display_name, c.first_name, c.last_name,"
	       "       c.company_name"
	       "  FROM c"
	       " UNION ALL "
	       "SELECT 2, t.n, t.category, t.content,"
	       "       CASE WHEN t.whatsapp_approved THEN 't' END, NULL"
	       "  FROM c CROSS JOIN LATERAL"
	       "       frontline_api.get_templates($1, c.customer_id)"
	       "       WITH ORDINALITY"
	       "       AS t(category, content, whatsapp_approved, n)"
	       " ORDER BY 1, 2",
	.params = 3,
	.reads = true,
};

void
template_list_bind(struct db_call *call, const struct template_query *q)
{
	call->stmt = &template_list_stmt;
	call->args[0] = q->worker.text;
	call->args[1] = q->customer.text;
	call->args[2] = db_bool(q->strict);
}

enum template_row
template_list_read(const struct rows *rows, int row,
    const char *texts[static TEMPLATE_ROW_TEXTS])
{
	int i;

	for (i = 0; i < TEMPLATE_ROW_TEXTS; i++)
		texts[i] = rows_text(rows, row, i + 2);
	return (enum template_row)(rows_text(rows, row, 0)[0] - '0');
}
