/*
 * routing.h -- who gets an incoming conversation?  Decided once and written
 * down by frontline_api.route_conversation, together with the job that adds
 * the worker at Twilio; asking again gives the same answer.
 */
#ifndef STORE_ROUTING_H
#define STORE_ROUTING_H
#include "store/event.h"
#include "text/words.h"

struct routing_query {
	struct event_place at;
	const char *address; /* NULL where there is none; the next two, too */
	const char *proxy_address;
	const char *default_worker;
	struct word state;
};

struct routing_answer {
	const char *decision; /* "routed", "kept", "nobody", "unrouted", ... */
	const char *worker;   /* an identity, or NULL */
	const char *reason;
};

extern const struct stmt routing_stmt;
void routing_bind(struct db_call *call, const struct routing_query *q);
/* Borrows from the rows. */
void routing_read(const struct rows *rows, struct routing_answer *out);

#endif
