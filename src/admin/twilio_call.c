#include "admin/twilio_call.h"

#include "base/buf.h"
#include "io/http_fetch.h"
#include "peer/twilio_answer.h"

static bool
is_post(const struct peer_request *request)
{
	return strcmp(request->method, "POST") == 0;
}

const char *
twilio_doubt(const struct peer_request *request)
{
	return is_post(request) ? "; it may have been done all the same" : "";
}

/* "429, code 20429: Too many requests" */
static const char *
describe(struct arena *a, const struct peer_answer *t)
{
	struct buf b;
	const char *text;

	buf_init(&b);
	buf_addf(&b, "%ld", t->status);
	if (t->code != 0)
		buf_addf(&b, ", code %ld", t->code);
	if (t->message[0] != '\0')
		buf_addf(&b, ": %s", t->message);
	text = arena_copy(a, b.bytes, b.len);
	buf_release(&b);
	return text;
}

/* The header is seconds or a date. */
static const char *
when_again(struct arena *a, const char *retry_after)
{
	char text[64];
	int len;

	if (retry_after == NULL || retry_after[0] == '\0')
		return "in a minute";
	len = strspn(retry_after, "0123456789") == strlen(retry_after)
		  ? snprintf(text, sizeof(text), "in %.10s s", retry_after)
		  : snprintf(text, sizeof(text), "after %.40s", retry_after);
	return arena_copy(a, text, (size_t)len);
}

/* What will not get better, for several reasons. */
static enum rc
explain_never(
    struct command_context *c, const struct peer_answer *t, const char *what)
{
	struct err *e = &c->err;

	if (t->status == 404)
		return err_set(e, RC_NOT_FOUND, "not_found",
		    "Twilio has no such thing (%s)%s", what,
		    t->message[0] == '\0' ? ", but these are not its words: "
					    "is the base URL right?"
					  : "");
	return err_set(
	    e, RC_REFUSED, "refused", "Twilio refuses it (%s)", what);
}

static enum rc
explain(struct command_context *c, const struct peer_request *request,
    const struct http_answer *answer, const struct peer_answer *t)
{
	const char *what = describe(c->arena, t);
	struct err *e = &c->err;

	switch (t->verdict) {
	case VERDICT_DONE:
		return RC_OK;
	case VERDICT_LIMITED:
		return err_set(e, RC_BUSY, "limited",
		    "too many requests (%s): try again %s", what,
		    when_again(c->arena, answer->retry_after));
	case VERDICT_STOP:
		if (t->status < 400)
			return err_set(e, RC_BUSY, "redirect",
			    "the answer is a redirect (%s), which Twilio never "
			    "sends and nobody follows: is the base URL right?",
			    what);
		return err_set(e, RC_BUSY, "credentials",
		    "Twilio refuses our credentials (%s): see [twilio] %s",
		    what,
		    c->config.twilio.api_key_sid != NULL
			? "api_key_sid and api_key_secret_file"
			: "account_sid and auth_token_file");
	case VERDICT_NOT_YET:
	case VERDICT_CONFLICT:
		return err_set(e, RC_BUSY, "conflict",
		    "somebody else is changing it (%s): try again", what);
	case VERDICT_UNKNOWN:
		return err_set(e, RC_BUSY, "uncertain",
		    "Twilio is unwell (%s)%s", what, twilio_doubt(request));
	case VERDICT_GONE:
		return err_set(e, RC_NOT_FOUND, "not_found",
		    "Twilio has no such thing (%s)", what);
	case VERDICT_TAKEN_BY:
	case VERDICT_MOVED:
		return err_set(
		    e, RC_REFUSED, "refused", "Twilio refuses it (%s)", what);
	case VERDICT_NEVER:
		return explain_never(c, t, what);
	}
	return RC_OK;
}

enum rc
twilio_call(struct command_context *c, const struct peer_request *request,
    struct http_answer *out)
{
	static const struct http_header headers[] = {
		{ "Content-Type", "application/x-www-form-urlencoded" },
	};
	const bool has_key = c->config.twilio.api_key_sid != NULL;
	const struct http_options options = {
		.ca_file = c->config.service.ca_file,
		.transfers = 1,
		.connect_ms = 5000,
		.total_ms = 15000,
	};
	const struct http_request r = {
		.method = request->method,
		.url = request->url,
		.headers = headers,
		.header_count = is_post(request) ? 1 : 0,
		.user = has_key ? c->config.twilio.api_key_sid
				: c->config.twilio.account_sid,
		.password = has_key ? c->config.twilio.api_key_secret.bytes
				    : c->config.twilio.auth_token.bytes,
		.body = request->body,
		.body_len = request->body != NULL ? strlen(request->body) : 0,
	};
	struct peer_answer judged;
	enum rc rc;

	rc = http_fetch(c->arena, &options, &r, out, &c->err);
	if (rc != RC_OK) {
		if (strcmp(c->err.code, "uncertain") != 0)
			return err_wrap(&c->err, "nothing was sent to Twilio");
		return err_wrap(
		    &c->err, "no answer of Twilio%s", twilio_doubt(request));
	}
	twilio_judge(c->arena, out->status, out->body, out->body_len,
	    out->retry_after, &judged);
	return explain(c, request, out, &judged);
}
