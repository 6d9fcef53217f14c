#include "core/breaker.h"

#include "t/tap.h"

enum { SECOND = 1000 * 1000 };

static void
test_breaker(void)
{
	struct breaker b = { .failures = 0 };
	int64_t t = SECOND, first, second;
	int i;

	is_int(breaker_look(&b, t), BREAKER_CLOSED, "closed at first");
	for (i = 0; i < 4; i++)
		(void)breaker_failed(&b, t);
	is_int(breaker_look(&b, t), BREAKER_CLOSED, "four failures");
	ok(breaker_worked(&b, t), "one success");
	for (i = 0; i < 4; i++)
		(void)breaker_failed(&b, t);
	is_int(breaker_look(&b, t), BREAKER_CLOSED, "and four others");
	ok(breaker_failed(&b, t), "the fifth in a row opens it");
	is_int(breaker_look(&b, t), BREAKER_OPEN, "nobody is let through");
	ok(!breaker_failed(&b, t), "what was under way then says nothing new");
	ok(!breaker_worked(&b, t), "not even if it works");
	is_int(breaker_look(&b, t), BREAKER_OPEN, "so it stays open");
	first = b.until_us - t;
	ok(first >= SECOND / 2 && first <= 2 * SECOND, "for about a second");

	t = b.until_us;
	is_int(
	    breaker_look(&b, t), BREAKER_HALF_OPEN, "then one is let through");
	ok(breaker_failed(&b, t), "which fails, too");
	is_int(breaker_look(&b, t), BREAKER_OPEN, "so it is open again");
	for (i = 0; i < 20; i++) {
		t = b.until_us;
		(void)breaker_failed(&b, t);
	}
	second = b.until_us - t;
	ok(second <= 31 * SECOND, "for half a minute at most");
	t = b.until_us;
	ok(breaker_worked(&b, t), "a success when its time is over");
	is_int(breaker_look(&b, t), BREAKER_CLOSED, "closes it");
	is_int(b.openings, 0, "and all is forgotten");
}

static void
test_hold(void)
{
	struct breaker b = { .failures = 0 };

	breaker_hold(&b, 10 * SECOND);
	is_int(breaker_look(&b, SECOND), BREAKER_OPEN, "held by the caller");
	breaker_hold(&b, 5 * SECOND);
	is_int(breaker_look(&b, 9 * SECOND), BREAKER_OPEN,
	    "a shorter hold shortens nothing");
	is_int(breaker_look(&b, 10 * SECOND), BREAKER_HALF_OPEN,
	    "one is let through after it");
	breaker_probe(&b, 12 * SECOND);
	is_int(b.until_us, 10 * SECOND, "what is over is not begun again");
	breaker_hold(&b, 30 * SECOND);
	breaker_probe(&b, 12 * SECOND);
	is_int(breaker_look(&b, 12 * SECOND), BREAKER_HALF_OPEN,
	    "or before, where the caller sees a chance");
	b = (struct breaker){ .failures = 4 };
	breaker_probe(&b, 12 * SECOND);
	is_int(breaker_look(&b, 12 * SECOND), BREAKER_CLOSED,
	    "a closed one stays closed");
}

int
main(void)
{
	test_breaker();
	test_hold();
	return done_testing();
}
