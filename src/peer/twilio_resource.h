/*
 * twilio_resource.h -- the resources in Twilio's answers as values.
 *
 * What is null or missing in the answer is NULL here; text lives in the arena
 * it was read into.  RC_BUSY where an answer is not what it should be: cut,
 * no JSON, or somebody else's; whether the request was processed is unknown
 * then.
 *
 * Source: Twilio's OpenAPI documents (twilio.md 7.1, 7.6-7.8, 7.11).
 */
#ifndef PEER_TWILIO_RESOURCE_H
#define PEER_TWILIO_RESOURCE_H
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct twilio_participant {
	const char *sid;
	const char *identity;
	const char *attributes; /* a string that holds JSON */
	const char *date_created;
};
enum rc twilio_participant_read(struct arena *a, const char *body, size_t len,
    struct twilio_participant *out, struct err *e) MUST_CHECK;

struct twilio_message {
	const char *sid;
};
enum rc twilio_message_read(struct arena *a, const char *body, size_t len,
    struct twilio_message *out, struct err *e) MUST_CHECK;

/*
 * One page of a list of messages: *sid is the message whose attributes have
 * this key with this value, or NULL; *next the link to the page behind it, or
 * NULL.
 */
enum rc twilio_message_find(struct arena *a, const char *body, size_t len,
    const char *key, const char *value, const char **sid, const char **next,
    struct err *e) MUST_CHECK;

/*
 * One page of the conversations of an address: *sid is the one that is not
 * closed and in which it writes to proxy_address, or NULL.
 */
enum rc twilio_conversation_find(struct arena *a, const char *body, size_t len,
    const char *proxy_address, const char **sid, const char **next,
    struct err *e) MUST_CHECK;

/* A Frontline user; all but the SID may be NULL. */
struct twilio_user {
	const char *sid;
	const char *identity;
	const char *friendly_name;
	const char *avatar;
	const char *state;
	const char *is_available; /* "true", "false" */
	const char *url;
};
enum rc twilio_user_read(struct arena *a, const char *body, size_t len,
    struct twilio_user *out, struct err *e) MUST_CHECK;

/* The SID CH... in a sentence that is not `except`, or NULL. */
const char *twilio_conversation_in(
    struct arena *a, const char *sentence, const char *except);

#endif
