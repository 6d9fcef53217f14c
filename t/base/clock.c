#include "base/clock.h"

#include <stdbool.h>
#include <time.h>

#include "t/tap.h"

static void
test_stamp(void)
{
	static const char shape[] = "0000-00-00T00:00:00.000Z";
	char stamp[CLOCK_STAMP_SIZE];
	size_t i;

	clock_stamp(stamp, sizeof(stamp));
	for (i = 0; stamp[i] != '\0'; i++)
		if (stamp[i] >= '0' && stamp[i] <= '9')
			stamp[i] = '0';
	is_str(stamp, shape, "a stamp is in UTC, to the millisecond");
}

static void
test_wall(void)
{
	const int64_t before = (int64_t)time(NULL);
	const int64_t ms = clock_wall_ms();
	const int64_t after = (int64_t)time(NULL);

	/* time(3) is that of the last tick, some milliseconds behind. */
	ok(ms / 1000 >= before && ms / 1000 <= after + 1,
	    "wall-clock time is that of time(3), in milliseconds");
}

static void
test_backoff(void)
{
	const int64_t base = 1000, cap = 60000;
	int64_t wait, most, longest;
	bool within = true;
	unsigned n, i;

	for (n = 0; n < 40; n++) {
		most = n < 6 ? base << n : cap;
		longest = 0;
		for (i = 0; i < 200; i++) {
			wait = clock_backoff_us(n, base, cap);
			within = within && wait >= 0 && wait <= most;
			longest = wait > longest ? wait : longest;
		}
		within = within && longest > most / 2;
	}
	ok(within, "a wait is between nothing and base * 2^n, or the cap");
	ok(clock_backoff_us(1000000, base, cap) <= cap, "also after years");
}

int
main(void)
{
	int64_t before, after;

	before = clock_us();
	after = clock_us();
	ok(after >= before && before > 0, "the clock does not go back");
	test_stamp();
	test_wall();
	test_backoff();
	return done_testing();
}
