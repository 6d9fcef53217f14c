/*
 * relay.h -- the relay: one process, one loop, that takes jobs out of the
 * queue and tells Twilio.  Any number of them may run side by side; what they
 * share is the database.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H
#include <stdbool.h>

#include "io/db_pool.h"
#include "io/http.h"
#include "io/loop.h"
#include "relay/settings.h"

struct delivery;
struct front;

/* What all parts of the relay share. */
struct relay {
	struct loop *loop;
	struct settings *settings; /* for the next job */
	struct db_pool *db;
	struct http_pool *http;
	struct front *front;       /* what it has said of its limits */
	struct delivery *claimed;  /* not begun yet */
	struct delivery *answered; /* by the peer, and not looked at yet */
	bool draining;             /* takes no more jobs */
};

/* RC_INVALID: the configuration is wrong; RC_FAULT: it cannot start. */
enum rc relay_run(const char *config_path, struct err *e) MUST_CHECK;

#endif
