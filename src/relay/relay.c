#include "relay/relay.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/metrics.h"
#include "relay/delivery.h"
#include "relay/destination.h"
#include "relay/front.h"
#include "relay/roster.h"
#include "relay/sweep.h"
#include "relay/upkeep.h"
#include "relay/watchdog.h"
#include "store/counter_file.h"
#include "store/stmts.h"

enum {
	CONNECTIONS = 4, /* to the database */
	/*
	 * A statement of the role frontline_relay is cut off after 10 s by
	 * the server, if that is alive.
	 */
	PATIENCE_MS = 11 * 1000,
	CONNECT_MS = 5 * 1000,
	/* Two calls of the longest kind; systemd waits a little longer. */
	DRAIN_US = 38 * 1000 * 1000,
};

struct process {
	struct relay relay;
	const char *config_path;
	/* What the pools were built with; they borrow its strings. */
	struct settings *first;
	struct destination destinations[DESTINATIONS];
	struct roster roster;
	struct front front;
	struct upkeep upkeep;
	struct sweep sweep;
	struct watchdog watchdog;
	struct loop_source signals;
	struct loop_timer wake; /* when there is something to do by time */
	struct loop_timer drain;
	bool drained; /* no more time for it */
};

/* ---- what the loop is woken by ----------------------------------------- */

/* payload NULL: notifications may have been missed. */
static void
queue_is_notified(void *owner, const char *payload)
{
	struct process *p = owner;
	size_t i;

	for (i = 0; i < DESTINATIONS; i++)
		if (payload == NULL ||
		    strcmp(payload, destination_rows[i].name) == 0)
			destination_wake(&p->destinations[i], clock_us());
}

static void
wake_is_due(struct loop_timer *t)
{
	(void)t;
}

static void
drain_is_over(struct loop_timer *t)
{
	OWNER_OF(t, struct process, drain)->drained = true;
}

static long
count_jobs(const struct process *p)
{
	long n = 0;
	size_t i;

	for (i = 0; i < DESTINATIONS; i++)
		n += p->destinations[i].count;
	return n;
}

static void
start_drain(struct process *p)
{
	if (p->relay.draining)
		return;
	p->relay.draining = true;
	log_info("stopping: %ld jobs are in hand", count_jobs(p));
	watchdog_stopping(&p->watchdog);
	loop_timer_set(p->relay.loop, &p->drain, clock_us() + DRAIN_US);
}

static void
reload(struct process *p)
{
	struct settings *s, *old = p->relay.settings;
	struct err e;
	size_t i;

	if (settings_new(p->config_path, &s, &e) != RC_OK) {
		log_error("the old configuration stays: %s", e.text);
		metrics_count(METRIC_RELOADS, metric_relay, "failed", NULL);
		return;
	}
	log_set_level(s->config.service.log_level);
	p->relay.settings = s;
	settings_release(old);
	for (i = 0; i < DESTINATIONS; i++)
		destination_adopt(&p->destinations[i]);
	roster_adopt(&p->roster);
	metrics_count(METRIC_RELOADS, metric_relay, "ok", NULL);
	log_info("read %s again", p->config_path);
}

static void
signals_are_ready(struct loop_source *source, uint32_t events)
{
	struct process *p = OWNER_OF(source, struct process, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(p);
		else
			start_drain(p);
	}
}

/* ---- the loop ---------------------------------------------------------- */

static struct delivery *
take_first(struct delivery **list)
{
	struct delivery *d = *list;

	if (d != NULL)
		*list = d->next;
	return d;
}

/* What the peers said becomes an outcome, or the next request. */
static void
settle(struct process *p)
{
	struct delivery *d;

	while ((d = take_first(&p->relay.answered)) != NULL)
		delivery_settle(d);
}

static void
claim(struct process *p)
{
	size_t i;

	for (i = 0; i < DESTINATIONS; i++)
		destination_claim(&p->destinations[i], clock_us());
}

static void
begin(struct process *p)
{
	struct delivery *d;

	while ((d = take_first(&p->relay.claimed)) != NULL)
		delivery_begin(d);
}

static void
tend(struct process *p)
{
	upkeep_tend(&p->upkeep, clock_us());
	roster_tend(&p->roster, clock_us());
	sweep_tend(&p->sweep, clock_us());
}

static void
set_wake(struct process *p)
{
	const int64_t now_us = clock_us();
	int64_t next_us = upkeep_next_us(&p->upkeep), at_us;
	size_t i;

	at_us = roster_next_us(&p->roster, now_us);
	if (at_us < next_us)
		next_us = at_us;
	at_us = sweep_next_us(&p->sweep);
	if (at_us < next_us)
		next_us = at_us;
	for (i = 0; i < DESTINATIONS; i++) {
		at_us = destination_next_us(&p->destinations[i], now_us);
		if (at_us < next_us)
			next_us = at_us;
	}
	if (next_us == INT64_MAX)
		loop_timer_stop(p->relay.loop, &p->wake);
	else
		loop_timer_set(p->relay.loop, &p->wake, next_us);
}

