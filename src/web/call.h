/*
 * call.h -- one request on its way through the pipeline: all that a callback
 * may touch, and the tables that a callback is a row of.
 *
 * A callback never waits: its row names the fields that it parses (fields
 * in), the function that names the statement (statement out), and the
 * function that renders the rows (rows in, reply out).
 */
#ifndef WEB_CALL_H
#define WEB_CALL_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "io/db_pool.h"
#include "text/form.h"
#include "web/front_door.h"
#include "web/service.h"

struct call;

struct action {
	const char *word; /* Twilio's; NULL where the path decides */
	const struct field *fields;
	size_t size; /* of the struct that the fields fill */
	/*
	 * Fills call->db, or refuses what no field can see alone; NULL where
	 * no action of this kind needs a statement.
	 */
	enum rc (*ask)(struct call *call, void *in);
	/*
	 * Writes call->reply and sets status and rows, or returns a code.
	 * rows is NULL where ask() has left call->db as it was.
	 */
	enum rc (*answer)(
	    struct call *call, const void *in, const struct rows *rows);
	/*
	 * An error would cost the customer's message: whatever goes wrong is
	 * answered with 200 and {}, and told in the log.
	 */
	bool fails_open;
	/*
	 * answer() is also called, with NULL for rows, when the statement has
	 * failed: there is something to tell without it.
	 */
	bool answers_anyway;
};

/* AUTH_UNSET is what a row without one has, and a test refuses it. */
enum auth {
	AUTH_UNSET,
	AUTH_TWILIO,   /* X-Twilio-Signature */
	AUTH_FRONT,    /* a channel's path token, and X-Front-Signature */
	AUTH_TOKEN,    /* an unguessable path, given to whom it is meant for */
	AUTH_LOOPBACK, /* nginx's loopback listener says so */
};

struct route {
	const char *methods; /* as Allow lists them */
	/* Where it ends with a slash, one more part follows: call->tail. */
	const char *path;
	const char *name; /* in the log */
	enum auth auth;
	/*
	 * The field whose value is an action's word; NULL: there is one.  What
	 * Front asks is told by more than its "type" (peer/front_event.h).
	 */
	const char *decided_by;
	const struct action *const *actions; /* ends with NULL */
	/* For every other word, and for none; NULL: it is refused. */
	const struct action *otherwise;
};

struct call {
	struct arena *arena;
	struct service *service;
	const struct route *route;     /* NULL: unknown path */
	const struct action *action;   /* NULL: not yet known */
	const char *method;            /* one of the route's */
	const char *tail;              /* "" where the route's path is whole */
	const struct front_door *door; /* of AUTH_FRONT */
	void *in;
	struct db_call db;
	struct err err;

	int status;
	const char *content_type;
	const char *allow; /* of a 405 */
	struct buf reply;
	long rows;

	/* For the log; empty or NULL where there is nothing to tell. */
	const char *conversation; /* its SID */
	const char *outcome;      /* one word */
	char note[320];           /* see note.h */

	const char *request_id;
	int64_t started_us;
	void (*on_finished)(struct call *call);
};

#endif
