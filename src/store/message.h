/*
 * message.h -- the messages of a conversation, and how far they got.
 */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H
#include "store/event.h"
#include "text/moment.h"
#include "text/words.h"

/* A message that was added, changed, or removed. */
struct message_event {
	struct event_place at;
	struct sid message;
	struct whole index;
	struct identity author;
	struct prose body;
	const char *media; /* a JSON array, or NULL */
	struct moment created;
	struct moment changed; /* or removed */
};

extern const struct stmt message_added_stmt;
void message_added_bind(struct db_call *call, const struct message_event *m);

extern const struct stmt message_updated_stmt;
void message_updated_bind(struct db_call *call, const struct message_event *m);

extern const struct stmt message_removed_stmt;
void message_removed_bind(struct db_call *call, const struct message_event *m);

struct message_delivery {
	struct event_place at;
	struct sid message;
	struct word status;
	struct whole error_code;
	struct moment changed;
};

extern const struct stmt message_delivery_stmt;
void message_delivery_bind(
    struct db_call *call, const struct message_delivery *d);

#endif
