#include "peer/twilio_answer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum { RETRY_AFTER_MAX_S = 60, MESSAGE_MAX = 200 };

/*
 * First match wins; 0 stands for any.  A code says more than a status, so the
 * codes come first.
 */
static const struct {
	long status;
	long code;
	enum verdict verdict;
} verdicts[] = {
	/* The identity is in the conversation already. */
	{ 0, 50433, VERDICT_DONE },
	{ 0, 50437, VERDICT_DONE },
	{ 0, 50416, VERDICT_TAKEN_BY },
	/* "Too many requests": never processed, says Twilio. */
	{ 0, 20429, VERDICT_LIMITED },
	{ 0, 50063, VERDICT_LIMITED },
	{ 0, 50074, VERDICT_LIMITED },
	{ 0, 60616, VERDICT_LIMITED },
	{ 0, 60611, VERDICT_LIMITED },
	/* The conversation is still being set up (group MMS). */
	{ 0, 50386, VERDICT_NOT_YET },
	/* The sender's own queue is full (7.3). */
	{ 0, 21611, VERDICT_NOT_YET },
	{ 0, 30001, VERDICT_NOT_YET },
	/* The carrier's or the channel's trouble, which may pass (7.3). */
	{ 0, 30003, VERDICT_NOT_YET },
	{ 0, 30008, VERDICT_NOT_YET },
	{ 0, 30017, VERDICT_NOT_YET },
	{ 0, 30022, VERDICT_NOT_YET },
	{ 0, 30023, VERDICT_NOT_YET },
	{ 0, 30027, VERDICT_NOT_YET },
	{ 0, 30036, VERDICT_NOT_YET },
	{ 0, 30453, VERDICT_NOT_YET },
	{ 0, 63010, VERDICT_NOT_YET },
	{ 0, 63012, VERDICT_NOT_YET },
	{ 0, 63017, VERDICT_NOT_YET },
	{ 0, 63018, VERDICT_NOT_YET },
	{ 0, 63019, VERDICT_NOT_YET },
	{ 0, 63038, VERDICT_NOT_YET },
	/* Whoever knows the names of callers does not answer (7.10). */
	{ 0, 60608, VERDICT_NOT_YET },
	{ 0, 60613, VERDICT_NOT_YET },
	/* Two changes at a time: the later one is refused. */
	{ 0, 50391, VERDICT_CONFLICT },
	{ 0, 50419, VERDICT_CONFLICT },
	{ 0, 50449, VERDICT_CONFLICT },
	{ 0, 50514, VERDICT_CONFLICT },
	{ 0, 50213, VERDICT_CONFLICT },
	{ 0, 20409, VERDICT_CONFLICT },
	/* The conversation is closed for good; there is no such one. */
	{ 0, 50377, VERDICT_GONE },
	{ 0, 50350, VERDICT_GONE },
	{ 0, 50300, VERDICT_GONE },
	/* Permanent, whatever the status: addresses, limits, identities (7.7). */
	{ 0, 50206, VERDICT_NEVER },
	{ 0, 50207, VERDICT_NEVER },
	{ 0, 50211, VERDICT_NEVER },
	{ 0, 50214, VERDICT_NEVER },
	{ 0, 50407, VERDICT_NEVER },
	{ 0, 50408, VERDICT_NEVER },
	{ 0, 50409, VERDICT_NEVER },
	{ 0, 50411, VERDICT_NEVER },
	{ 0, 50412, VERDICT_NEVER },
	{ 0, 50413, VERDICT_NEVER },
	{ 0, 50414, VERDICT_NEVER },
	{ 0, 50415, VERDICT_NEVER },
	{ 0, 50417, VERDICT_NEVER },
	{ 0, 50418, VERDICT_NEVER },
	{ 0, 50422, VERDICT_NEVER },
	{ 0, 50441, VERDICT_NEVER },
	/* Credentials. */
	{ 0, 20003, VERDICT_STOP },
	{ 0, 20005, VERDICT_STOP },
	{ 0, 20403, VERDICT_STOP },
	/* The platform is unwell; whether it did it, it does not say. */
	{ 0, 20500, VERDICT_UNKNOWN },
	{ 0, 20503, VERDICT_UNKNOWN },
	{ 0, 20504, VERDICT_UNKNOWN },
	{ 0, 30410, VERDICT_UNKNOWN },
	/* By status alone. */
	{ 429, 0, VERDICT_LIMITED },
	{ 401, 0, VERDICT_STOP },
	{ 409, 0, VERDICT_CONFLICT },
	{ 408, 0, VERDICT_UNKNOWN },
};

static enum verdict
find_verdict(long status, long code)
{
	size_t i;

	if (status >= 200 && status < 300)
		return VERDICT_DONE;
	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if ((verdicts[i].status == 0 || verdicts[i].status == status) &&
		    (verdicts[i].code == 0 || verdicts[i].code == code))
			return verdicts[i].verdict;
	/* Whoever redirects is not Twilio's API: the base URL is wrong. */
	if (status >= 300 && status < 400)
		return VERDICT_STOP;
	return status >= 400 && status < 500 ? VERDICT_NEVER : VERDICT_UNKNOWN;
}

static void
drop_json(void *handle)
{
	json_decref(handle);
}

/* "message" of the usual errors, "title" and "detail" of RFC 9457. */
static void
read_error(
    struct arena *a, const char *body, size_t len, struct peer_answer *out)
{
	static const char *const keys[] = { "message", "detail", "title" };
	const char *text = NULL;
	json_t *value;
	size_t i;

	value = json_loadb(body, len, 0, NULL);
	if (value == NULL)
		return;
	arena_defer(a, drop_json, value);
	out->code = (long)json_integer_value(json_object_get(value, "code"));
	for (i = 0; text == NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
		text = json_string_value(json_object_get(value, keys[i]));
	if (text != NULL)
		out->message = arena_copy(
		    a, text, utf8_cut(text, strlen(text), MESSAGE_MAX));
}

/* Seconds; the header's other form, a date, counts as not said. */
static long
read_seconds(const char *text)
{
	char *end;
	long n;

	if (text == NULL)
		return 0;
	n = strtol(text, &end, 10);
	if (end == text || *end != '\0' || n < 0)
		return 0;
	return n < RETRY_AFTER_MAX_S ? n : RETRY_AFTER_MAX_S;
}

void
twilio_judge(struct arena *a, long status, const char *body, size_t len,
    const char *retry_after, struct peer_answer *out)
{
	*out = (struct peer_answer){ .status = status, .message = "" };
	if (status < 200 || status >= 300)
		read_error(a, body, len, out);
	out->retry_after_ms = read_seconds(retry_after) * 1000;
	out->verdict = find_verdict(status, out->code);
}
