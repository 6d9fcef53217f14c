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
	if (rc != RC_OK && call->action != NULL && call->action->fails_open) {
		call->outcome = "failed_open";
		reply_empty(call);
	} else if (rc != RC_OK) {
		reply_error(call);
	}
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

/*
 * What is signed has no marks between names and values, so a value may have
 * been made a name of: whatever says an account must say ours.
 */
static enum rc
check_account(struct call *call, const struct form *form)
{
	const char *ours = call->service->config.twilio.account_sid;
	const struct form_pair *p;
	size_t i;

	for (i = 0; i < form->count; i++) {
		p = &form->pairs[i];
		if (strcmp(p->name, "AccountSid") == 0 && p->value_len > 0 &&
		    (p->value_len != strlen(ours) ||
			strcasecmp(p->value, ours) != 0))
			return err_set(&call->err, RC_REFUSED,
			    "foreign_account",
			    "AccountSid is not the account of the settings");
	}
	return RC_OK;
}

static const struct action *
find_word(const struct route *route, const struct form_pair *word)
{
	const struct action *const *a;

	for (a = route->actions; *a != NULL; a++)
		if (strlen((*a)->word) == word->value_len &&
		    memcmp((*a)->word, word->value, word->value_len) == 0)
			return *a;
	return NULL;
}

/* Leaves in call->err why there is no action for the word of the form. */
static enum rc
refuse_word(struct call *call, const struct form_pair *word)
{
	const struct route *route = call->route;
	const char *code =
	    route->otherwise != NULL ? "unknown_event" : "unknown_location";

	if (word == NULL)
		return err_set(&call->err, RC_INVALID, code, "%s is missing",
		    route->decided_by);
	return err_set(&call->err, RC_INVALID, code,
	    "the %s '%.64s' is not one of ours", route->decided_by,
	    word->value);
}

static enum rc
find_action(struct call *call, const struct form *form)
{
	const struct route *route = call->route;
	const struct form_pair *word;
	enum rc rc;

	if (route->decided_by == NULL) {
		call->action = route->actions[0];
		return RC_OK;
	}
	word = form_find(form, route->decided_by);
	if (form_is_repeated(form, route->decided_by)) {
		rc = err_set(&call->err, RC_INVALID, "repeated_field",
		    "%s is given more than once", route->decided_by);
	} else {
		call->action = word != NULL ? find_word(route, word) : NULL;
		if (call->action != NULL)
			return RC_OK;
		rc = refuse_word(call, word);
	}
	call->action = route->otherwise;
	return call->action != NULL ? RC_OK : rc;
}

/* Twilio adds fields without notice: they are signed, and of no use to us. */
static void
note_unknown_fields(const struct call *call, const struct form *form)
{
	const struct field *f;
	size_t i;

	for (i = 0; i < form->count; i++) {
		if (call->route->decided_by != NULL &&
		    strcmp(form->pairs[i].name, call->route->decided_by) == 0)
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
		if (rc == RC_OK)
			rc = check_account(call, &form);
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
	if (rc == RC_OK && call->db.stmt != NULL) {
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

/* Adds name="text"; what would end the quotes becomes an apostrophe. */
static void
add_quoted(struct buf *line, const char *name, const char *text)
{
	size_t from;

	if (text[0] == '\0')
		return;
	buf_addf(line, " %s=\"", name);
	from = line->len;
	buf_add_str(line, text);
	for (; from < line->len; from++)
		if (line->bytes[from] == '"' || line->bytes[from] == '\\')
			line->bytes[from] = '\'';
	buf_add_char(line, '"');
}

void
serve_log(const struct call *call)
{
	const struct action *action = call->action;
	int64_t us = clock_us() - call->started_us;
	struct buf line;

	buf_init(&line);
	buf_addf(&line, "req=%s route=%s action=%s status=%d ms=%lld.%03lld",
	    call->request_id, call->route != NULL ? call->route->name : "other",
	    action != NULL && action->word != NULL ? action->word : "-",
	    call->status, (long long)us / 1000, (long long)us % 1000);
	if (call->rows >= 0)
		buf_addf(&line, " rows=%ld", call->rows);
	if (call->conversation != NULL)
		buf_addf(&line, " conversation=%s", call->conversation);
	if (call->outcome != NULL)
		buf_addf(&line, " outcome=%s", call->outcome);
	if (call->err.text[0] != '\0')
		buf_addf(&line, " code=%s", call->err.code);
	add_quoted(&line, "reason", call->err.text);
	add_quoted(&line, "note", call->note);
	log_info("%s", line.bytes);
	buf_release(&line);
}
