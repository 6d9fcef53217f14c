#include "io/loop.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "t/tap.h"

static struct loop *l;

/* ---- timers ------------------------------------------------------------ */

struct alarm {
	struct loop_timer timer;
	char letter;
	struct alarm *other; /* stopped, or set, by this one */
	int64_t other_in_us; /* from the ring on */
};

static char rung[32];
static size_t rings;

static void
ring(struct loop_timer *t)
{
	struct alarm *a = OWNER_OF(t, struct alarm, timer);

	rung[rings++] = a->letter;
	rung[rings] = '\0';
	if (a->other == NULL)
		return;
	if (a->other_in_us == 0)
		loop_timer_stop(l, &a->other->timer);
	else
		loop_timer_set(
		    l, &a->other->timer, clock_us() + a->other_in_us);
}

static void
start(struct alarm *a, char letter, int64_t due_us)
{
	*a = (struct alarm){ .letter = letter, .timer.on_due = ring };
	loop_timer_set(l, &a->timer, due_us);
}

static void
forget(void)
{
	rings = 0;
	rung[0] = '\0';
}

/* Rounds until that many alarms rang. */
static void
wait_for(size_t count)
{
	while (rings < count)
		loop_wait(l);
}

static void
test_timers(void)
{
	struct alarm a, b, c;
	int64_t now;

	now = clock_us();
	start(&a, 'a', now + 9000);
	start(&b, 'b', now + 3000);
	start(&c, 'c', now + 6000);
	wait_for(3);
	is_str(rung, "bca", "alarms ring in the order of their time");
	ok(clock_us() >= now + 9000, "and not before it");
	ok(!a.timer.armed && !b.timer.armed, "a timer that rang is not armed");

	forget();
	now = clock_us();
	start(&a, 'a', now + 1000 * 1000 * 1000);
	start(&b, 'b', now + 2000);
	loop_timer_set(l, &a.timer, now + 4000);
	wait_for(2);
	is_str(rung, "ba", "an armed timer is moved forward");

	forget();
	now = clock_us();
	start(&a, 'a', now + 1000);
	start(&b, 'b', now + 3000);
	loop_timer_set(l, &a.timer, now + 5000);
	wait_for(2);
	is_str(rung, "ba", "or back");

	forget();
	now = clock_us();
	start(&b, 'b', now - 1000);
	start(&a, 'a', now);
	loop_wait(l);
	is_int(rings, 2, "what is due rings in one round");
	is_str(rung, "ba", "in the order of its time");
}

static void
test_timers_in_callbacks(void)
{
	struct alarm a, b, c;
	int64_t now;

	forget();
	now = clock_us();
	start(&a, 'a', now);
	start(&b, 'b', now);
	start(&c, 'c', now);
	a.other = &b;
	b.other = &a;
	loop_wait(l);
	ok(rings == 2 && strchr(rung, 'c') != NULL &&
		(strchr(rung, 'a') == NULL) != (strchr(rung, 'b') == NULL),
	    "one that is due may be stopped by another");

	forget();
	now = clock_us();
	start(&a, 'a', now);
	b = (struct alarm){ .letter = 'b', .timer.on_due = ring };
	a.other = &b;
	a.other_in_us = 2000;
	wait_for(2);
	is_str(rung, "ab", "a callback may set another");

	forget();
	now = clock_us();
	start(&a, 'a', now);
	a.other = &a;
	a.other_in_us = 2000;
	wait_for(1);
	a.other = NULL;
	wait_for(2);
	is_str(rung, "aa", "or itself");

	forget();
	start(&a, 'a', clock_us() + 1000);
	loop_timer_stop(l, &a.timer);
	loop_timer_stop(l, &a.timer);
	start(&b, 'b', clock_us() + 3000);
	wait_for(1);
	is_str(rung, "b", "a stopped one does not ring");
}

/* ---- sources ----------------------------------------------------------- */

struct end {
	struct loop_source source;
	int peer;
	int calls;
	uint32_t events;
	struct end *other; /* removed by this one */
};

static void
end_is_ready(struct loop_source *s, uint32_t events)
{
	struct end *e = OWNER_OF(s, struct end, source);

	e->calls++;
	e->events = events;
	if (e->other != NULL)
		loop_remove(l, &e->other->source);
}

static void
open_end(struct end *e, uint32_t events)
{
	int ends[2];

	*e = (struct end){ .source.on_ready = end_is_ready };
	if (pipe(ends) != 0)
		diag("no pipe");
	e->source.fd = ends[0];
	e->peer = ends[1];
	loop_add(l, &e->source, events);
}

static void
close_end(struct end *e)
{
	loop_remove(l, &e->source);
	(void)close(e->source.fd);
	(void)close(e->peer);
}

/* A round that nothing but a timer ends. */
static void
quiet_round(void)
{
	struct alarm a;

	forget();
	start(&a, 'q', clock_us() + 1000);
	wait_for(1);
}

static void
test_sources(void)
{
	struct end a, b;

	open_end(&a, EPOLLIN);
	open_end(&b, EPOLLIN);
	quiet_round();
	is_int(a.calls + b.calls, 0, "nothing to read, no call");
	is_int(write(a.peer, "x", 1), 1, "a byte for the first");
	loop_wait(l);
	ok(a.calls == 1 && b.calls == 0, "calls the first");
	is_int(a.events, EPOLLIN, "with what happened");
	loop_wait(l);
	is_int(a.calls, 2, "and again while it is not read");
	loop_change(l, &a.source, EPOLLIN | EPOLLET);
	loop_wait(l);
	quiet_round();
	is_int(a.calls, 3, "but once where that was asked for");
	loop_remove(l, &a.source);
	loop_remove(l, &a.source);
	is_int(write(a.peer, "x", 1), 1, "a byte for one that was removed");
	quiet_round();
	is_int(a.calls, 3, "calls nobody");
	loop_change(l, &a.source, EPOLLIN);
	loop_wait(l);
	is_int(a.calls, 4, "a removed one is put back by a change");
	close_end(&a);
	close_end(&b);
}

static void
test_sources_in_callbacks(void)
{
	struct end a, b;

	open_end(&a, EPOLLIN);
	open_end(&b, EPOLLIN);
	a.other = &b;
	b.other = &a;
	(void)!write(a.peer, "x", 1);
	(void)!write(b.peer, "x", 1);
	loop_wait(l);
	is_int(a.calls + b.calls, 1,
	    "an event of a source that was just removed is dropped");
	quiet_round();
	close_end(&a);
	close_end(&b);

	open_end(&a, EPOLLIN);
	a.other = &a;
	(void)!write(a.peer, "x", 1);
	loop_wait(l);
	quiet_round();
	is_int(a.calls, 1, "a source may remove itself");
	close_end(&a);
}

/* libpq may close its socket and open another under the same number. */
static void
test_reopened(void)
{
	int ends[2], first;
	struct end a;

	open_end(&a, EPOLLIN);
	first = a.source.fd;
	(void)close(a.source.fd);
	(void)close(a.peer);
	if (pipe(ends) != 0)
		diag("no pipe");
	is_int(ends[0], first, "a new descriptor with the old number");
	a.peer = ends[1];
	loop_change(l, &a.source, EPOLLIN);
	(void)!write(a.peer, "x", 1);
	loop_wait(l);
	is_int(a.calls, 1, "is watched after a change");
	close_end(&a);
}

int
main(void)
{
	l = loop_new();
	test_timers();
	test_timers_in_callbacks();
	test_sources();
	test_sources_in_callbacks();
	test_reopened();
	loop_free(l);
	return done_testing();
}
