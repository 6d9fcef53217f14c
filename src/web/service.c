#include "web/service.h"

#include "base/limits.h"
#include "core/metrics.h"
#include "io/db_conninfo.h"
#include "store/stmts.h"

static void
set_signing(struct service *s)
{
	const struct secret *token = &s->config.twilio.auth_token;
	const struct secret *next = &s->config.twilio.next_auth_token;

	twilio_signing_init(
	    &s->signing, s->arena, &s->config.service.public_base_url);
	twilio_signing_add_token(
	    &s->signing, s->arena, token->bytes, token->len);
	if (next->bytes != NULL)
		twilio_signing_add_token(
		    &s->signing, s->arena, next->bytes, next->len);
}

enum rc
service_read_config(
    struct arena *a, const char *path, struct config *config, struct err *e)
{
	struct conf_file file;
	enum rc rc;

	rc = config_read(a, path, config, &file, e);
	if (rc == RC_OK)
		rc = db_conninfo_check_key(
		    &file, "fcgi_conninfo", config->database.fcgi_conninfo, e);
	if (rc == RC_OK)
		rc = db_conninfo_check_key(&file, "fcgi_read_conninfo",
		    config->database.fcgi_read_conninfo, e);
	return rc;
}

static void
count_connection(bool is_up)
{
	metrics_count(is_up ? METRIC_CONNECTIONS : METRIC_LOSSES, metric_fcgi,
	    NULL, NULL);
}

/* The primary's pool, and before it the standby's, where there is one. */
static void
open_pools(struct service *s, struct loop *l)
{
	struct db_pool_options options = {
		.link = {
			.conninfo = s->config.database.fcgi_conninfo,
			.application_name = "frontline-fcgi",
			.prepare = s->config.database.prepared_statements,
			.stmts = responder_stmts,
			.stmt_count = responder_stmt_count,
			.patience_ms = LIMIT_PATIENCE_MS,
		},
		.connections = s->config.database.connections,
		.name = "database",
		.on_connection = count_connection,
	};
	const struct stmt **reads;
	size_t i, n = 0;

	s->db = db_pool_new(l, &options);
	if (s->config.database.fcgi_read_conninfo == NULL)
		return;
	reads = arena_alloc(s->arena, responder_stmt_count * sizeof(*reads));
	for (i = 0; i < responder_stmt_count; i++)
		if (responder_stmts[i]->reads)
			reads[n++] = responder_stmts[i];
	options.link.conninfo = s->config.database.fcgi_read_conninfo;
	options.link.stmts = reads;
	options.link.stmt_count = n;
	options.name = "standby";
	options.fallback = s->db;
	s->reads = db_pool_new(l, &options);
}

struct db_pool *
service_pool(const struct service *s, const struct stmt *stmt)
{
	return s->reads != NULL && stmt->reads ? s->reads : s->db;
}

enum rc
service_new(struct loop *l, const char *config_path, struct service **out,
    struct err *e)
{
	struct service *s;
	struct arena *a;
	enum rc rc;

	a = arena_new();
	s = arena_alloc(a, sizeof(*s));
	s->arena = a;
	rc = service_read_config(a, config_path, &s->config, e);
	if (rc != RC_OK) {
		arena_free(a);
		return rc;
	}
	set_signing(s);
	front_doors_init(&s->doors, a, &s->config);
	s->form_limits.fields = (size_t)s->config.responder.max_fields;
	s->form_limits.name = LIMIT_FIELD_NAME;
	s->form_limits.value = (size_t)s->config.responder.max_field_bytes;
	s->gate_limits.params = LIMIT_PARAMS;
	s->gate_limits.body = (size_t)s->config.responder.max_body_bytes;
	open_pools(s, l);
	s->users = 1;
	*out = s;
	return RC_OK;
}

void
service_free(struct service *s)
{
	if (s->reads != NULL)
		db_pool_free(s->reads);
	db_pool_free(s->db);
	arena_free(s->arena);
}
