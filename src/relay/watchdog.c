#include "relay/watchdog.h"

#include <stddef.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"

static void
is_due(struct loop_timer *t)
{
	struct watchdog *w = OWNER_OF(t, struct watchdog, timer);

	(void)sd_notify(0, "WATCHDOG=1");
	loop_timer_set(w->loop, t, clock_us() + w->interval_us);
}

void
watchdog_start(struct watchdog *w, struct loop *l)
{
	uint64_t limit_us = 0;

	*w = (struct watchdog){ .loop = l, .timer.on_due = is_due };
	(void)sd_notify(0, "READY=1");
	if (sd_watchdog_enabled(0, &limit_us) <= 0)
		return;
	w->interval_us = (int64_t)(limit_us / 2);
	is_due(&w->timer);
}

void
watchdog_stopping(struct watchdog *w)
{
	(void)w;
	(void)sd_notify(0, "STOPPING=1");
}
