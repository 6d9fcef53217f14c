#include "core/limiter.h"

#include "t/tap.h"

enum { SECOND = 1000 * 1000 };

static void
test_bucket(void)
{
	struct limiter l;
	int64_t t = 7 * (int64_t)SECOND;
	long taken = 0;
	int i;

	limiter_init(&l, 600, t);
	is_int(
	    limiter_room(&l, t), 10, "full at the start: one second's worth");
	for (i = 0; i < 10; i++)
		limiter_take(&l, t);
	is_int(limiter_room(&l, t), 0, "then it is empty");
	is_int(limiter_next_us(&l, t), t + SECOND / 10 + 1,
	    "the next token comes a tenth of a second later");
	t = limiter_next_us(&l, t);
	is_int(limiter_room(&l, t), 1, "and is there then");
	is_int(limiter_next_us(&l, t), t, "so there is nothing to wait for");
	limiter_take(&l, t);
	limiter_take(&l, t);
	is_int(limiter_room(&l, t), 0, "one may be spent in advance");
	ok(limiter_next_us(&l, t) > t + SECOND / 6, "and is waited for");
	t += 3600 * (int64_t)SECOND * 24 * 365;
	is_int(limiter_room(&l, t), 10, "a year makes it no fuller than full");

	limiter_init(&l, 600, t);
	for (i = 0; i < 60 * 1000; i++, t += SECOND / 1000)
		while (limiter_room(&l, t) > 0) {
			limiter_take(&l, t);
			taken++;
		}
	ok(taken >= 609 && taken <= 610,
	    "a minute lets the rate through, and what it began with");
}

static void
test_slow(void)
{
	struct limiter l;

	limiter_init(&l, 1, 0);
	is_int(limiter_room(&l, 0), 1, "one in a minute: the first at once");
	limiter_take(&l, 0);
	is_int(limiter_room(&l, 59 * (int64_t)SECOND), 0, "not before");
	is_int(limiter_room(&l, 61 * (int64_t)SECOND), 1, "a minute is over");
}

static void
test_give_back(void)
{
	struct limiter l;

	limiter_init(&l, 120, 0);
	limiter_take(&l, 0);
	limiter_give_back(&l, 0);
	is_int(limiter_room(&l, 0), 2, "what was spent in vain is there again");
	limiter_give_back(&l, 0);
	is_int(limiter_room(&l, 0), 2, "and never more than it holds");
	limiter_init(&l, 60, 0);
	limiter_take(&l, 0);
	limiter_take(&l, 0);
	limiter_give_back(&l, 0);
	is_int(limiter_room(&l, 0), 0, "one spent in advance is owed first");
}

static void
test_change(void)
{
	struct limiter l;

	limiter_init(&l, 600, 0);
	limiter_change(&l, 120, 0);
	is_int(limiter_room(&l, 0), 2, "a lower rate holds less");
	limiter_change(&l, 60000, 0);
	is_int(limiter_room(&l, 0), 2, "a higher one gives nothing away");
	is_int(limiter_room(&l, SECOND / 100), 12, "but fills faster");
}

int
main(void)
{
	test_bucket();
	test_slow();
	test_give_back();
	test_change();
	return done_testing();
}
