/*
 * front_request.h -- the requests that we make of Front's API, as a method, a
 * URL and a body.  No I/O, and no credentials.
 *
 * Every piece of a path is percent-encoded, and so is a "+" in it.  What is
 * made lives in the arena.
 *
 * Source: Front's OpenAPI documents (front.md 3, 8, 10, 11).
 */
#ifndef PEER_FRONT_REQUEST_H
#define PEER_FRONT_REQUEST_H
#include <stdbool.h>

#include "base/arena.h"
#include "peer/request.h"
#include "text/url.h"

/* What a customer wrote. */
struct front_post {
	const char *channel_id;
	const char *handle;            /* E.164 */
	const char *name;              /* or NULL */
	const char *body;              /* HTML, never empty */
	const char *external_id;       /* the MessageSid */
	const char *conversation_key;  /* the same of each pair of addresses */
	const char *delivered_at;      /* seconds since 1970, in digits */
	const struct form_part *files; /* but for their names as parts */
	size_t file_count;
};
/* To an application channel, or to a legacy custom channel. */
void front_inbound(struct arena *a, const struct base_url *base,
    const struct front_post *post, struct peer_request *out);
void front_incoming(struct arena *a, const struct base_url *base,
    const struct front_post *post, struct peer_request *out);

/* An agent's message could not be delivered; the ids are those we answered. */
void front_failed(struct arena *a, const struct base_url *base,
    const char *channel_id, const char *conversation_key,
    const char *external_id, const char *reason, struct peer_request *out);

void front_comment(struct arena *a, const struct base_url *base,
    const char *conversation_id, const char *body, struct peer_request *out);

void front_tag_add(struct arena *a, const struct base_url *base,
    const char *conversation_id, const char *tag_id, struct peer_request *out);
void front_tag_list(
    struct arena *a, const struct base_url *base, struct peer_request *out);
void front_tag_create(struct arena *a, const struct base_url *base,
    const char *name, struct peer_request *out);

/* source: "phone" or "custom", as the channel makes its contacts. */
void front_contact_fetch(struct arena *a, const struct base_url *base,
    const char *source, const char *handle, struct peer_request *out);
void front_contact_rename(struct arena *a, const struct base_url *base,
    const char *source, const char *handle, const char *name,
    struct peer_request *out);

/*
 * The page behind a link that an answer gave.  Front names hosts of the
 * company, and ours serves the same, so credentials stay with the base.  False
 * where the link is not one to a page of `path`.
 */
bool front_next_page(struct arena *a, const struct base_url *base,
    const char *path, const char *link, struct peer_request *out);

/* The id of the conversation in a link to it, or to a part of it; or NULL. */
const char *front_conversation_in(struct arena *a, const char *link);

#endif
