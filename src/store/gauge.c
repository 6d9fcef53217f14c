#include "store/gauge.h"

#include <stdlib.h>

const struct stmt gauge_stmt = {
	.name = "metrics",
	.sql = "SELECT m.name, m.label, m.value FROM frontline_api.metrics() m",
	.params = 0,
};

void
gauge_bind(struct db_call *call)
{
	call->stmt = &gauge_stmt;
}

void
gauge_read(const struct rows *rows, int row, struct gauge *out)
{
	const char *value = rows_text(rows, row, 2);

	out->name = rows_text(rows, row, 0);
	out->label = rows_text(rows, row, 1);
	out->value = value != NULL ? strtod(value, NULL) : 0;
}
