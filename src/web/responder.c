#include "web/responder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "core/metrics.h"
#include "io/fcgi.h"
#include "store/counter_file.h"
#include "web/connection.h"

enum {
	LISTENER = STDIN_FILENO,
	/* New connections taken in one round; the rest may go to a sibling. */
	ACCEPT_BATCH = 4,
	/* After "too many open files" the listener rests. */
	ACCEPT_PAUSE_US = 100 * 1000,
	DRAIN_US = 8 * 1000 * 1000,
	/* An answer is below any socket buffer: more than this is a dead peer. */
	SEND_TIMEOUT_S = 2,
	RECEIVE_TIMEOUT_S = 1,
	/* At most so many refused peers are logged in a second. */
	REFUSAL_LINES = 5,
};

struct responder {
	const char *config_path;
	struct loop *loop;
	struct connections connections;
	struct service *unused; /* to be freed after this round */
	struct loop_source listener;
	struct loop_timer pause;
	struct loop_source signals;
	struct loop_timer drain;
	bool drained; /* no more time for it */
	int64_t refused_us;
	unsigned refused;
};

static struct responder *
of_connections(struct connections *all)
{
	return OWNER_OF(all, struct responder, connections);
}

/* ---- connections ------------------------------------------------------- */

static void
set_timeout(int fd, int option, time_t seconds)
{
	const struct timeval tv = { .tv_sec = seconds };

	(void)setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv));
}

static void
log_refused_peer(struct responder *r, uid_t uid)
{
	const int64_t now_us = clock_us();

	if (now_us - r->refused_us > 1000 * 1000) {
		r->refused_us = now_us;
		r->refused = 0;
	}
	if (r->refused++ < REFUSAL_LINES)
		log_warn("connection closed: the peer is user %ld, and only "
			 "user %ld ([responder] nginx_user) may connect",
		    (long)uid,
		    r->connections.service->config.responder.nginx_uid);
}

/* Nobody but nginx may speak to libfcgi. */
static bool
peer_is_nginx(struct responder *r, int fd)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    (long)peer.uid ==
		r->connections.service->config.responder.nginx_uid)
		return true;
	log_refused_peer(r, peer.uid);
	return false;
}

static void
stop_listening(struct responder *r)
{
	loop_remove(r->loop, &r->listener);
}

static void
listen_again(struct responder *r)
{
	if (!r->listener.active && !r->connections.draining)
		loop_add(r->loop, &r->listener, EPOLLIN | EPOLLEXCLUSIVE);
}

static void
pause_is_over(struct loop_timer *t)
{
	listen_again(OWNER_OF(t, struct responder, pause));
}

static void
connection_is_closed(struct connections *all)
{
	if (all->count == LIMIT_CONNECTIONS - 1)
		listen_again(of_connections(all));
}

static void
listener_is_ready(struct loop_source *s, uint32_t events)
{
	struct responder *r = OWNER_OF(s, struct responder, listener);
	int fd, i;

	(void)events;
	for (i = 0; i < ACCEPT_BATCH; i++) {
		if (r->connections.count == LIMIT_CONNECTIONS) {
			log_warn("%d connections are open, new ones wait",
			    LIMIT_CONNECTIONS);
			stop_listening(r);
			return;
		}
		/* Blocking, as libfcgi wants it. */
		fd = accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE ||
				  errno == ENOMEM || errno == ENOBUFS)) {
			log_error("accept: %s", strerror(errno));
			stop_listening(r);
			loop_timer_set(
			    r->loop, &r->pause, clock_us() + ACCEPT_PAUSE_US);
			return;
		}
		if (fd < 0)
			return;
		if (!peer_is_nginx(r, fd)) {
			(void)close(fd);
			continue;
		}
		set_timeout(fd, SO_RCVTIMEO, RECEIVE_TIMEOUT_S);
		set_timeout(fd, SO_SNDTIMEO, SEND_TIMEOUT_S);
		connection_open(&r->connections, fd);
	}
}

/* ---- signals ----------------------------------------------------------- */

static void
drain_is_over(struct loop_timer *t)
{
	OWNER_OF(t, struct responder, drain)->drained = true;
}

static void
start_drain(struct responder *r)
{
	if (r->connections.draining)
		return;
	log_info("stopping: %zu connections are open", r->connections.count);
	stop_listening(r);
	loop_timer_stop(r->loop, &r->pause);
	loop_timer_set(r->loop, &r->drain, clock_us() + DRAIN_US);
	connections_drain(&r->connections);
}

