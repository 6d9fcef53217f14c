/*
 * connection.h -- one kept connection of nginx: it waits at the gate, serves
 * the request that came, answers, and waits again.
 */
#ifndef WEB_CONNECTION_H
#define WEB_CONNECTION_H
#include <stdbool.h>

#include "io/loop.h"
#include "web/service.h"

struct connection;

/* What all connections of the process share. */
struct connections {
	struct loop *loop;
	struct service *service; /* for the next request */
	struct connection *open;
	struct connection *closed; /* to be freed after this round */
	size_t count;
	bool draining;
	void (*on_closed)(struct connections *all);
};

/* Takes over a connected, blocking descriptor. */
void connection_open(struct connections *all, int fd);

/* After each round of the loop: no event can name them any more. */
void connections_free_closed(struct connections *all);

/* Lets requests end, takes no new ones. */
void connections_drain(struct connections *all);
/* Closes what is still there. */
void connections_close(struct connections *all);

#endif
