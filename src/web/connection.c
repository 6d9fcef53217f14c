#include "web/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/fcgi.h"
#include "web/call.h"
#include "web/reply.h"
#include "web/serve.h"

enum {
	/* From the first byte of a request to its last. */
	ARRIVE_US = 2 * 1000 * 1000,
	/* When the process ends: for the first byte on a new connection. */
	FIRST_US = 1000 * 1000,
};

/* What a connection keeps for its next answer: none is larger but a picture. */
enum { KEPT_BYTES = 256 * 1024 };

/* Of a request that nobody waits for any more, in the log; as nginx has it. */
enum { STATUS_GONE = 499 };

enum state {
	AT_GATE, /* nothing, or a part of a request, has come */
	SERVING, /* a request is under way */
	CLOSED,
};

struct connection {
	struct connections *all;
	struct connection *next;
	struct connection *prev;
	struct loop_source source;
	struct loop_timer timer;
	enum state state;
	struct fcgi *fcgi;
	struct arena *arena;
	struct buf out;
	struct call call;
	bool used;     /* had a request */
	bool drained;  /* knows that the process ends */
	bool inside;   /* serve() is on the stack */
	bool finished; /* ... and the reply stands already */
};

/* ---- end --------------------------------------------------------------- */

static void
release_service(struct connection *c)
{
	c->call.service->users--;
	c->call.service = NULL;
}

static void
close_connection(struct connection *c)
{
	struct connections *all = c->all;

	if (c->state == SERVING)
		release_service(c);
	c->state = CLOSED;
	loop_timer_stop(all->loop, &c->timer);
	loop_remove(all->loop, &c->source);
	fcgi_close(c->fcgi);
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		all->open = c->next;
	c->next = all->closed;
	all->closed = c;
	all->count--;
	all->on_closed(all);
}

void
connections_free_closed(struct connections *all)
{
	struct connection *c;

	while ((c = all->closed) != NULL) {
		all->closed = c->next;
		arena_free(c->arena);
		buf_release(&c->out);
		buf_release(&c->call.reply);
		free(c);
	}
}

/* ---- a request --------------------------------------------------------- */

static void look(struct connection *c);

static void
forget_large(struct buf *b)
{
	if (b->size > KEPT_BYTES)
		buf_release(b);
}

static void
send_reply(struct connection *c)
{
	bool kept;

	buf_clear(&c->out);
	reply_format(&c->call, &c->out);
	/* First the line: whoever has the answer finds it in the log. */
	serve_end(&c->call);
	kept = fcgi_reply(c->fcgi, c->out.bytes, c->out.len, !c->all->draining);
	forget_large(&c->out);
	forget_large(&c->call.reply);
	release_service(c);
	arena_reset(c->arena);
	c->state = AT_GATE;
	if (!kept)
		close_connection(c);
}

static void
reply_is_ready(struct call *call)
{
	struct connection *c = OWNER_OF(call, struct connection, call);

	if (c->inside) {
		c->finished = true;
		return;
	}
	send_reply(c);
	/* The next request may have come meanwhile, its event long gone. */
	if (c->state == AT_GATE)
		look(c);
}

static void
start_request(struct connection *c, bool too_large)
{
	struct buf reply = c->call.reply;
	struct err e;

	loop_timer_stop(c->all->loop, &c->timer);
	if (fcgi_read(c->fcgi, &e) != RC_OK) {
		log_warn("connection closed: %s", e.text);
		close_connection(c);
		return;
	}
	buf_clear(&reply);
	c->call = (struct call){
		.arena = c->arena,
		.service = c->all->service,
		.reply = reply,
		.on_finished = reply_is_ready,
	};
	c->call.service->users++;
	c->used = true;
	c->state = SERVING;
	c->finished = false;
	c->inside = true;
	serve(&c->call, c->fcgi, too_large);
	c->inside = false;
	if (c->finished)
		send_reply(c);
}

/* ---- the gate ---------------------------------------------------------- */