static void
reload(struct responder *r)
{
	struct service *s, *old = r->connections.service;
	struct err e;

	if (service_new(r->loop, r->config_path, &s, &e) != RC_OK) {
		log_error("the old configuration stays: %s", e.text);
		metrics_count(METRIC_RELOADS, metric_fcgi, "failed", NULL);
		return;
	}
	log_set_level(s->config.service.log_level);
	r->connections.service = s;
	old->next = r->unused;
	r->unused = old;
	old->users--;
	metrics_count(METRIC_RELOADS, metric_fcgi, "ok", NULL);
	log_info("read %s again", r->config_path);
}

static void
signals_are_ready(struct loop_source *source, uint32_t events)
{
	struct responder *r = OWNER_OF(source, struct responder, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(r);
		else
			start_drain(r);
	}
}

/* Before libfcgi starts, which would install handlers of its own. */
static enum rc
block_signals(struct responder *r, struct err *e)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	/* multiwatch says it so, and so ("-s TERM" of Debian 12). */
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGQUIT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	r->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signals.fd < 0)
		return err_set(
		    e, RC_FAULT, "start", "signalfd: %s", strerror(errno));
	r->signals.on_ready = signals_are_ready;
	return RC_OK;
}

/* ---- the process ------------------------------------------------------- */

static enum rc
check_listener(struct err *e)
{
	/*
	 * The flag belongs to all processes that share the socket, and systemd
	 * takes it away whenever it starts another one.  Without the flag an
	 * accept() that finds nothing lasts for this long: a clock tick.
	 */
	const struct timeval shortest = { .tv_usec = 1 };
	int flags;

	if (!fcgi_has_listener())
		return err_set(e, RC_FAULT, "start",
		    "descriptor 0 is no listening socket; spawn-fcgi, "
		    "multiwatch or a systemd socket must start this program");
	flags = fcntl(LISTENER, F_GETFL);
	if (flags < 0 || fcntl(LISTENER, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    setsockopt(LISTENER, SOL_SOCKET, SO_RCVTIMEO, &shortest,
		sizeof(shortest)) != 0)
		return err_set(
		    e, RC_FAULT, "start", "descriptor 0: %s", strerror(errno));
	return RC_OK;
}

static enum rc
start(struct responder *r, struct err *e)
{
	/* What any later configuration may allow. */
	const struct gate_limits largest = { LIMIT_PARAMS, LIMIT_BODY };
	const struct rlimit no_core = { 0, 0 };
	enum rc rc;

	/*
	 * A core file would hold tokens and customers.  Where core_pattern
	 * is a pipe its program decides (coredump.conf: Storage=none).
	 */
	(void)setrlimit(RLIMIT_CORE, &no_core);
	rc = block_signals(r, e);
	if (rc == RC_OK)
		rc = fcgi_init(e);
	if (rc == RC_OK)
		rc = service_new(
		    r->loop, r->config_path, &r->connections.service, e);
	if (rc != RC_OK)
		return rc;
	counter_file_use(r->connections.service->config.metrics.file);
	log_set_level(r->connections.service->config.service.log_level);
	rc = check_listener(e);
	if (rc == RC_OK)
		rc = fcgi_self_test(&largest, e);
	return rc;
}

/* Services whose last request has ended. */
static void
free_unused(struct responder *r)
{
	struct service **at = &r->unused, *s;

	while ((s = *at) != NULL) {
		if (s->users > 0) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		service_free(s);
	}
}

static void
run(struct responder *r)
{
	loop_add(r->loop, &r->signals, EPOLLIN);
	listen_again(r);
	metrics_count(METRIC_STARTS, metric_fcgi, NULL, NULL);
	log_info("ready");
	while (!(r->connections.draining && r->connections.count == 0) &&
	       !r->drained) {
		loop_wait(r->loop);
		connections_free_closed(&r->connections);
		free_unused(r);
	}
	if (r->drained)
		log_warn(
		    "%zu requests were still under way", r->connections.count);
	connections_close(&r->connections);
	connections_free_closed(&r->connections);
	free_unused(r);
	metrics_count(METRIC_STOPS, metric_fcgi, NULL, NULL);
	log_info("stopped");
}

enum rc
responder_run(const char *config_path, struct err *e)
{
	struct responder r = {
		.config_path = config_path,
		.listener = { .fd = LISTENER, .on_ready = listener_is_ready },
		.pause = { .on_due = pause_is_over },
		.drain = { .on_due = drain_is_over },
		.signals = { .fd = -1 },
	};
	enum rc rc;

	r.loop = loop_new();
	r.connections.loop = r.loop;
	r.connections.on_closed = connection_is_closed;
	rc = start(&r, e);
	if (rc == RC_OK)
		run(&r);
	if (r.connections.service != NULL)
		service_free(r.connections.service);
	if (r.signals.fd >= 0)
		(void)close(r.signals.fd);
	loop_free(r.loop);
	return rc;
}
