/*
 * sweep.h -- looks now and then for what no webhook has brought: texts that
 * customers sent to our numbers, which go in by the same door as a webhook,
 * and the fate of texts that we sent.  Of several relays each looks; whoever
 * comes second brings nothing new.
 */
#ifndef RELAY_SWEEP_H
#define RELAY_SWEEP_H
#include "peer/twilio_text.h"
#include "relay/relay.h"

/* SIDs in the order of strcmp(), all in one arena. */
struct sid_set {
	struct arena *arena;
	const char **sids;
	size_t count;
	size_t size;
};

struct sweep {
	struct relay *relay;
	int64_t next_us; /* when the next round begins */

	/* The round under way. */
	struct settings *settings; /* NULL: none */
	struct arena *arena;
	struct http_call http;
	struct db_call db;
	bool asking;
	bool calling;
	size_t channel;
	size_t number;
	const char *since;
	struct twilio_text_page page;
	size_t text; /* of the page */
	unsigned pages;
	const char **fates; /* SIDs */
	size_t fate_count;
	size_t fate;
	long found;
	void (*on_rows)(struct sweep *w, const struct rows *rows);
	void (*on_answer)(struct sweep *w, const struct http_answer *answer);

	/* What the database has, as the last round saw it. */
	struct sid_set known;
	struct sid_set seen;
};

void sweep_init(struct sweep *w, struct relay *r);
void sweep_free(struct sweep *w);
/* Begins a round when it is time. */
void sweep_tend(struct sweep *w, int64_t now_us);
/* When sweep_tend() has something to do next; INT64_MAX: not by time. */
int64_t sweep_next_us(const struct sweep *w);

#endif
