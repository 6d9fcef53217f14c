#include "store/shown_media.h"

/*
 * The function answers with hex digits, which the server turns into bytes
 * sooner than they would be sent here.
 */
const struct stmt shown_media_stmt = {
	.name = "shown_media",
	.sql = "SELECT m.content_type, decode(m.bytes, 'hex') AS bytes"
	       "  FROM frontline_api.get_media($1) AS m",
	.params = 1,
	.binary = true,
};

void
shown_media_bind(struct db_call *call, const char *token)
{
	call->stmt = &shown_media_stmt;
	call->args[0] = token;
}

bool
shown_media_read(const struct rows *rows, struct shown_media *out)
{
	if (rows_count(rows) == 0)
		return false;
	out->content_type = rows_text(rows, 0, 0);
	out->bytes = rows_bytes(rows, 0, 1, &out->len);
	return out->bytes != NULL;
}