static bool
is_done(const struct process *p)
{
	size_t i;

	if (!p->relay.draining)
		return false;
	for (i = 0; i < DESTINATIONS; i++)
		if (p->destinations[i].count > 0 || p->destinations[i].claiming)
			return p->drained;
	return true;
}

static void
run(struct process *p)
{
	loop_add(p->relay.loop, &p->signals, EPOLLIN);
	watchdog_start(&p->watchdog, p->relay.loop);
	metrics_count(METRIC_STARTS, metric_relay, NULL, NULL);
	log_info("ready");
	while (!is_done(p)) {
		/* Waits, and collects answers and rows. */
		loop_wait(p->relay.loop);
		settle(p);
		begin(p);
		claim(p);
		tend(p);
		set_wake(p);
	}
	if (p->drained)
		log_warn("%ld jobs were still in hand", count_jobs(p));
	metrics_count(METRIC_STOPS, metric_relay, NULL, NULL);
	log_info("stopped");
}

/* ---- the process ------------------------------------------------------- */

static enum rc
block_signals(struct process *p, struct err *e)
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
	p->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signals.fd < 0)
		return err_set(
		    e, RC_FAULT, "start", "signalfd: %s", strerror(errno));
	return RC_OK;
}

static void
count_connection(bool is_up)
{
	metrics_count(is_up ? METRIC_CONNECTIONS : METRIC_LOSSES, metric_relay,
	    NULL, NULL);
}

static void
open_parts(struct process *p)
{
	const struct config *c = &p->relay.settings->config;
	const struct db_pool_options db = {
		.link = {
			.conninfo = c->database.relay_conninfo,
			.application_name = "frontline-relay",
			/* LISTEN needs a connection of its own anyway. */
			.prepare = true,
			.stmts = relay_stmts,
			.stmt_count = relay_stmt_count,
			.patience_ms = PATIENCE_MS,
			.listen = &queue_listen_stmt,
		},
		.connections = CONNECTIONS,
		.name = "database",
		.on_notify = queue_is_notified,
		.owner = p,
		.on_connection = count_connection,
	};
	const struct http_options http = {
		.ca_file = c->service.ca_file,
		.transfers = DESTINATIONS * DESTINATION_JOBS + ROSTER_CALLS + 1,
		.connect_ms = c->limits.call_timeout_ms < CONNECT_MS
				  ? c->limits.call_timeout_ms
				  : CONNECT_MS,
		.total_ms = c->limits.call_timeout_ms,
	};
	size_t i;

	p->first = settings_hold(p->relay.settings);
	for (i = 0; i < DESTINATIONS; i++)
		destination_init(
		    &p->destinations[i], &p->relay, &destination_rows[i]);
	p->relay.front = &p->front;
	roster_init(&p->roster, &p->relay);
	upkeep_init(&p->upkeep, &p->relay);
	sweep_init(&p->sweep, &p->relay);
	p->relay.http = http_pool_new(p->relay.loop, &http);
	p->relay.db = db_pool_new(p->relay.loop, &db);
}

static void
close_parts(struct process *p)
{
	size_t i;

	for (i = 0; i < DESTINATIONS; i++)
		destination_free(&p->destinations[i]);
	roster_free(&p->roster);
	upkeep_free(&p->upkeep);
	sweep_free(&p->sweep);
	loop_timer_stop(p->relay.loop, &p->watchdog.timer);
	http_pool_free(p->relay.http);
	db_pool_free(p->relay.db);
	settings_release(p->first);
	settings_release(p->relay.settings);
}

enum rc
relay_run(const char *config_path, struct err *e)
{
	const struct rlimit no_core = { 0, 0 };
	struct process p = {
		.config_path = config_path,
		.signals = { .fd = -1, .on_ready = signals_are_ready },
		.wake.on_due = wake_is_due,
		.drain.on_due = drain_is_over,
	};
	enum rc rc;

	/* A core file would hold credentials and customers. */
	(void)setrlimit(RLIMIT_CORE, &no_core);
	rc = settings_new(config_path, &p.relay.settings, e);
	if (rc != RC_OK)
		return rc;
	counter_file_use(p.relay.settings->config.metrics.file);
	log_set_level(p.relay.settings->config.service.log_level);
	rc = block_signals(&p, e);
	if (rc == RC_OK) {
		p.relay.loop = loop_new();
		open_parts(&p);
		run(&p);
		close_parts(&p);
		loop_free(p.relay.loop);
		(void)close(p.signals.fd);
	} else {
		settings_release(p.relay.settings);
	}
	return rc;
}
