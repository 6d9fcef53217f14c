#include "web/serve.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "core/metrics.h"
#include "peer/front_event.h"
#include "web/proof.h"
#include "web/reply.h"
#include "web/routes.h"

static void
finish(struct call *call, enum rc rc)
{
	if (rc != RC_OK && call->action != NULL && call->action->fails_open) {
		call->outcome = "failed_open";
		metrics_count(METRIC_FAILED_OPEN, NULL, NULL, NULL);
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

/* The route's methods stand as a header lists them: "GET, HEAD". */
static enum rc
check_method(struct call *call, const struct fcgi *f)
{
	const char *method = fcgi_param(f, "REQUEST_METHOD");
	const char *at = call->route->methods;
	const size_t len = method != NULL ? strlen(method) : 0;
	size_t n;

	for (; len > 0 && *at != '\0'; at += n, at += strspn(at, ", ")) {
		n = strcspn(at, ",");
		if (n != len || memcmp(at, method, len) != 0)
			continue;
		call->method = arena_copy(call->arena, method, len);
		return RC_OK;
	}
	call->allow = call->route->methods;
	return err_set(&call->err, RC_INVALID, "method_not_allowed",
	    "the method is not allowed here");
}

static const struct action *
find_word(const struct route *route, const char *word, size_t len)
{
	const struct action *const *a;

	for (a = route->actions; *a != NULL; a++)
		if (strlen((*a)->word) == len &&
		    memcmp((*a)->word, word, len) == 0)
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
		call->action = word != NULL ? find_word(route, word->value,
						  word->value_len)
					    : NULL;
		if (call->action != NULL)
			return RC_OK;
		rc = refuse_word(call, word);
	}
	call->action = route->otherwise;
	return call->action != NULL ? RC_OK : rc;
}

/* Of Front: the body's shape says what it is, and is what the action gets. */
static enum rc
find_front_action(struct call *call, const struct span *body)
{
	const struct config *c = &call->service->config;
	const struct front_event_options options = {
		.api = &c->front.api_base_url,
		.country = c->service.default_country,
		.is_delete = strcmp(call->method, "DELETE") == 0,
	};
	struct front_event *event;
	const char *word;
	enum rc rc;

	event = arena_alloc(call->arena, sizeof(*event));
	rc = front_event_parse(call->arena, body, &options, event, &call->err);
	if (rc != RC_OK)
		return rc;
	word = front_kind_name(event->kind);
	call->action = find_word(call->route, word, strlen(word));
	if (call->action == NULL)
		call->action = call->route->otherwise;
	call->in = event;
	return RC_OK;
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

/* The route and, where its path goes on, what stands behind. */
static enum rc
find_route(struct call *call, const char *target)
{
	size_t path_len, len;

	call->route = target != NULL ? route_find(target) : NULL;
	if (call->route == NULL)
		return err_set(&call->err, RC_NOT_FOUND, "not_found",
		    "there is nothing at this path");
	path_len = strlen(call->route->path);
	len = strcspn(target, "?");
	call->tail = arena_copy(call->arena, target + path_len, len - path_len);
	return RC_OK;
}

/* The body, proven to be from whom it should be. */
static enum rc
read_body(struct call *call, struct fcgi *f, bool too_large, struct span *body,
    struct form *form)
{
	const char *target = fcgi_param(f, "REQUEST_URI");
	const size_t most = call->service->gate_limits.body;
	enum rc rc;

	rc = proof_by_path(call);
	if (rc == RC_OK && too_large)
		rc = err_set(&call->err, RC_INVALID, "body_too_large",
		    "the body is larger than %zu bytes", most);
	if (rc == RC_OK)
		rc = fcgi_body(
		    f, call->arena, most, &body->bytes, &body->len, &call->err);
	if (rc == RC_OK)
		rc = proof_check(call, f, target, body, form);
	return rc;
}

/* Everything up to the statement: syntax, proof, meaning, in this order. */
static enum rc
understand(struct call *call, struct fcgi *f, bool too_large)
{
	struct form form = { .count = 0 };
	struct span body = { "", 0 };
	enum rc rc;

	rc = find_route(call, fcgi_param(f, "REQUEST_URI"));
	if (rc == RC_OK)
		rc = check_method(call, f);
	if (rc == RC_OK)
		rc = read_body(call, f, too_large, &body, &form);
	if (rc != RC_OK)
		return rc;
	if (call->route->auth == AUTH_FRONT)
		return find_front_action(call, &body);
	rc = find_action(call, &form);
	if (rc != RC_OK || call->action->fields == NULL)
		return rc;
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
	if (rc == RC_OK || call->action->answers_anyway)
		rc = call->action->answer(call, call->in, rows);
	/*
	 * A standby may not know yet what the primary knows: nobody is turned
	 * away on its word alone.
	 */
	if (rc != RC_OK && db->pool == call->service->reads) {
		buf_clear(&call->reply);
		call->err = (struct err){ .rc = RC_OK };
		db_pool_submit(call->service->db, db);
		return;
	}
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
		db_pool_submit(
		    service_pool(call->service, call->db.stmt), &call->db);
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

/* It was for the standby, which was away, or knew less than the primary. */
static bool
was_moved(const struct call *call)
{
	const struct service *s = call->service;

	return s->reads != NULL && call->db.stmt != NULL &&
	       call->db.stmt->reads && call->db.pool == s->db;
}

static void
count(const struct call *call, int64_t us)
{
	const char *route = call->route != NULL ? call->route->name : NULL;
	const struct action *action = call->action;

	metrics_count_request(route, call->status);
	metrics_observe(METRIC_REQUEST_SECONDS, route, us);
	if (action != NULL && action->word != NULL)
		metrics_count(METRIC_ACTIONS, action->word, NULL, NULL);
	if (call->err.rc == RC_REFUSED && action == NULL &&
	    strstr(call->err.code, "signature") != NULL)
		metrics_count(METRIC_FORGERIES, route, NULL, NULL);
	if (was_moved(call))
		metrics_count(METRIC_READS_MOVED, NULL, NULL, NULL);
}

void
serve_end(const struct call *call)
{
	const struct action *action = call->action;
	int64_t us = clock_us() - call->started_us;
	struct buf line;

	count(call, us);

	buf_init(&line);
	buf_addf(&line, "req=%s route=%s action=%s status=%d ms=%lld.%03lld",
	    call->request_id, call->route != NULL ? call->route->name : "other",
	    action != NULL && action->word != NULL ? action->word : "-",
	    call->status, (long long)us / 1000, (long long)us % 1000);
	if (call->rows >= 0)
		buf_addf(&line, " rows=%ld", call->rows);
	if (call->conversation != NULL)
		buf_addf(&line, " conversation=%s", call->conversation);
	if (call->door != NULL)
		buf_addf(&line, " channel=%s", call->door->channel->name);
	if (call->outcome != NULL)
		buf_addf(&line, " outcome=%s", call->outcome);
	if (call->err.text[0] != '\0')
		buf_addf(&line, " code=%s", call->err.code);
	add_quoted(&line, "reason", call->err.text);
	add_quoted(&line, "note", call->note);
	log_info("%s", line.bytes);
	buf_release(&line);
}
