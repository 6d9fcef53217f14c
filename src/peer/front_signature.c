#include "peer/front_signature.h"

/* Seconds of the year 33658, or milliseconds of the year 2001. */
static const int64_t largest_in_seconds = 1000000000000;

enum { TIMESTAMP_DIGITS = 17 };

void
front_signing_add_secret(
    struct front_signing *s, struct arena *a, const char *secret, size_t len)
{
	/* Anybody can sign with an empty one. */
	if (len == 0)
		return;
	s->sha256[s->count] = hmac_sha256_key(a, secret, len);
	s->sha1[s->count] = hmac_sha1_key(a, secret, len);
	s->count++;
}

static enum rc
refuse(struct err *e, const char *why)
{
	return err_set(e, RC_REFUSED, "bad_front_signature", "%s", why);
}

static enum rc
check_length(const struct front_proof *proof, size_t want, struct err *e)
{
	if (proof->signature == NULL)
		return refuse(e, "X-Front-Signature is not there once");
	if (strlen(proof->signature) != want)
		return err_set(e, RC_REFUSED, "bad_front_signature",
		    "X-Front-Signature has %zu characters where %zu belong",
		    strlen(proof->signature), want);
	return RC_OK;
}

static enum rc
check_time(const char *text, int64_t now_ms, struct err *e)
{
	int64_t then = 0, apart;
	size_t i, len;

	if (text == NULL)
		return refuse(e, "X-Front-Request-Timestamp is not there once");
	len = strlen(text);
	if (len == 0 || len > TIMESTAMP_DIGITS ||
	    strspn(text, "0123456789") != len)
		return refuse(e, "X-Front-Request-Timestamp is no number");
	for (i = 0; i < len; i++)
		then = then * 10 + (text[i] - '0');
	if (then <= largest_in_seconds)
		then *= 1000;
	apart = then - now_ms;
	if (apart > FRONT_WINDOW_MS || apart < -FRONT_WINDOW_MS)
		return err_set(e, RC_REFUSED, "bad_front_signature",
		    "the request was signed %lld s %s; is our clock right?",
		    (long long)(apart < 0 ? -apart : apart) / 1000,
		    apart < 0 ? "ago" : "ahead");
	return RC_OK;
}

static bool
is_signed(const struct hmac_key *key, const char *timestamp,
    const struct span *body, const char *signature)
{
	const struct span parts[] = {
		{ timestamp, strlen(timestamp) },
		{ ":", 1 },
		*body,
	};
	char ours[SHA256_BASE64_LEN + 1];

	hmac_sha256_base64(key, parts, sizeof(parts) / sizeof(parts[0]), ours);
	return bytes_are_equal(ours, signature, SHA256_BASE64_LEN);
}

enum rc
front_signature_check(const struct front_signing *s,
    const struct front_proof *proof, int64_t now_ms, struct err *e)
{
	static const struct span no_body = { "undefined", 9 };
	enum rc rc;
	size_t i;

	rc = check_length(proof, SHA256_BASE64_LEN, e);
	if (rc == RC_OK)
		rc = check_time(proof->timestamp, now_ms, e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; i < s->count; i++) {
		if (is_signed(s->sha256[i], proof->timestamp, &proof->body,
			proof->signature))
			return RC_OK;
		if (proof->is_delete &&
		    is_signed(s->sha256[i], proof->timestamp, &no_body,
			proof->signature))
			return RC_OK;
	}
	return refuse(e, "no secret signs timestamp and body");
}

enum rc
front_body_signature_check(const struct front_signing *s,
    const struct front_proof *proof, struct err *e)
{
	char ours[SHA1_BASE64_LEN + 1];
	enum rc rc;
	size_t i;

	rc = check_length(proof, SHA1_BASE64_LEN, e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; i < s->count; i++) {
		hmac_sha1_base64(s->sha1[i], &proof->body, 1, ours);
		if (bytes_are_equal(ours, proof->signature, SHA1_BASE64_LEN))
			return RC_OK;
	}
	return refuse(e, "no secret signs the body");
}
