/*
 * bridge.h -- texts as the relay needs them: what Front must be told of one,
 * what Twilio must be asked to send, and what came of it.
 * schema/0007_front.sql says what each function promises; all of them may be
 * repeated.
 *
 * Each _bind fills a call; what it is given is borrowed until the call is
 * done, numbers are copied into the arena.  Each _read copies into the arena;
 * it returns false where there is no such text any more.
 */
#ifndef STORE_BRIDGE_H
#define STORE_BRIDGE_H
#include <stdbool.h>

#include "base/arena.h"
#include "io/db_pool.h"

/* What may be NULL in the database is NULL. */
struct bridge_text {
	const char *channel;
	const char *kind; /* "sms", "whatsapp" */
	const char *message_sid;
	const char *handle; /* the customer's, E.164 */
	const char *body;
	const char *media;    /* JSON */
	const char *received; /* seconds since 1970, in digits */
	const char *sender_name;
	const char *conversation_key;
	const char *external_id;
	const char *front_conversation_id;
	bool posted;         /* Front has it */
	const char *consent; /* "opted_out", "opted_in": what it says */
	const char *error_code;
	const char *reason;
};
extern const struct stmt bridge_text_stmt;
void bridge_text_bind(struct db_call *call, const char *text_id);
bool bridge_text_read(
    const struct rows *rows, struct arena *a, struct bridge_text *out);

/* Front has accepted it; uid may be NULL. */
extern const struct stmt bridge_posted_stmt;
void bridge_posted_bind(
    struct db_call *call, const char *text_id, const char *uid);

struct bridge_sending {
	const char *channel;
	const char *kind;
	const char *to;
	const char *from;
	const char *body;
	const char *attachments; /* JSON, as Front named them */
	const char *kept;        /* JSON: pictures that lie here */
	bool opted_out;
	bool session_open;
	const char *message_sid; /* set: sent already */
	const char *status;      /* "failed": given up */
};
extern const struct stmt bridge_sending_stmt;
void bridge_sending_bind(struct db_call *call, const char *text_id);
bool bridge_sending_read(
    const struct rows *rows, struct arena *a, struct bridge_sending *out);

struct bridge_file {
	const char *text_id;
	long index;
	const char *filename;
	const char *content_type;
	const char *bytes; /* base64url */
	long minutes;
};
extern const struct stmt bridge_keep_stmt;
void bridge_keep_bind(
    struct db_call *call, struct arena *a, const struct bridge_file *file);
/* The token under which it may be fetched, or NULL as above. */
const char *bridge_keep_read(const struct rows *rows, struct arena *a);

/* Whether it is news; false, too, where the SID is another text's. */
extern const struct stmt bridge_sent_stmt;
void bridge_sent_bind(struct db_call *call, const char *text_id,
    const char *message_sid, const char *status);
bool bridge_is_news(const struct rows *rows);

/* error_code in digits, or NULL.  Front is told. */
extern const struct stmt bridge_refused_stmt;
void bridge_refused_bind(struct db_call *call, const char *text_id,
    const char *error_code, const char *reason);

/* Something of it did not go along.  Front is told. */
extern const struct stmt bridge_left_out_stmt;
void bridge_left_out_bind(
    struct db_call *call, const char *text_id, const char *reason);

#endif
