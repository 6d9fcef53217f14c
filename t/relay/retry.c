#include "relay/retry.h"

#include "core/metrics.h"
#include "t/tap.h"

/* reliability.md 1.3: between half of it and all of it, to the cap. */
static void
test_delays(void)
{
	const struct retry_class *c = retry_of_verdict(VERDICT_UNKNOWN);
	int64_t most = c->base_ms, got;
	long attempt;
	int i, wrong = 0;

	for (attempt = 1; attempt <= 60; attempt++) {
		for (i = 0; i < 50; i++) {
			got = retry_delay_ms(c, attempt);
			wrong += got < most / 2 || got > most;
		}
		most = most * 2 < c->cap_ms ? most * 2 : c->cap_ms;
	}
	is_int(wrong, 0, "waits grow from %lld to %lld ms",
	    (long long)c->base_ms, (long long)c->cap_ms);
	ok(retry_delay_ms(c, 0) <= c->base_ms,
	    "a refunded first attempt waits like a first one");
}

static void
test_classes(void)
{
	static const enum verdict sure[] = { VERDICT_LIMITED, VERDICT_NOT_YET,
		VERDICT_CONFLICT, VERDICT_STOP };
	static const enum verdict kinds[] = { VERDICT_DONE, VERDICT_TAKEN_BY,
		VERDICT_GONE, VERDICT_NEVER };
	const struct retry_class *c;
	size_t i;

	for (i = 0; i < sizeof(sure) / sizeof(sure[0]); i++) {
		c = retry_of_verdict(sure[i]);
		ok(c != NULL && c->not_sent && !c->breaks,
		    "%s: surely not processed, and the peer is well",
		    verdict_name(sure[i]));
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		ok(retry_of_verdict(kinds[i]) == NULL,
		    "%s: for the kind of the job to say",
		    verdict_name(kinds[i]));
	c = retry_of_verdict(VERDICT_UNKNOWN);
	ok(!c->not_sent && c->breaks, "unknown: it may have been processed");
	c = retry_of_failure("not_sent");
	ok(c->not_sent && c->breaks, "not sent: it was not processed");
	c = retry_of_failure("uncertain");
	ok(!c->not_sent && c->breaks, "uncertain: it may have been");
	c = retry_of_failure("bad_peer");
	ok(c->holds && c->alarms, "a wrong certificate stops everything");
	c = retry_of_verdict(VERDICT_STOP);
	ok(c->holds && c->alarms && c->refund, "so do wrong credentials");
	c = retry_of_verdict(VERDICT_LIMITED);
	ok(c->holds && c->refund && !c->alarms,
	    "too many requests: everybody waits, and no try is burnt");
}

/* What the metrics do not know, they count as another one. */
static void
test_metrics(void)
{
	static const char *const failures[] = { "not_sent", "uncertain",
		"not_public", "bad_peer", "none of these" };
	const struct retry_class *c;
	size_t i, unknown = 0;

	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		unknown += !metrics_know(
		    METRIC_ATTEMPTS, 2, retry_of_failure(failures[i])->name);
	for (i = 0; i <= VERDICT_STOP; i++) {
		c = retry_of_verdict((enum verdict)i);
		unknown +=
		    c != NULL && !metrics_know(METRIC_ATTEMPTS, 2, c->name);
	}
	unknown += !metrics_know(METRIC_ATTEMPTS, 2, retry_picture.name);
	unknown += !metrics_know(METRIC_ATTEMPTS, 2, retry_not_there.name);
	is_int(unknown, 0, "every class has a count of its own");
}

int
main(void)
{
	test_delays();
	test_classes();
	test_metrics();
	return done_testing();
}
