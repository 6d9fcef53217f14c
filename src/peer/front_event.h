/*
 * front_event.h -- what Front asks of a channel, as values.  Front has an
 * envelope for application channels and none for older ones, and more kinds of
 * webhooks that may be pointed at the same address (front.md 6.6).
 */
#ifndef PEER_FRONT_EVENT_H
#define PEER_FRONT_EVENT_H
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "text/crypto.h"
#include "text/url.h"

enum front_kind {
	FRONT_OTHER, /* nothing of a channel's */
	FRONT_AUTHORIZATION,
	FRONT_MESSAGE,
	FRONT_AUTOREPLY,
	FRONT_IMPORTED,
	FRONT_DELETE,
};

/* What is not there, or is not what it should be, is NULL. */
struct front_event {
	enum front_kind kind;
	const char *type; /* as Front calls it, if that is one word */
	const char *channel_id;
	const char *message_id;      /* of an autoreply: the one replied to */
	const char *conversation_id; /* in Front */
	const char *message_sid;     /* of the text that was imported */
	const char *author;
	const char *text; /* plain; NULL where there is none */
	const char *sent; /* seconds since 1970, decimal */
	bool is_inbound;
	/* JSON arrays. */
	const char *recipients; /* of text, +E.164 where it is a number */
	const char *conversation_keys;
	const char
	    *files; /* of {"id","url","filename","content_type","size"}; those
		     * that are not Front's have neither id nor url */
	size_t recipient_count;
	size_t file_count;     /* in Front */
	size_t files_left_out; /* not Front's */
};

struct front_event_options {
	const struct base_url *api;
	const char *country; /* of numbers without + */
	bool is_delete;      /* the method: a body is of no account then */
};

/* The word for a log: "message", "authorization". */
const char *front_kind_name(enum front_kind kind);

/*
 * RC_INVALID with a sentence that the agent may read: no JSON, no object, or
 * more recipients than any message has.
 */
enum rc front_event_parse(struct arena *a, const struct span *body,
    const struct front_event_options *options, struct front_event *out,
    struct err *e) MUST_CHECK;

#endif
