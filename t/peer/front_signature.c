/*
 * front_signature.c -- X-Front-Signature against vectors made by others: ours,
 * which a Perl program computed, and those that lie beside the checkout (the
 * folder is FRONTLINE_SHARED, or ../shared).
 */
#include "peer/front_signature.h"

#include <jansson.h>

#include "t/tap.h"

static const char *
text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

/* The bytes of a member in base64; crypto.h has its other alphabet. */
static struct span
bytes_of(struct arena *a, const json_t *vector, const char *member)
{
	const char *text = text_of(vector, member);
	struct span out = { "", 0 };
	char *copy;
	size_t i, len;

	if (text == NULL)
		return out;
	len = strcspn(text, "=");
	copy = arena_copy(a, text, len);
	for (i = 0; i < len; i++)
		copy[i] = copy[i] == '+' ? '-' : copy[i] == '/' ? '_' : copy[i];
	out.bytes = base64url_decode(a, copy, len, &out.len);
	if (out.bytes == NULL)
		diag("%s is no base64", text);
	return out;
}

static bool
is_accepted(struct arena *a, const json_t *vector)
{
	const json_t *headers = json_object_get(vector, "headers");
	const json_t *secrets = json_object_get(vector, "secrets");
	const char *one = text_of(vector, "secret"), *method;
	struct front_signing signing = { .count = 0 };
	struct front_proof proof;
	const json_t *secret;
	int64_t now;
	struct err e;
	enum rc rc;
	size_t i;

	if (one != NULL)
		front_signing_add_secret(&signing, a, one, strlen(one));
	json_array_foreach (secrets, i, secret)
		front_signing_add_secret(&signing, a, json_string_value(secret),
		    json_string_length(secret));
	method = text_of(vector, "method");
	proof = (struct front_proof){
		.signature = text_of(headers, "X-Front-Signature"),
		.timestamp = text_of(headers, "X-Front-Request-Timestamp"),
		.body = bytes_of(a, vector, "body_base64"),
		.is_delete = strcmp(method, "DELETE") == 0,
	};
	now = json_integer_value(json_object_get(vector, "now_ms"));
	if (strcmp(text_of(vector, "scheme"), "front-hmac-sha1-body") == 0)
		rc = front_body_signature_check(&signing, &proof, &e);
	else
		rc = front_signature_check(&signing, &proof, now, &e);
	if (rc == RC_OK)
		return true;
	return !ok(rc == RC_REFUSED &&
		       strcmp(e.code, "bad_front_signature") == 0 &&
		       e.text[0] != '\0',
	    "a refusal says why: %s", e.text);
}

static void
test_file(const char *path, size_t least)
{
	const json_t *vector, *all;
	struct arena *a;
	json_t *file;
	size_t i;
	bool want;

	file = json_load_file(path, 0, NULL);
	all = json_object_get(file, "signatures");
	ok(json_array_size(all) >= least, "%zu vectors in %s",
	    json_array_size(all), path);
	a = arena_new();
	json_array_foreach (all, i, vector) {
		want = strcmp(text_of(vector, "expect"), "accept") == 0;
		is_int(is_accepted(a, vector), want, "%s is %s",
		    text_of(vector, "name"), text_of(vector, "expect"));
		arena_reset(a);
	}
	arena_free(a);
	json_decref(file);
}

int
main(void)
{
	const char *top = getenv("abs_top_srcdir");
	const char *folder = getenv("FRONTLINE_SHARED");
	char path[4096];
	FILE *f;

	top = top != NULL ? top : ".";
	(void)snprintf(
	    path, sizeof(path), "%s/t/data/front-signature-vectors.json", top);
	test_file(path, 50);
	(void)snprintf(path, sizeof(path),
	    "%s%s/protocol/front-signature-vectors.json",
	    folder != NULL ? folder : top, folder != NULL ? "" : "/../shared");
	f = fopen(path, "r");
	if (f == NULL) {
		ok(1, "# SKIP no vectors lie beside the checkout");
		return done_testing();
	}
	(void)fclose(f);
	test_file(path, 1);
	return done_testing();
}
