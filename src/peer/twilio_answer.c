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
	enum twilio_verdict verdict;
} verdicts[] = {
	/* The identity is in the conversation already. */
	{ 0, 50433, TWILIO_DONE },
	{ 0, 50437, TWILIO_DONE },
	{ 0, 50416, TWILIO_TAKEN_BY },
	/* "Too many requests": never processed, says Twilio. */
	{ 0, 20429, TWILIO_LIMITED },
	{ 0, 50063, TWILIO_LIMITED },
	{ 0, 50074, TWILIO_LIMITED },
	{ 0, 60616, TWILIO_LIMITED },
	/* The conversation is still being set up (group MMS). */
	{ 0, 50386, TWILIO_NOT_YET },
	/* The sender's own queue is full (7.3). */
	{ 0, 21611, TWILIO_NOT_YET },
	{ 0, 30001, TWILIO_NOT_YET },
	/* The carrier's or the channel's trouble, which may pass (7.3). */
	{ 0, 30003, TWILIO_NOT_YET },
	{ 0, 30008, TWILIO_NOT_YET },
	{ 0, 30017, TWILIO_NOT_YET },
	{ 0, 30022, TWILIO_NOT_YET },
	{ 0, 30023, TWILIO_NOT_YET },
	{ 0, 30027, TWILIO_NOT_YET },
	{ 0, 30036, TWILIO_NOT_YET },
	{ 0, 30453, TWILIO_NOT_YET },
	{ 0, 63010, TWILIO_NOT_YET },
	{ 0, 63012, TWILIO_NOT_YET },
	{ 0, 63017, TWILIO_NOT_YET },
	{ 0, 63018, TWILIO_NOT_YET },
	{ 0, 63019, TWILIO_NOT_YET },
	{ 0, 63038, TWILIO_NOT_YET },
	/* Two changes at a time: the later one is refused. */
	{ 0, 50391, TWILIO_CONFLICT },
	{ 0, 50419, TWILIO_CONFLICT },
	{ 0, 50449, TWILIO_CONFLICT },
	{ 0, 50514, TWILIO_CONFLICT },
	{ 0, 50213, TWILIO_CONFLICT },
	{ 0, 20409, TWILIO_CONFLICT },
	/* The conversation is closed for good; there is no such one. */
	{ 0, 50377, TWILIO_GONE },
	{ 0, 50350, TWILIO_GONE },
	{ 0, 50300, TWILIO_GONE },
	/* Permanent, whatever the status: addresses, limits, identities (7.7). */
	{ 0, 50206, TWILIO_NEVER },
	{ 0, 50207, TWILIO_NEVER },
	{ 0, 50211, TWILIO_NEVER },
	{ 0, 50214, TWILIO_NEVER },
	{ 0, 50407, TWILIO_NEVER },
	{ 0, 50408, TWILIO_NEVER },
	{ 0, 50409, TWILIO_NEVER },
	{ 0, 50411, TWILIO_NEVER },
	{ 0, 50412, TWILIO_NEVER },
	{ 0, 50413, TWILIO_NEVER },
	{ 0, 50414, TWILIO_NEVER },
	{ 0, 50415, TWILIO_NEVER },
	{ 0, 50417, TWILIO_NEVER },
	{ 0, 50418, TWILIO_NEVER },
	{ 0, 50422, TWILIO_NEVER },
	{ 0, 50441, TWILIO_NEVER },
	/* Credentials. */
	{ 0, 20003, TWILIO_STOP },
	{ 0, 20005, TWILIO_STOP },
	{ 0, 20403, TWILIO_STOP },
	/* The platform is unwell; whether it did it, it does not say. */
	{ 0, 20500, TWILIO_UNKNOWN },
	{ 0, 20503, TWILIO_UNKNOWN },
	{ 0, 20504, TWILIO_UNKNOWN },
	{ 0, 30410, TWILIO_UNKNOWN },
	/* By status alone. */
	{ 429, 0, TWILIO_LIMITED },
	{ 401, 0, TWILIO_STOP },
	{ 409, 0, TWILIO_CONFLICT },
	{ 408, 0, TWILIO_UNKNOWN },
};

static enum twilio_verdict
find_verdict(long status, long code)
{
	size_t i;

	if (status >= 200 && status < 300)
		return TWILIO_DONE;
	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if ((verdicts[i].status == 0 || verdicts[i].status == status) &&
		    (verdicts[i].code == 0 || verdicts[i].code == code))
			return verdicts[i].verdict;
	/* Whoever redirects is not Twilio's API: the base URL is wrong. */
	if (status >= 300 && status < 400)
		return TWILIO_STOP;
	return status >= 400 && status < 500 ? TWILIO_NEVER : TWILIO_UNKNOWN;
}

static void
drop_json(void *handle)
{
	json_decref(handle);
}

/* "message" of the usual errors, "title" and "detail" of RFC 9457. */
static void
read_error(
    struct arena *a, const char *body, size_t len, struct twilio_answer *out)
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
    const char *retry_after, struct twilio_answer *out)
{
	*out = (struct twilio_answer){ .status = status, .message = "" };
	if (status < 200 || status >= 300)
		read_error(a, body, len, out);
	out->retry_after_s = read_seconds(retry_after);
	out->verdict = find_verdict(status, out->code);
}

const char *
twilio_verdict_name(enum twilio_verdict v)
{
	static const char *const names[] = {
		[TWILIO_DONE] = "done",
		[TWILIO_LIMITED] = "limited",
		[TWILIO_NOT_YET] = "not_yet",
		[TWILIO_CONFLICT] = "conflict",
		[TWILIO_UNKNOWN] = "unknown",
		[TWILIO_TAKEN_BY] = "taken_by",
		[TWILIO_GONE] = "gone",
		[TWILIO_NEVER] = "never",
		[TWILIO_STOP] = "stop",
	};

	return names[v];
}
