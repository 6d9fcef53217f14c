#include "web/serve.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "web/reply.h"
#include "web/routes.h"

/* Headers as nginx hands them over. */
static const char signature_param[] = "HTTP_X_TWILIO_SIGNATURE";

/* The second spelling is a slip of two pages of Frontline's documentation. */
static const char *const form_types[] = {
	"application/x-www-form-urlencoded",
	"application/x-www-urlencoded",
};

static void
finish(struct call *call, enum rc rc)
{
	if (rc != RC_OK)
		reply_error(call);
	call->on_finished(call);
}

/* Takes what nginx numbered the request with, if it is fit for a log. */
static const char *
request_id(struct call *call, const struct fcgi *f)
{
	const char *id = fcgi_param(f, "REQUEST_ID");
	size_t len;

	if (id == NULL)
		return "-";
	len = strlen(id);
	if (len == 0 || len > 64 ||
	    strspn(id, "0123456789abcdefABCDEF-") != len)
		return "-";
	return arena_copy(call->arena, id, len);
}

static enum rc
check_method(struct call *call, const struct fcgi *f)
{
	const char *method = fcgi_param(f, "REQUEST_METHOD");

	if (method != NULL && strcmp(method, call->route->method) == 0)
		return RC_OK;
	call->allow = call->route->method;
	return err_set(&call->err, RC_INVALID, "method_not_allowed",
	    "the method is not allowed here");
}

/* Parameters behind a ';' say nothing: a form is UTF-8 (twilio.md 2). */
static enum rc
check_content_type(struct call *call, const struct fcgi *f)
{
	const char *type = fcgi_param(f, "CONTENT_TYPE");
	size_t len, i;

	if (type != NULL) {
		len = strcspn(type, "; \t");
		for (i = 0; i < sizeof(form_types) / sizeof(form_types[0]); i++)
			if (strlen(form_types[i]) == len &&
			    strncasecmp(type, form_types[i], len) == 0)
				return RC_OK;
	}
	return err_set(&call->err, RC_INVALID, "unsupported_media_type",
	    "the body must be application/x-www-form-urlencoded");
}

/* Names every URL that was tried: the answer to "403 behind the proxy". */
static enum rc
refuse_signature(struct call *call, const char *target)
{
	const struct twilio_signing *s = &call->service->signing;
	struct buf tried;
	enum rc rc;
	size_t i;

	buf_init(&tried);
	for (i = 0; i < s->prefix_count; i++)
		buf_addf(&tried, "%s%s%.*s", i > 0 ? ", " : "",
		    s->prefixes[i].bytes, (int)strcspn(target, "?"), target);
	rc = err_set(&call->err, RC_REFUSED, "bad_signature",
	    "no token signs %s (%zu %s, query as received)", tried.bytes,
	    s->key_count, s->key_count == 1 ? "token" : "tokens");
	buf_release(&tried);
	return rc;
}

static enum rc
check_signature(struct call *call, const struct fcgi *f, const char *target,
    const struct form *form)
{
	const char *signature;
	size_t count;

	count = fcgi_param_count(f, signature_param);
	if (count != 1)
		return err_set(&call->err, RC_REFUSED, "bad_signature",
		    "%zu X-Twilio-Signature headers where one belongs", count);
	signature = fcgi_param(f, signature_param);
	if (strlen(signature) != SHA1_BASE64_LEN)
		return err_set(&call->err, RC_REFUSED, "bad_signature",
		    "X-Twilio-Signature has %zu characters where %d belong",
		    strlen(signature), SHA1_BASE64_LEN);
	if (twilio_signature_is_valid(&call->service->signing, call->arena,
		target, form, signature, strlen(signature)))
		return RC_OK;
	return refuse_signature(call, target);
}

static enum rc
check_listener(struct call *call, const struct fcgi *f)
{
	const char *listener = fcgi_param(f, "FRONTLINE_LISTENER");

	if (listener != NULL && strcmp(listener, "loopback") == 0)
		return RC_OK;
	return err_set(&call->err, RC_NOT_FOUND, "not_found",
	    "asked for through the public listener");
}

static enum rc
find_action(struct call *call, const struct form *form)
{
	const struct action *const *a;
	const struct form_pair *location;

	if (call->route->actions[0]->location == NULL) {
		call->action = call->route->actions[0];
		return RC_OK;
	}
	location = form_find(form, "Location");
	if (location == NULL)
		return err_set(&call->err, RC_INVALID, "unknown_location",
		    "Location is missing");
	if (form_is_repeated(form, "Location"))
		return err_set(&call->err, RC_INVALID, "repeated_field",
		    "Location is given more than once");
	for (a = call->route->actions; *a != NULL; a++)
		if (strlen((*a)->location) == location->value_len &&
		    memcmp((*a)->location, location->value,
			location->value_len) == 0) {
			call->action = *a;
			return RC_OK;
		}
	return err_set(&call->err, RC_INVALID, "unknown_location",
	    "the Location '%.64s' is not one of ours", location->value);
}