static void
arrives_too_slowly(struct loop_timer *t)
{
	struct connection *c = OWNER_OF(t, struct connection, timer);

	if (fcgi_look(c->fcgi, &c->all->service->gate_limits).len > 0)
		log_warn("connection closed: a request did not arrive whole "
			 "within %d ms",
		    ARRIVE_US / 1000);
	close_connection(c);
}

static void
wait_for_more(struct connection *c, const struct fcgi_sight *sight)
{
	const bool draining = c->all->draining;

	if (sight->has_ended || (draining && c->used))
		close_connection(c);
	else if ((draining || sight->len > 0) && !c->timer.armed)
		loop_timer_set(c->all->loop, &c->timer,
		    clock_us() + (sight->len > 0 ? ARRIVE_US : FIRST_US));
}

/*
 * Serves what lies there until more must come.  The descriptor is watched
 * edge-triggered: what the gate lets lie would wake us for ever.
 */
static void
look(struct connection *c)
{
	struct fcgi_sight sight;

	while (c->state == AT_GATE) {
		sight = fcgi_look(c->fcgi, &c->all->service->gate_limits);
		switch (sight.gate) {
		case GATE_READY:
			start_request(c, false);
			break;
		case GATE_TOO_LARGE:
			start_request(c, true);
			break;
		case GATE_BAD:
			log_warn("connection closed: %s", sight.why);
			close_connection(c);
			break;
		case GATE_WAIT:
			wait_for_more(c, &sight);
			return;
		}
	}
}

static void
connection_is_ready(struct loop_source *s, uint32_t events)
{
	struct connection *c = OWNER_OF(s, struct connection, source);

	if (c->state == AT_GATE) {
		look(c);
		/* A peer that half-closed after part of a request. */
		if (c->state == AT_GATE &&
		    (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
			close_connection(c);
		return;
	}
	if ((events & (EPOLLHUP | EPOLLERR)) == 0)
		return;
	/* nginx gave up, or its client did: nobody waits for the answer. */
	db_pool_cancel(c->call.db.pool, &c->call.db);
	c->call.status = STATUS_GONE;
	(void)err_set(&c->call.err, RC_BUSY, "peer_gone",
	    "the peer went away before the answer");
	serve_end(&c->call);
	close_connection(c);
}

void
connection_open(struct connections *all, int fd)
{
	struct connection *c;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		fatal("out of memory");
	c->all = all;
	c->fcgi = fcgi_open(fd);
	c->arena = arena_new();
	buf_init(&c->out);
	buf_init(&c->call.reply);
	c->timer.on_due = arrives_too_slowly;
	c->source.fd = fd;
	c->source.on_ready = connection_is_ready;
	c->next = all->open;
	if (c->next != NULL)
		c->next->prev = c;
	all->open = c;
	all->count++;
	loop_add(all->loop, &c->source, EPOLLIN | EPOLLRDHUP | EPOLLET);
}

/* ---- drain ------------------------------------------------------------- */

/* The next one that waits at the gate and does not know yet, or NULL. */
static struct connection *
find_waiting(const struct connections *all)
{
	struct connection *c;

	for (c = all->open; c != NULL; c = c->next)
		if (c->state == AT_GATE && !c->drained)
			return c;
	return NULL;
}

void
connections_drain(struct connections *all)
{
	struct connection *c;

	all->draining = true;
	/* Serving one may close others: look anew after each. */
	while ((c = find_waiting(all)) != NULL) {
		c->drained = true;
		/*
		 * From here on nginx cannot write to it and takes another;
		 * what it wrote before is served.  But it gives a request up
		 * whose connection was new, so one that it has just made, and
		 * not written to yet, brings its request first.
		 */
		if (c->used)
			(void)shutdown(c->source.fd, SHUT_RD);
		look(c);
	}
}

void
connections_close(struct connections *all)
{
	while (all->open != NULL) {
		if (all->open->state == SERVING)
			db_pool_cancel(
			    all->open->call.db.pool, &all->open->call.db);
		close_connection(all->open);
	}
}
