/*
 * twilio_request.h -- the requests that we make of Twilio's REST APIs, as a
 * method, a URL and a form.  No I/O.
 *
 * Every piece of a path and every value is percent-encoded, so nothing that
 * a customer typed can change where a request goes.  What is made lives in
 * the arena.
 *
 * Source: Twilio's OpenAPI documents (twilio.md 7.1, 7.6-7.8, 7.11).
 */
#ifndef PEER_TWILIO_REQUEST_H
#define PEER_TWILIO_REQUEST_H
#include <stdbool.h>

#include "base/arena.h"
#include "peer/request.h"
#include "text/url.h"

/*
 * A conversation and the API that has it.  service_sid NULL: the account's
 * default service.
 */
struct twilio_conversation {
	const struct base_url *base;
	const char *service_sid;
	const char *sid;
};

/* ---- Conversations */

void twilio_participant_add(struct arena *a,
    const struct twilio_conversation *c, const char *identity,
    struct peer_request *out);
/* By the participant's SID or, of a chat user, the identity. */
void twilio_participant_fetch(struct arena *a,
    const struct twilio_conversation *c, const char *participant,
    struct peer_request *out);
void twilio_participant_update(struct arena *a,
    const struct twilio_conversation *c, const char *participant,
    const char *attributes, struct peer_request *out);
/* Written by "system"; attributes is a JSON object as text. */
void twilio_message_add(struct arena *a, const struct twilio_conversation *c,
    const char *body, const char *attributes, struct peer_request *out);
/* The latest first, a hundred to a page. */
void twilio_message_list(struct arena *a, const struct twilio_conversation *c,
    struct peer_request *out);
/* The conversations in which an address takes part; c->sid is not used. */
void twilio_conversations_of(struct arena *a,
    const struct twilio_conversation *c, const char *address,
    struct peer_request *out);

/*
 * The page behind a link that an answer gave.  False where the link leaves
 * the API that it came from: credentials must not follow it.
 */
bool twilio_next_page(struct arena *a, const struct base_url *base,
    const char *link, struct peer_request *out);

/* ---- Frontline users */

/* By identity or SID. */
void twilio_user_fetch(struct arena *a, const struct base_url *base,
    const char *identity, struct peer_request *out);

/* Members that are NULL are left as they are. */
struct twilio_user_change {
	const char *friendly_name;
	const char *avatar;
	const char *state;        /* "active", "deactivated" */
	const char *is_available; /* "true", "false" */
};
void twilio_user_update(struct arena *a, const struct base_url *base,
    const char *identity, const struct twilio_user_change *change,
    struct peer_request *out);

#endif
