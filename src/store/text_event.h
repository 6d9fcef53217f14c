/*
 * text_event.h -- what Twilio tells of texts that pass through the bridge: one
 * came in, one that left got somewhere.  A text is one SMS, MMS or WhatsApp
 * message.
 */
#ifndef STORE_TEXT_EVENT_H
#define STORE_TEXT_EVENT_H
#include "io/db_pool.h"
#include "text/sid.h"
#include "text/words.h"

struct text_taken {
	const char *channel; /* NULL: none has this number of ours */
	struct sid message;
	const char *from;
	const char *to;
	const char *body;
	const char *media; /* a JSON array of {"url","content_type"} */
	struct word opt_out;
	const char *profile_name;
	bool lookup; /* ask for the name of an unknown number */
	long cache_days;
};

/* Its rows are those of event.h: "new", "same" or "unchannelled". */
extern const struct stmt text_take_stmt;
void text_take_bind(
    struct db_call *call, struct arena *a, const struct text_taken *t);

struct text_status {
	const char *wire_uuid;
	struct sid message;
	struct word status;
	struct whole error_code;
};

/* Its rows are those of event.h. */
extern const struct stmt text_status_stmt;
void text_status_bind(struct db_call *call, const struct text_status *s);

#endif
