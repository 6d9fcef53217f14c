/*
 * front_call.h -- what Front asks of a channel: a reply is to leave, a text of
 * a customer's has arrived there, the channel was connected or is gone.
 */
#ifndef STORE_FRONT_CALL_H
#define STORE_FRONT_CALL_H
#include "io/db_pool.h"

/* Lists are JSON arrays; the others may be NULL but channel and message_id. */
struct front_reply {
	const char *channel; /* NAME of [front.NAME] */
	const char *numbers;
	const char *message_id;
	bool is_autoreply; /* message_id is then what it answers */
	const char *recipients;
	const char *body;
	const char *files;
	const char *author;
	const char *conversation_id;
	const char *conversation_keys;
	bool tag;         /* this channel tags what had its first reply */
	const char *sent; /* seconds since 1970 */
};

extern const struct stmt front_reply_stmt;
void front_reply_bind(struct db_call *call, const struct front_reply *r);

/* What became of one recipient; borrows from the rows. */
struct front_answer {
	const char *external_id; /* NULL: nobody gets this reply */
	const char *conversation_key;
	const char *outcome; /* "new", "same", "refused" */
	const char *reason;  /* of a refusal: a word */
};
void front_answer_read(
    const struct rows *rows, int row, struct front_answer *out);

struct front_import {
	const char *channel;
	const char *message_sid;
	const char *conversation_keys; /* a JSON array */
	const char *message_id;
	const char *conversation_id;
	const char *body;
	const char *at; /* seconds since 1970 */
};

/* Their rows are those of event.h. */
extern const struct stmt front_import_stmt;
void front_import_bind(struct db_call *call, const struct front_import *i);

extern const struct stmt front_channel_stmt;
void front_channel_bind(struct db_call *call, const char *channel,
    const char *channel_id, const char *event);

#endif
