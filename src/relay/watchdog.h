/*
 * watchdog.h -- what systemd is told: ready, alive, stopping.  Nothing happens
 * where the process was not started by it (sd_notify(3)).
 */
#ifndef RELAY_WATCHDOG_H
#define RELAY_WATCHDOG_H
#include "io/loop.h"

struct watchdog {
	struct loop *loop;
	struct loop_timer timer;
	int64_t interval_us;
};

/* Ready; from now on a sign of life comes twice as often as asked for. */
void watchdog_start(struct watchdog *w, struct loop *l);
void watchdog_stopping(struct watchdog *w);

#endif