/* Twilio adds fields without notice: they are signed, and of no use to us. */
static void
note_unknown_fields(const struct call *call, const struct form *form)
{
	const struct field *f;
	size_t i;

	for (i = 0; i < form->count; i++) {
		if (strcmp(form->pairs[i].name, "Location") == 0)
			continue;
		for (f = call->action->fields; f->name != NULL; f++)
			if (strcmp(form->pairs[i].name, f->name) == 0)
				break;
		if (f->name == NULL)
			log_debug("req=%s the field %s is not used",
			    call->request_id, form->pairs[i].name);
	}
}

/* Everything up to the statement: syntax, proof, meaning, in this order. */
static enum rc
understand(struct call *call, struct fcgi *f, bool too_large)
{
	const char *target = fcgi_param(f, "REQUEST_URI"), *body;
	struct service *s = call->service;
	struct form form = { .count = 0 };
	size_t len;
	enum rc rc;

	call->route = target != NULL ? route_find(target) : NULL;
	if (call->route == NULL)
		return err_set(&call->err, RC_NOT_FOUND, "not_found",
		    "there is nothing at this path");
	rc = check_method(call, f);
	if (rc != RC_OK)
		return rc;
	if (too_large)
		return err_set(&call->err, RC_INVALID, "body_too_large",
		    "the body is larger than %zu bytes", s->gate_limits.body);
	rc = fcgi_body(
	    f, call->arena, s->gate_limits.body, &body, &len, &call->err);
	if (rc != RC_OK)
		return rc;
	if (call->route->auth == AUTH_LOOPBACK) {
		rc = check_listener(call, f);
	} else {
		rc = check_content_type(call, f);
		if (rc == RC_OK)
			rc = form_decode(call->arena, body, len,
			    &s->form_limits, &form, &call->err);
		if (rc == RC_OK)
			rc = check_signature(call, f, target, &form);
	}
	if (rc == RC_OK)
		rc = find_action(call, &form);
	if (rc != RC_OK)
		return rc;
	if (call->action->fields == NULL)
		return RC_OK;
	if (log_is_on(LOG_LEVEL_DEBUG))
		note_unknown_fields(call, &form);
	call->in = arena_alloc(call->arena, call->action->size);
	return form_fill(
	    call->arena, &form, call->action->fields, call->in, &call->err);
}

static void
rows_are_here(struct db_call *db, enum rc rc, const struct rows *rows,
    const struct err *e)
{
	struct call *call = OWNER_OF(db, struct call, db);

	if (rc != RC_OK)
		call->err = *e;
	else
		rc = call->action->answer(call, call->in, rows);
	finish(call, rc);
}

void
serve(struct call *call, struct fcgi *f, bool too_large)
{
	enum rc rc;

	call->started_us = clock_us();
	call->request_id = request_id(call, f);
	call->content_type = "application/json";
	call->rows = -1;
	rc = understand(call, f, too_large);
	if (rc == RC_OK && call->action->ask != NULL)
		rc = call->action->ask(call, call->in);
	if (rc == RC_OK && call->action->ask != NULL) {
		call->db.on_done = rows_are_here;
		call->db.deadline_us =
		    call->started_us +
		    call->service->config.responder.request_timeout_ms * 1000;
		db_pool_submit(call->service->db, &call->db);
		return;
	}
	if (rc == RC_OK)
		rc = call->action->answer(call, call->in, NULL);
	finish(call, rc);
}

void
serve_log(const struct call *call)
{
	char reason[sizeof(call->err.text)];
	char rows[32] = "";
	int64_t us = clock_us() - call->started_us;
	size_t i;

	memcpy(reason, call->err.text, sizeof(reason));
	for (i = 0; reason[i] != '\0'; i++)
		if (reason[i] == '"' || reason[i] == '\\')
			reason[i] = '\'';
	if (call->rows >= 0)
		(void)snprintf(rows, sizeof(rows), " rows=%ld", call->rows);
	log_info(
	    "req=%s route=%s action=%s status=%d ms=%lld.%03lld%s%s%s%s%s%s",
	    call->request_id, call->route != NULL ? call->route->name : "other",
	    call->action == NULL || call->action->location == NULL
		? "-"
		: call->action->location,
	    call->status, (long long)us / 1000, (long long)us % 1000, rows,
	    reason[0] != '\0' ? " code=" : "",
	    reason[0] != '\0' ? call->err.code : "",
	    reason[0] != '\0' ? " reason=\"" : "", reason,
	    reason[0] != '\0' ? "\"" : "");
}
