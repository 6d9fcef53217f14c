#include "peer/twilio_answer.h"

#include "base/utf8.h"
#include "t/tap.h"

static struct arena *arena;

static struct peer_answer
judge(long status, const char *body, const char *retry_after)
{
	struct peer_answer a;

	twilio_judge(arena, status, body, strlen(body), retry_after, &a);
	return a;
}

/* What twilio.md 7.1 and 7.7 say, in its own words. */
static const struct {
	long status;
	long code;
	const char *verdict;
} expected[] = {
	{ 200, 0, "done" },
	{ 201, 0, "done" },
	{ 204, 0, "done" },
	{ 409, 50433, "done" },
	{ 409, 50437, "done" },
	{ 409, 50416, "taken_by" },
	{ 429, 0, "limited" },
	{ 429, 20429, "limited" },
	{ 400, 50063, "limited" },
	{ 429, 50074, "limited" },
	{ 429, 60616, "limited" },
	{ 500, 0, "unknown" },
	{ 500, 20500, "unknown" },
	{ 503, 20503, "unknown" },
	{ 502, 0, "unknown" },
	{ 504, 20504, "unknown" },
	{ 408, 0, "unknown" },
	{ 409, 50391, "conflict" },
	{ 409, 50419, "conflict" },
	{ 412, 50449, "conflict" },
	{ 409, 50514, "conflict" },
	{ 409, 50213, "conflict" },
	{ 409, 20409, "conflict" },
	{ 409, 0, "conflict" },
	{ 400, 50386, "not_yet" },
	{ 400, 50377, "gone" },
	{ 404, 50350, "gone" },
	{ 404, 50300, "gone" },
	{ 401, 20003, "stop" },
	{ 401, 0, "stop" },
	{ 403, 20005, "stop" },
	{ 403, 20403, "stop" },
	{ 404, 20404, "never" },
	{ 404, 50430, "never" },
	{ 400, 50407, "never" },
	{ 400, 50417, "never" },
	{ 409, 50417, "never" },
	{ 409, 50418, "never" },
	{ 409, 50422, "never" },
	{ 409, 50214, "never" },
	{ 409, 50411, "never" },
	{ 409, 50414, "never" },
	{ 409, 50211, "never" },
	{ 403, 0, "never" },
	{ 302, 0, "stop" },
	{ 429, 21611, "not_yet" },
	{ 400, 63038, "not_yet" },
	{ 400, 30003, "not_yet" },
	{ 400, 30008, "not_yet" },
	{ 400, 30017, "not_yet" },
	{ 400, 30023, "not_yet" },
	{ 400, 30027, "not_yet" },
	{ 400, 30036, "not_yet" },
	{ 400, 30453, "not_yet" },
	{ 400, 63010, "not_yet" },
	{ 400, 63012, "not_yet" },
	{ 400, 63017, "not_yet" },
	{ 400, 63019, "not_yet" },
	{ 400, 21610, "never" },
	{ 408, 30410, "unknown" },
	{ 100, 0, "unknown" },
	{ 0, 0, "unknown" },
};

static void
test_verdicts(void)
{
	struct peer_answer a;
	char body[128];
	size_t i;

	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		(void)snprintf(body, sizeof(body),
		    "{\"code\":%ld,\"message\":\"why\",\"status\":%ld}",
		    expected[i].code, expected[i].status);
		a = judge(expected[i].status, expected[i].code != 0 ? body : "",
		    NULL);
		is_str(verdict_name(a.verdict), expected[i].verdict,
		    "status %ld, code %ld", expected[i].status,
		    expected[i].code);
	}
}

static void
test_bodies(void)
{
	struct peer_answer a;
	char body[512], two[241] = "";
	size_t i;

	a = judge(
	    400, "{\"code\":50407,\"message\":\"no\",\"status\":400}", NULL);
	is_int(a.code, 50407, "the code of the usual error");
	is_str(a.message, "no", "and its message");
	is_int(a.status, 400, "and the status");
	a = judge(409,
	    "{\"type\":\"t\",\"title\":\"Conflict\",\"status\":409,"
	    "\"code\":50419,\"detail\":\"at the same time\"}",
	    NULL);
	is_int(a.code, 50419, "the code of RFC 9457");
	is_str(a.message, "at the same time", "and its detail");
	for (i = 0; i < sizeof(two) - 1; i += 2)
		memcpy(two + i, "\xc3\xbc", 2);
	(void)snprintf(body, sizeof(body), "{\"message\":\"x%s\"}", two);
	a = judge(400, body, NULL);
	is_int(strlen(a.message), 199, "a long message is cut off");
	ok(utf8_is_valid(a.message, strlen(a.message)),
	    "behind a whole character");
	a = judge(503, "<html><h1>Service Unavailable</h1></html>", NULL);
	ok(a.code == 0 && a.message[0] == '\0', "HTML says nothing");
	a = judge(404, "[]", NULL);
	is_str(verdict_name(a.verdict), "never", "nor does a list");
	a = judge(404, "{\"code\":\"50430\"}", NULL);
	is_int(a.code, 0, "a code that is no number is none");
	a = judge(201, "{\"code\":50377}", NULL);
	is_str(verdict_name(a.verdict), "done",
	    "the body of a success is not searched for errors");
}

static void
test_retry_after(void)
{
	is_int(judge(429, "", NULL).retry_after_ms, 0, "Retry-After not there");
	is_int(judge(429, "", "7").retry_after_ms, 7000, "in seconds");
	is_int(
	    judge(429, "", "86400").retry_after_ms, 60000, "at most a minute");
	is_int(judge(429, "", "-1").retry_after_ms, 0, "negative");
	is_int(judge(429, "", "Fri, 20 Nov 2026 09:15:44 GMT").retry_after_ms,
	    0, "a date counts as not said");
	is_int(judge(429, "", "").retry_after_ms, 0, "empty");
}

int
main(void)
{
	arena = arena_new();
	test_verdicts();
	test_bodies();
	test_retry_after();
	arena_free(arena);
	return done_testing();
}
