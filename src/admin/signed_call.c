#include "admin/signed_call.h"

#include "base/buf.h"
#include "io/http_fetch.h"
#include "peer/twilio_signature.h"

static enum rc
post(struct command_context *c, const struct base_url *base, const char *path,
    const struct form *form, struct http_answer *out)
{
	const struct secret *token = &c->config.twilio.auth_token;
	char signature[SHA1_BASE64_LEN + 1];
	const struct http_header headers[] = {
		{ "Content-Type", "application/x-www-form-urlencoded" },
		{ "X-Twilio-Signature", signature },
	};
	const struct http_options options = {
		.ca_file = c->config.service.ca_file,
		.transfers = 1,
		.connect_ms = 5000,
		.total_ms = 15000,
	};
	struct http_request request = {
		.method = "POST",
		.headers = headers,
		.header_count = sizeof(headers) / sizeof(headers[0]),
	};
	struct twilio_signing signing;
	struct buf body, url;
	enum rc rc;
	size_t i;

	twilio_signing_init(&signing, c->arena, base);
	twilio_signing_add_token(&signing, c->arena, token->bytes, token->len);
	twilio_sign(&signing, c->arena, path, form, signature);
	buf_init(&body);
	buf_init(&url);
	for (i = 0; i < form->count; i++)
		buf_add_form(&body, form->pairs[i].name, form->pairs[i].value);
	buf_addf(&url, "%s%s", base->text, path);
	request.url = url.bytes;
	request.body = body.bytes;
	request.body_len = body.len;
	rc = http_fetch(c->arena, &options, &request, out, &c->err);
	buf_release(&body);
	buf_release(&url);
	return rc;
}

static void
drop_json(void *handle)
{
	json_decref(handle);
}

enum rc
signed_call(struct command_context *c, const struct base_url *base,
    const char *path, const struct form *form, struct http_answer *answer,
    json_t **value)
{
	const char *code, *message;
	const json_t *error;
	enum rc rc;

	rc = post(c, base, path, form, answer);
	if (rc != RC_OK)
		return rc;
	*value = json_loadb(answer->body, answer->body_len, 0, NULL);
	if (*value != NULL)
		arena_defer(c->arena, drop_json, *value);
	if (answer->status == 200 && *value != NULL)
		return RC_OK;
	error = json_object_get(*value, "error");
	code = json_string_value(json_object_get(error, "code"));
	message = json_string_value(json_object_get(error, "message"));
	return err_set(&c->err, RC_REFUSED, "refused", "%ld %s: %s",
	    answer->status, code != NULL ? code : "no JSON",
	    message != NULL ? message : "the answer is not one of ours");
}
