#include "relay/retry.h"

#include <string.h>

#include "base/clock.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };

/* clang-format off */
static const struct {
	enum verdict verdict;
	struct retry_class class;
} verdicts[] = {
	/*                    name        base        cap          not_sent refund holds  breaks alarms */
	{ VERDICT_LIMITED,  { "limited",   SECOND,     MINUTE,      true,    true,  true,  false, false } },
	{ VERDICT_NOT_YET,  { "not_yet",   2 * SECOND, MINUTE,      true,    false, false, false, false } },
	{ VERDICT_CONFLICT, { "conflict",  200,        5 * SECOND,  true,    false, false, false, false } },
	{ VERDICT_UNKNOWN,  { "unknown",   SECOND,     5 * MINUTE,  false,   false, false, true,  false } },
	{ VERDICT_STOP,     { "stop",      MINUTE,     MINUTE,      true,    true,  true,  false, true } },
};

static const struct {
	const char *code;
	struct retry_class class;
} failures[] = {
	{ "not_sent",      { "not_sent",  SECOND,     5 * MINUTE,  true,    false, false, true,  false } },
	{ "uncertain",     { "uncertain", SECOND,     5 * MINUTE,  false,   false, false, true,  false } },
	{ "not_public",    { "not_public", MINUTE,    MINUTE,      true,    true,  true,  false, true } },
	{ "bad_peer",      { "bad_peer",  MINUTE,     MINUTE,      true,    true,  true,  false, true } },
};

const struct retry_class retry_fault =
	                   { "fault",     SECOND,     5 * MINUTE,  false,   false, false, false, true };
const struct retry_class retry_picture =
	                   { "picture",   2 * SECOND, MINUTE,      false,   false, false, false, false };

const struct retry_class retry_not_there =
	                   { "not_there", 2 * SECOND, 5 * MINUTE,  true,    false, false, false, false };
/* clang-format on */

const struct retry_class *
retry_of_verdict(enum verdict v)
{
	size_t i;

	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (verdicts[i].verdict == v)
			return &verdicts[i].class;
	return NULL;
}

const struct retry_class *
retry_of_failure(const char *code)
{
	size_t i;

	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (strcmp(failures[i].code, code) == 0)
			return &failures[i].class;
	return &retry_fault;
}

int64_t
retry_delay_ms(const struct retry_class *c, long attempt)
{
	int64_t most = c->base_ms;

	while (--attempt > 0 && most < c->cap_ms)
		most *= 2;
	if (most > c->cap_ms)
		most = c->cap_ms;
	return most / 2 + clock_backoff_us(0, most / 2, most / 2);
}
