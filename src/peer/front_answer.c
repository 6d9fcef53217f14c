#include "peer/front_answer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum {
	MESSAGE_MAX = 200,
	SECOND = 1000,
	/* The least and the most that anybody waits; the last where nothing
	 * is said. */
	WAIT_MIN_MS = 250,
	WAIT_MAX_MS = 120 * SECOND,
	WAIT_MS = 60 * SECOND,
};

/* First match wins. */
static const struct {
	long first;
	long last;
	enum verdict verdict;
} verdicts[] = {
	{ 200, 299, VERDICT_DONE },
	/* A conversation that was merged has another name. */
	{ 301, 301, VERDICT_MOVED },
	/* Whoever redirects else is not Front's API: the base URL is wrong. */
	{ 300, 399, VERDICT_STOP },
	{ 401, 401, VERDICT_STOP },
	{ 408, 408, VERDICT_UNKNOWN },
	/* Of an external_id that Front has: said by nobody but users. */
	{ 409, 409, VERDICT_DONE },
	{ 429, 429, VERDICT_LIMITED },
	{ 400, 499, VERDICT_NEVER },
};

static enum verdict
find_verdict(long status)
{
	size_t i;

	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (status >= verdicts[i].first && status <= verdicts[i].last)
			return verdicts[i].verdict;
	return VERDICT_UNKNOWN;
}

/* A whole number from 0 on; -1 where it is none. */
static int64_t
read_whole(const char *text)
{
	char *end;
	long long n;

	if (text == NULL)
		return -1;
	n = strtoll(text, &end, 10);
	return end == text || *end != '\0' || n < 0 ? -1 : n;
}

void
front_rate_read(const char *limit, const char *remaining, const char *reset,
    struct front_rate *out)
{
	*out = (struct front_rate){
		.limit = (long)read_whole(limit),
		.remaining = (long)read_whole(remaining),
		.reset_s = read_whole(reset),
	};
}

static void
drop_json(void *handle)
{
	json_decref(handle);
}

static const char *
read_message(struct arena *a, const char *body, size_t len)
{
	const char *text;
	json_t *value, *error;

	value = json_loadb(body, len, 0, NULL);
	if (value == NULL)
		return "";
	arena_defer(a, drop_json, value);
	error = json_object_get(value, "_error");
	text = json_string_value(json_object_get(error, "message"));
	if (text == NULL)
		text = json_string_value(json_object_get(error, "title"));
	if (text == NULL)
		return "";
	return arena_copy(a, text, utf8_cut(text, strlen(text), MESSAGE_MAX));
}

/* "... Please retry in 341 milliseconds."; 0: it does not say. */
static int64_t
read_milliseconds(const char *message)
{
	static const char before[] = "retry in ";
	const char *at = strstr(message, before);
	long long ms;
	char *end;

	if (at == NULL)
		return 0;
	ms = strtoll(at + strlen(before), &end, 10);
	return ms > 0 && strncmp(end, " millisecond", 12) == 0 ? ms : 0;
}

static int64_t
find_wait(int64_t said_ms, const struct front_rate *rate, int64_t now_s)
{
	if (said_ms == 0 && rate->reset_s > now_s)
		said_ms = (rate->reset_s - now_s) * SECOND;
	if (said_ms == 0)
		said_ms = WAIT_MS;
	if (said_ms > WAIT_MAX_MS)
		return WAIT_MAX_MS;
	return said_ms > WAIT_MIN_MS ? said_ms : WAIT_MIN_MS;
}

void
front_judge(struct arena *a, long status, const char *body, size_t len,
    const char *retry_after, const struct front_rate *rate, int64_t now_s,
    struct peer_answer *out)
{
	int64_t seconds = read_whole(retry_after), ms;

	*out = (struct peer_answer){
		.verdict = find_verdict(status),
		.status = status,
		.message = "",
	};
	if (out->verdict != VERDICT_DONE)
		out->message = read_message(a, body, len);
	/* Each channel has a secret of its own. */
	out->only_channel = status == 401;
	if (out->verdict != VERDICT_LIMITED)
		return;
	ms = read_milliseconds(out->message);
	/* Room is left, so it is one channel that was too fast. */
	out->only_channel =
	    rate->remaining > 0 || (rate->remaining < 0 && ms > 0);
	if (seconds > WAIT_MAX_MS / SECOND)
		seconds = WAIT_MAX_MS / SECOND;
	if (seconds * SECOND > ms)
		ms = seconds * SECOND;
	out->retry_after_ms = find_wait(ms, rate, now_s);
}
