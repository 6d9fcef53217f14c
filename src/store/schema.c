#include "store/schema.h"

const struct stmt schema_version_stmt = {
	.name = "schema_version",
	.sql = "SELECT frontline_api.schema_version()",
	.params = 0,
};

void
schema_version_bind(struct db_call *call)
{
	call->stmt = &schema_version_stmt;
}

int
schema_version_read(const struct rows *rows)
{
	if (rows_count(rows) == 0 || rows_text(rows, 0, 0) == NULL)
		return 0;
	return (int)strtol(rows_text(rows, 0, 0), NULL, 10);
}
