/*
 * queue.h -- the errands of frontlinectl queue: queue.c reads the command
 * line and finds the errand in its table, queue_dead.c runs those that deal
 * with dead letters.
 */
#ifndef ADMIN_QUEUE_H
#define ADMIN_QUEUE_H
#include <jansson.h>

#include "admin/command.h"
#include "io/db_session.h"

/* What was asked for on the command line, checked. */
struct queue_request {
	const char *conninfo;
	const char *destination;
	const char *duration; /* of a pause, an interval */
	const char *why;
	long limit;
	bool payload;
	bool all;
	bool json;
	char *const *names; /* behind the options, up to a NULL */
};

/* An errand returns the exit code, after saying what failed. */
typedef int queue_errand(struct command_context *c, struct db_conn *db,
    const struct queue_request *r);

queue_errand queue_dead;
queue_errand queue_redrive;
queue_errand queue_drop;

/* Takes the value over. */
void queue_print_json(json_t *value);

#endif
