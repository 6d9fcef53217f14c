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
#include "web/service.h"

struct call;

struct action {
	const char
	    *location; /* Frontline's word; NULL where the path decides */
	const struct field *fields;
	size_t size; /* of the struct that the fields fill */
	/*
	 * Fills call->db, or refuses what no field can see alone; NULL where
	 * no statement is needed.
	 */
	enum rc (*ask)(struct call *call, void *in);
	/* Writes call->reply and sets status and rows, or returns a code. */
	enum rc (*answer)(
	    struct call *call, const void *in, const struct rows *rows);
};

/* AUTH_UNSET is what a row without one has, and a test refuses it. */
enum auth {
	AUTH_UNSET,
	AUTH_TWILIO,   /* X-Twilio-Signature */
	AUTH_LOOPBACK, /* nginx's loopback listener says so */
};

struct route {
	const char *method;
	const char *path;
	const char *name; /* in the log */
	enum auth auth;
	/* Ends with NULL; more than one: Location decides. */
	const struct action *const *actions;
};

struct call {
	struct arena *arena;
	struct service *service;
	const struct route *route;   /* NULL: unknown path */
	const struct action *action; /* NULL: not yet known */
	void *in;
	struct db_call db;
	struct err err;

	int status;
	const char *content_type;
	const char *allow; /* of a 405 */
	struct buf reply;
	long rows;

	const char *request_id;
	int64_t started_us;
	void (*on_finished)(struct call *call);
};

#endif
