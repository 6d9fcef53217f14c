#include "peer/front_answer.h"

#include "t/tap.h"

enum { NOW = 1795176000 };

static struct arena *arena;

static struct peer_answer
judge(long status, const char *body, const char *retry_after,
    const char *remaining, const char *reset)
{
	struct front_rate rate;
	struct peer_answer out;

	front_rate_read("50", remaining, reset, &rate);
	front_judge(
	    arena, status, body, strlen(body), retry_after, &rate, NOW, &out);
	return out;
}

static void
test_verdicts(void)
{
	static const struct {
		long status;
		const char *verdict;
	} expected[] = { { 200, "done" }, { 201, "done" }, { 202, "done" },
		{ 204, "done" }, { 301, "moved" }, { 302, "stop" },
		{ 307, "stop" }, { 400, "never" }, { 401, "stop" },
		{ 403, "never" }, { 404, "never" }, { 408, "unknown" },
		{ 409, "done" }, { 413, "never" }, { 422, "never" },
		{ 429, "limited" }, { 500, "unknown" }, { 502, "unknown" },
		{ 503, "unknown" }, { 100, "unknown" }, { 600, "unknown" } };
	struct peer_answer a;
	size_t i;

	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		a = judge(expected[i].status, "", NULL, NULL, NULL);
		is_str(verdict_name(a.verdict), expected[i].verdict, "%ld: %s",
		    expected[i].status, expected[i].verdict);
	}
	ok(judge(401, "", NULL, NULL, NULL).only_channel,
	    "a wrong secret is one channel's");
}

static void
test_messages(void)
{
	char long_one[256];

	is_str(judge(404,
		   "{\"_error\":{\"status\":404,\"title\":\"Not found\","
		   "\"message\":\"Unknown\"}}",
		   NULL, NULL, NULL)
		   .message,
	    "Unknown", "what Front says");
	is_str(judge(400, "{\"_error\":{\"title\":\"Bad\"}}", NULL, NULL, NULL)
		   .message,
	    "Bad", "or its title");
	(void)snprintf(long_one, sizeof(long_one),
	    "{\"_error\":{\"message\":\"%0199d\xc3\xbc\"}}", 0);
	is_int((int)strlen(judge(400, long_one, NULL, NULL, NULL).message), 199,
	    "no character is cut in half");
	is_str(judge(502, "<html>no</html>", NULL, NULL, NULL).message, "",
	    "somebody else's page says nothing");
	is_str(judge(400, "{\"_error\":[]}", NULL, NULL, NULL).message, "",
	    "nor does an odd error");
}

/* Waits of 429. */
static void
test_waits(void)
{
	static const char burst[] =
	    "{\"_error\":{\"message\":\"Rate limit exceeded for tier-2 route. "
	    "Please retry in 341 milliseconds.\"}}";
	struct peer_answer a;

	a = judge(429, burst, NULL, "40", NULL);
	is_int(a.retry_after_ms, 341, "the milliseconds of the message");
	ok(a.only_channel, "of one channel, when the company has room");
	a = judge(429, burst, "1", "40", NULL);
	is_int(a.retry_after_ms, 1000, "the longer of both");
	a = judge(429, "", "20", "0", NULL);
	is_int(a.retry_after_ms, 20000, "seconds of the company");
	ok(!a.only_channel, "for all of it");
	a = judge(429, "", NULL, "0", "1795176007");
	is_int(a.retry_after_ms, 7000, "until the company may again");
	a = judge(429, "", NULL, NULL, NULL);
	is_int(a.retry_after_ms, 60000, "a minute where nothing is said");
	ok(!a.only_channel, "for everybody");
	is_int(judge(429, "", NULL, "0", "1795175000").retry_after_ms, 60000,
	    "a time that is over says nothing");
	is_int(judge(429, "", "86400", "0", NULL).retry_after_ms, 120000,
	    "nobody waits for longer than two minutes");
	is_int(judge(429, "", "99999999999999999999", "0", NULL).retry_after_ms,
	    120000, "whatever is said");
	is_int(
	    judge(429, "{\"_error\":{\"message\":\"retry in 3 milliseconds\"}}",
		NULL, "9", NULL)
		.retry_after_ms,
	    250, "nor shorter than a quarter of a second");
	is_int(judge(429, "", "-5", "x", "y").retry_after_ms, 60000,
	    "what is no number is not said");
}

int
main(void)
{
	arena = arena_new();
	test_verdicts();
	test_messages();
	test_waits();
	arena_free(arena);
	return done_testing();
}
