/*
 * front_resource.h -- the resources in Front's answers as values.
 *
 * What is null or missing in the answer is NULL here; text lives in the arena
 * it was read into.  Unknown members are ignored.  RC_BUSY where an answer is
 * not what it should be.
 *
 * Source: Front's OpenAPI documents (front.md 3, 10-12).
 */
#ifndef PEER_FRONT_RESOURCE_H
#define PEER_FRONT_RESOURCE_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

/* message_uid of an accepted message, or NULL: nobody depends on it. */
const char *front_uid_read(struct arena *a, const char *body, size_t len);

/* *name: of a contact. */
enum rc front_contact_read(struct arena *a, const char *body, size_t len,
    const char **name, struct err *e) MUST_CHECK;

/* *id: of one tag. */
enum rc front_tag_read(struct arena *a, const char *body, size_t len,
    const char **id, struct err *e) MUST_CHECK;

/*
 * One page of the list of tags: *id is the one of exactly this name, or NULL;
 * *next the link to the page behind it, or NULL.
 */
enum rc front_tag_find(struct arena *a, const char *body, size_t len,
    const char *name, const char **id, const char **next,
    struct err *e) MUST_CHECK;

/*
 * May a contact of this name get another?  Only where no person gave one: it
 * is empty, or the number itself however it is written.
 */
bool front_name_is_free(const char *name, const char *number);

#endif
