/*
 * loop.h -- an epoll loop: sources that become ready, and deadlines.
 *
 * It owns the epoll descriptor and nothing else: a source is a member of
 * whatever it stands for (a connection, a database session), and its owner
 * closes the descriptor.  Single-threaded; callbacks may add and remove any
 * source or timer, also their own.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H
#include <stdbool.h>
#include <stdint.h>

struct loop;

/*
 * A source must stay in memory until the loop_wait() in which it was removed
 * has returned: an event for it may still be in the batch, and is dropped.
 */
struct loop_source {
	int fd;
	bool active;
	void (*on_ready)(struct loop_source *s, uint32_t events);
};

struct loop_timer {
	int64_t due_us; /* clock_us() */
	bool armed;
	void (*on_due)(struct loop_timer *t);
	struct loop_timer *next;
	struct loop_timer *prev;
};

/* The struct that a member lies in. */
#define OWNER_OF(ptr, type, member)                                            \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct loop *loop_new(void);
void loop_free(struct loop *l);

/* events: EPOLLIN, EPOLLET, ...; fd and on_ready must be set. */
void loop_add(struct loop *l, struct loop_source *s, uint32_t events);
/* Also right where the descriptor was closed and opened anew meanwhile. */
void loop_change(struct loop *l, struct loop_source *s, uint32_t events);
void loop_remove(struct loop *l, struct loop_source *s);

/* Arms, or moves an armed one; on_due must be set. */
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t due_us);
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/*
 * One round: waits for events or the next deadline, and serves them; what is
 * due, in the order of its time, however late the process was woken.
 */
void loop_wait(struct loop *l);

#endif
