#include "web/proof.h"

#include "base/clock.h"

enum { TOKEN_MIN = 16, TOKEN_MAX = 128 };

/* Headers as nginx hands them over. */
static const char twilio_param[] = "HTTP_X_TWILIO_SIGNATURE";
static const char front_param[] = "HTTP_X_FRONT_SIGNATURE";
static const char time_param[] = "HTTP_X_FRONT_REQUEST_TIMESTAMP";

/* The second spelling is a slip of two pages of Frontline's documentation. */
static const char *const form_types[] = {
	"application/x-www-form-urlencoded",
	"application/x-www-urlencoded",
};

/* ---- the path ---------------------------------------------------------- */

static bool
is_token(const char *text)
{
	const size_t len = strlen(text);

	return len >= TOKEN_MIN && len <= TOKEN_MAX &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

enum rc
proof_by_path(struct call *call)
{
	bool is_known = true;

	if (call->route->auth == AUTH_FRONT) {
		call->door = front_door_find(&call->service->doors, call->tail);
		is_known = call->door != NULL;
	} else if (call->route->auth == AUTH_TOKEN) {
		is_known = is_token(call->tail);
	}
	if (is_known)
		return RC_OK;
	return err_set(&call->err, RC_NOT_FOUND, "not_found",
	    "the token in the path is not one of ours");
}

/* ---- Twilio ------------------------------------------------------------ */

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
check_twilio_signature(struct call *call, const struct fcgi *f,
    const char *target, const struct form *form)
{
	const char *signature;
	size_t count;

	count = fcgi_param_count(f, twilio_param);
	if (count != 1)
		return err_set(&call->err, RC_REFUSED, "bad_signature",
		    "%zu X-Twilio-Signature headers where one belongs", count);
	signature = fcgi_param(f, twilio_param);
	if (strlen(signature) != SHA1_BASE64_LEN)
		return err_set(&call->err, RC_REFUSED, "bad_signature",
		    "X-Twilio-Signature has %zu characters where %d belong",
		    strlen(signature), SHA1_BASE64_LEN);
	if (twilio_signature_is_valid(&call->service->signing, call->arena,
		target, form, signature, strlen(signature)))
		return RC_OK;
	return refuse_signature(call, target);
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

static enum rc
check_form(struct call *call, const struct fcgi *f, const char *target,
    const struct span *body, struct form *form)
{
	enum rc rc;

	rc = check_content_type(call, f);
	if (rc == RC_OK)
		rc = form_decode(call->arena, body->bytes, body->len,
		    &call->service->form_limits, form, &call->err);
	if (rc == RC_OK)
		rc = check_twilio_signature(call, f, target, form);
	if (rc == RC_OK)
		rc = check_account(call, form);
	return rc;
}

/* ---- Front ------------------------------------------------------------- */

/* A header that is there once, or NULL. */
static const char *
header(const struct fcgi *f, const char *name)
{
	return fcgi_param_count(f, name) == 1 ? fcgi_param(f, name) : NULL;
}

/* The channel's settings say which way, never the request. */
static enum rc
check_front_signature(
    struct call *call, const struct fcgi *f, const struct span *body)
{
	const struct front_channel *ch = call->door->channel;
	const struct front_proof proof = {
		.signature = header(f, front_param),
		.timestamp = header(f, time_param),
		.body = *body,
		.is_delete = strcmp(call->method, "DELETE") == 0,
	};

	if (ch->mode == FRONT_MODE_APP ||
	    ch->legacy_verify == FRONT_VERIFY_SHA256)
		return front_signature_check(
		    &call->door->signing, &proof, clock_wall_ms(), &call->err);
	if (ch->legacy_verify == FRONT_VERIFY_SHA1)
		return front_body_signature_check(
		    &call->door->signing, &proof, &call->err);
	/* The token in the path was the proof. */
	return RC_OK;
}

/* ---- all --------------------------------------------------------------- */

static enum rc
check_listener(struct call *call, const struct fcgi *f)
{
	const char *listener = fcgi_param(f, "FRONTLINE_LISTENER");

	if (listener != NULL && strcmp(listener, "loopback") == 0)
		return RC_OK;
	return err_set(&call->err, RC_NOT_FOUND, "not_found",
	    "asked for through the public listener");
}

enum rc
proof_check(struct call *call, const struct fcgi *f, const char *target,
    const struct span *body, struct form *form)
{
	switch (call->route->auth) {
	case AUTH_TWILIO:
		return check_form(call, f, target, body, form);
	case AUTH_FRONT:
		return check_front_signature(call, f, body);
	case AUTH_LOOPBACK:
		return check_listener(call, f);
	case AUTH_TOKEN:
		return RC_OK;
	case AUTH_UNSET:
		break;
	}
	return err_set(&call->err, RC_FAULT, "fault",
	    "the route does not say who may ask");
}
