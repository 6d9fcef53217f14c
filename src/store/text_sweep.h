/*
 * text_sweep.h -- what no webhook brought: texts that Twilio has and we have
 * not, and texts of which nobody told us the end.  As bridge.h otherwise.
 */
#ifndef STORE_TEXT_SWEEP_H
#define STORE_TEXT_SWEEP_H
#include <stdbool.h>

#include "base/arena.h"
#include "io/db_pool.h"

/*
 * The day (2026-11-20) from which on the texts to a number must be looked at:
 * a day ago, or since the last that came, a week ago at most.
 */
extern const struct stmt sweep_since_stmt;
void sweep_since_bind(struct db_call *call, const char *number);
const char *sweep_since_read(const struct rows *rows, struct arena *a);

/* Through the same door as a webhook.  media: JSON or NULL. */
struct sweep_text {
	const char *channel;
	const char *message_sid;
	const char *from;
	const char *to;
	const char *body;
	const char *media;
	bool lookup;
	long cache_days;
	int64_t received_s;
};
extern const struct stmt sweep_text_stmt;
void sweep_text_bind(
    struct db_call *call, struct arena *a, const struct sweep_text *text);
/* Was it new to us? */
bool sweep_text_is_new(const struct rows *rows);

/* SIDs of texts sent a while ago; each is handed to one relay. */
extern const struct stmt sweep_fates_stmt;
void sweep_fates_bind(
    struct db_call *call, struct arena *a, int64_t age_ms, long limit);
const char *sweep_fate_read(const struct rows *rows, int row, struct arena *a);

extern const struct stmt sweep_status_stmt;
void sweep_status_bind(struct db_call *call, const char *message_sid,
    const char *status, const char *error_code);

#endif
