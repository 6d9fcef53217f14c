/*
 * metrics.c -- Prometheus asks: how much of everything?
 *
 * /metrics answers 200 with what the processes of this host have counted, and
 * with what the database says of the queue.  While the database is away, or
 * its schema too old to say, that part is missing and the rest is there.
 * Served on nginx's loopback listener only.
 */
#include "core/metrics_text.h"
#include "io/shared_file.h"
#include "store/gauge.h"
#include "store/schema.h"
#include "web/actions.h"

#ifndef VERSION
#	define VERSION "unknown"
#endif

static enum rc
ask_metrics(struct call *call, void *in)
{
	(void)in;
	gauge_bind(&call->db);
	return RC_OK;
}

/* Those of the process, which needs no database to know them. */
static bool
add_own(struct call *call, const struct gauge_row *row, const struct rows *rows)
{
	const struct {
		const char *name;
		const char *label;
		double value;
	} own[] = {
		{ "frontline_build_info", VERSION, 1 },
		{ "frontline_metrics_shared", NULL, shared_file_is_shared() },
		{ "frontline_database_up", NULL, call->db.is_answered },
		{ "frontline_database_metrics", NULL, rows != NULL },
		{ "frontline_schema_version_needed", NULL,
		    SCHEMA_VERSION_NEEDED },
	};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (strcmp(own[i].name, row->name) != 0)
			continue;
		metrics_text_gauge(&call->reply, row);
		metrics_text_value(
		    &call->reply, row, own[i].label, own[i].value);
		return true;
	}
	return false;
}

/* What the database has said of it; a newer schema may say more. */
static void
add_from_database(
    struct call *call, const struct gauge_row *row, const struct rows *rows)
{
	const int n = rows != NULL ? rows_count(rows) : 0;
	const char *name = row->name + strlen("frontline_");
	bool has_head = false;
	struct gauge g;
	int i;

	for (i = 0; i < n; i++) {
		gauge_read(rows, i, &g);
		if (g.name == NULL || strcmp(g.name, name) != 0)
			continue;
		if (!has_head)
			metrics_text_gauge(&call->reply, row);
		has_head = true;
		metrics_text_value(&call->reply, row, g.label, g.value);
	}
}

static enum rc
answer_metrics(struct call *call, const void *in, const struct rows *rows)
{
	size_t i;

	(void)in;
	metrics_text_counts(&call->reply);
	for (i = 0; i < gauge_row_count; i++)
		if (!add_own(call, &gauge_rows[i], rows))
			add_from_database(call, &gauge_rows[i], rows);
	call->status = 200;
	call->content_type = metrics_text_type;
	return RC_OK;
}

const struct action metrics_action = {
	.ask = ask_metrics,
	.answer = answer_metrics,
	.answers_anyway = true,
};
