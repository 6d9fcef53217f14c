/*
 * conversation.h -- the log of conversations: what a new one is called, and
 * what Twilio tells about one.  schema/0005_conversations.sql says what each
 * function makes of it; all of them may run twice.
 */
#ifndef STORE_CONVERSATION_H
#define STORE_CONVERSATION_H
#include "store/event.h"
#include "text/moment.h"
#include "text/words.h"

/* Who has this address?  Reads only. */
struct conversation_name {
	const char *customer_id; /* NULL: nobody has it */
	const char *display_name;
	const char *first_name; /* this and what follows may be NULL */
	const char *last_name;
	const char *avatar;
	const char *matches; /* how many have it, in digits */
};

extern const struct stmt conversation_name_stmt;
void conversation_name_bind(struct db_call *call, const char *address);
/* Borrows from the rows. */
void conversation_name_read(
    const struct rows *rows, struct conversation_name *out);

struct conversation_added {
	struct event_place at;
	const char *address; /* NULL where there is none; the next, too */
	const char *proxy_address;
	struct word state;
	struct moment created;
	struct moment updated;
};

extern const struct stmt conversation_added_stmt;
void conversation_added_bind(
    struct db_call *call, const struct conversation_added *c);

extern const struct stmt conversation_updated_stmt;
void conversation_updated_bind(struct db_call *call,
    const struct event_place *at, struct word state, struct moment updated);

extern const struct stmt conversation_state_updated_stmt;
void conversation_state_updated_bind(struct db_call *call,
    const struct event_place *at, struct word state, struct moment updated);

extern const struct stmt conversation_removed_stmt;
void conversation_removed_bind(
    struct db_call *call, const struct event_place *at, struct moment removed);

#endif
