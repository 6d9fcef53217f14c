#include "store/bridge_name.h"

#include <string.h>

static const char *
keep(struct arena *a, const struct rows *rows, int column)
{
	const char *text =
	    rows_count(rows) > 0 ? rows_text(rows, 0, column) : NULL;

	return text != NULL ? arena_copy(a, text, strlen(text)) : NULL;
}

const struct stmt caller_ask_stmt = {
	.name = "caller_ask",
	.sql = "SELECT l.address"
	       "  FROM frontline.lookup_name($1::bigint, $2::integer) AS l"
	       " WHERE l.standing = 'ask'",
	.params = 2,
};

void
caller_ask_bind(struct db_call *call, struct arena *a, const char *caller_id,
    long cache_days)
{
	call->stmt = &caller_ask_stmt;
	call->args[0] = caller_id;
	call->args[1] = db_number(a, cache_days);
}

const char *
caller_ask_read(const struct rows *rows, struct arena *a)
{
	return keep(a, rows, 0);
}

const struct stmt caller_note_stmt = {
	.name = "caller_note",
	.sql = "SELECT frontline.note_name($1::bigint, $2, $3, $4)",
	.params = 4,
};

void
caller_note_bind(struct db_call *call, const struct caller_answer *answer)
{
	call->stmt = &caller_note_stmt;
	call->args[0] = answer->caller_id;
	call->args[1] = answer->name;
	call->args[2] = answer->type;
	call->args[3] = answer->channel;
}

const struct stmt contact_stmt = {
	.name = "contact",
	.sql = "SELECT c.address, c.name"
	       "  FROM frontline.contact_for_front($1::bigint) AS c",
	.params = 1,
};

void
contact_bind(struct db_call *call, const char *caller_id)
{
	call->stmt = &contact_stmt;
	call->args[0] = caller_id;
}

bool
contact_read(const struct rows *rows, struct arena *a, const char **number,
    const char **name)
{
	*number = keep(a, rows, 0);
	*name = keep(a, rows, 1);
	return *number != NULL && *name != NULL;
}

const struct stmt tag_id_stmt = {
	.name = "tag_id",
	.sql = "SELECT frontline.tag_id($1, $2)",
	.params = 2,
};

void
tag_id_bind(struct db_call *call, const char *channel, const char *name)
{
	call->stmt = &tag_id_stmt;
	call->args[0] = channel;
	call->args[1] = name;
}

const char *
tag_id_read(const struct rows *rows, struct arena *a)
{
	return keep(a, rows, 0);
}

const struct stmt tag_note_stmt = {
	.name = "tag_note",
	.sql = "SELECT frontline.note_tag($1, $2, $3)",
	.params = 3,
};

void
tag_note_bind(
    struct db_call *call, const char *channel, const char *name, const char *id)
{
	call->stmt = &tag_note_stmt;
	call->args[0] = channel;
	call->args[1] = name;
	call->args[2] = id;
}
