#include "io/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { EVENTS = 64 };

struct loop {
	int epoll_fd;
	struct loop_timer *timers; /* unordered */
	/*
	 * Not later than any armed timer.  Deadlines are set for every request
	 * and hardly ever reached, so they are not kept in order; the list is
	 * walked when this moment has come.
	 */
	int64_t earliest_us;
};

struct loop *
loop_new(void)
{
	struct loop *l;

	l = calloc(1, sizeof(*l));
	if (l == NULL)
		fatal("out of memory");
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		fatal("epoll_create1: %s", strerror(errno));
	l->earliest_us = INT64_MAX;
	return l;
}

void
loop_free(struct loop *l)
{
	(void)close(l->epoll_fd);
	free(l);
}

void
loop_add(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, s->fd, &ev) != 0)
		fatal("BUG: epoll_ctl: %s", strerror(errno));
	s->active = true;
}

void
loop_change(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (s->active && epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, s->fd, &ev) == 0)
		return;
	loop_add(l, s, events);
}

void
loop_remove(struct loop *l, struct loop_source *s)
{
	if (!s->active)
		return;
	s->active = false;
	(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
}

void
loop_timer_set(struct loop *l, struct loop_timer *t, int64_t due_us)
{
	t->due_us = due_us;
	if (due_us < l->earliest_us)
		l->earliest_us = due_us;
	if (t->armed)
		return;
	t->armed = true;
	t->prev = NULL;
	t->next = l->timers;
	if (t->next != NULL)
		t->next->prev = t;
	l->timers = t;
}

void
loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	if (!t->armed)
		return;
	t->armed = false;
	if (t->next != NULL)
		t->next->prev = t->prev;
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		l->timers = t->next;
}

/*
 * Of the timers that are due the one with the earliest time, or NULL after
 * noting when the next one is.
 */
static struct loop_timer *
find_due(struct loop *l, int64_t now_us)
{
	struct loop_timer *t, *first = NULL;

	for (t = l->timers; t != NULL; t = t->next) {
		if (first == NULL || t->due_us < first->due_us)
			first = t;
	}
	if (first != NULL && first->due_us <= now_us)
		return first;
	l->earliest_us = first == NULL ? INT64_MAX : first->due_us;
	return NULL;
}

/*
 * A callback may stop or free any other timer, so the walk starts anew after
 * each; no more rounds than timers armed for the past, as none may set itself
 * to the past.
 */
static void
run_timers(struct loop *l)
{
	const int64_t now_us = clock_us();
	struct loop_timer *t;

	if (now_us < l->earliest_us)
		return;
	while ((t = find_due(l, now_us)) != NULL) {
		loop_timer_stop(l, t);
		t->on_due(t);
	}
}

static int
wait_ms(const struct loop *l)
{
	int64_t left_us;

	if (l->earliest_us == INT64_MAX)
		return -1;
	left_us = l->earliest_us - clock_us();
	if (left_us <= 0)
		return 0;
	return (int)((left_us + 999) / 1000);
}

void
loop_wait(struct loop *l)
{
	struct epoll_event events[EVENTS];
	struct loop_source *s;
	int n, i;

	n = epoll_wait(l->epoll_fd, events, EVENTS, wait_ms(l));
	if (n < 0 && errno != EINTR)
		fatal("epoll_wait: %s", strerror(errno));
	for (i = 0; i < n; i++) {
		s = events[i].data.ptr;
		if (s->active)
			s->on_ready(s, events[i].events);
	}
	run_timers(l);
}
