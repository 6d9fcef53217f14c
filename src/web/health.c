/*
 * health.c -- a monitor asks: is this process alive, and can it work?
 *
 * /healthz answers 200 while the loop runs.  /readyz asks the database for
 * the version of its schema: 503 where it does not answer, or is older than
 * this program needs; where a standby is configured, "reads" says who answers
 * for it now.  Both are served on nginx's loopback listener only.
 */
#include "store/schema.h"
#include "web/actions.h"
#include "web/reply.h"

static enum rc
answer_health(struct call *call, const void *in, const struct rows *rows)
{
	(void)in;
	(void)rows;
	return reply_json(call, json_pack("{s:s}", "status", "ok"));
}

static enum rc
ask_ready(struct call *call, void *in)
{
	(void)in;
	schema_version_bind(&call->db);
	return RC_OK;
}

static enum rc
answer_ready(struct call *call, const void *in, const struct rows *rows)
{
	const struct db_pool *standby = call->service->reads;
	int version = schema_version_read(rows);
	const char *reads = NULL;

	(void)in;
	if (version < SCHEMA_VERSION_NEEDED)
		return err_set(&call->err, RC_BUSY, "old_schema",
		    "the schema is at version %d, and %d is needed "
		    "(frontlinectl migrate)",
		    version, SCHEMA_VERSION_NEEDED);
	if (standby != NULL)
		reads = db_pool_is_up(standby) ? "standby" : "primary";
	return reply_json(call, json_pack("{s:s, s:i, s:s*}", "status", "ready",
				    "schema", version, "reads", reads));
}

const struct action health_action = { .answer = answer_health };

const struct action ready_action = {
	.ask = ask_ready,
	.answer = answer_ready,
};
