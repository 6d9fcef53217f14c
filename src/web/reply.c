#include "web/reply.h"

#include "base/limits.h"
#include "text/json_out.h"

static void
drop_json(void *handle)
{
	json_decref(handle);
}

void
reply_keep_json(struct call *call, json_t *value)
{
	arena_defer(call->arena, drop_json, value);
}

bool
reply_dump_json(struct buf *to, const json_t *value)
{
	const size_t len = json_dumpb(value, NULL, 0, JSON_COMPACT);
	char *at;

	if (len == 0)
		return false;
	at = buf_reserve(to, len);
	(void)json_dumpb(value, at, len, JSON_COMPACT);
	to->len += len;
	to->bytes[to->len] = '\0';
	return true;
}

enum rc
reply_json(struct call *call, json_t *value)
{
	if (value == NULL)
		return err_set(&call->err, RC_FAULT, "fault",
		    "a value cannot be shown as JSON");
	reply_keep_json(call, value);
	if (!reply_dump_json(&call->reply, value))
		return err_set(&call->err, RC_FAULT, "fault",
		    "a value cannot be shown as JSON");
	call->status = 200;
	return RC_OK;
}

void
reply_empty(struct call *call)
{
	call->status = 200;
	call->content_type = "application/json";
	buf_clear(&call->reply);
	buf_add_str(&call->reply, "{}");
}

void
reply_twiml(struct call *call)
{
	call->status = 200;
	call->content_type = "text/xml";
	buf_clear(&call->reply);
	buf_add_str(&call->reply,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>");
}

void
reply_nothing(struct call *call)
{
	call->status = 204;
	buf_clear(&call->reply);
}

/*
 * The one place where a failure becomes a status.  The code is looked at
 * first; `say` is the message where the sentence of the failure is for the
 * log alone.
 */
static const struct {
	enum rc rc;
	const char *code; /* NULL: every other code of that rc */
	int status;
	const char *say; /* NULL: the sentence itself */
} answers[] = {
	{ RC_INVALID, "body_too_large", 413, NULL },
	{ RC_INVALID, "method_not_allowed", 405, NULL },
	{ RC_INVALID, "unsupported_media_type", 415, NULL },
	{ RC_INVALID, "unknown_location", 422, NULL },
	{ RC_INVALID, NULL, 400, NULL },
	{ RC_REFUSED, "bad_signature", 403, "the signature does not match" },
	{ RC_REFUSED, "bad_front_signature", 401,
	    "the signature does not match" },
	{ RC_REFUSED, "unknown_worker", 403, "the worker is not known" },
	{ RC_REFUSED, NULL, 403, "not allowed" },
	{ RC_NOT_FOUND, "unknown_customer", 404, "the customer is not known" },
	{ RC_NOT_FOUND, "unknown_media", 404, "there is no such picture" },
	{ RC_NOT_FOUND, NULL, 404, "there is nothing at this path" },
	{ RC_CONFLICT, NULL, 409, "already there" },
	{ RC_BUSY, NULL, 503, "the service is not available, try again later" },
	{ RC_FAULT, NULL, 500, "the request could not be handled" },
	{ RC_OK, NULL, 500, "the request could not be handled" },
};

void
reply_error(struct call *call)
{
	const struct err *e = &call->err;
	const char *say;
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]) - 1; i++)
		if (answers[i].rc == e->rc &&
		    (answers[i].code == NULL ||
			strcmp(answers[i].code, e->code) == 0))
			break;
	call->status = answers[i].status;
	say = answers[i].say != NULL ? answers[i].say : e->text;
	call->content_type = "application/json";
	buf_clear(&call->reply);
	if (call->status == 400 && call->door != NULL) {
		/* The one form that Front knows, and may show the agent. */
		buf_add_str(
		    &call->reply, "{\"type\":\"bad_request\",\"message\":");
		buf_add_json(&call->reply, say, strlen(say));
		buf_add_char(&call->reply, '}');
		return;
	}
	buf_add_str(&call->reply, "{\"error\":{\"code\":");
	buf_add_json(&call->reply, e->code, strlen(e->code));
	buf_add_str(&call->reply, ",\"message\":");
	buf_add_json(&call->reply, say, strlen(say));
	buf_add_str(&call->reply, "}}");
}

static const char *
status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
		{ 200, "OK" },
		{ 204, "No Content" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 413, "Payload Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Entity" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Unknown";
}

void
reply_format(const struct call *call, struct buf *out)
{
	const bool is_head =
	    call->method != NULL && strcmp(call->method, "HEAD") == 0;

	buf_addf(
	    out, "Status: %d %s\r\n", call->status, status_text(call->status));
	if (call->status != 204)
		buf_addf(out,
		    "Content-Type: %s\r\n"
		    "Content-Length: %zu\r\n",
		    call->content_type, call->reply.len);
	if (call->allow != NULL)
		buf_addf(out, "Allow: %s\r\n", call->allow);
	buf_add_str(out, "\r\n");
	if (!is_head)
		buf_add(out, call->reply.bytes, call->reply.len);
}
