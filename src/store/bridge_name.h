/*
 * bridge_name.h -- names around the bridge: whose a number is, and what Front
 * calls a tag.  As bridge.h otherwise.
 */
#ifndef STORE_BRIDGE_NAME_H
#define STORE_BRIDGE_NAME_H
#include <stdbool.h>

#include "base/arena.h"
#include "io/db_pool.h"

/* The number to look up, E.164; NULL where that is not needed (any more). */
extern const struct stmt caller_ask_stmt;
void caller_ask_bind(struct db_call *call, struct arena *a,
    const char *caller_id, long cache_days);
const char *caller_ask_read(const struct rows *rows, struct arena *a);

/* name NULL: nobody has one for it.  A name goes on to Front. */
struct caller_answer {
	const char *caller_id;
	const char *name;
	const char *type;
	const char *channel;
};
extern const struct stmt caller_note_stmt;
void caller_note_bind(struct db_call *call, const struct caller_answer *answer);

/* False where there is nothing to tell. */
extern const struct stmt contact_stmt;
void contact_bind(struct db_call *call, const char *caller_id);
bool contact_read(const struct rows *rows, struct arena *a, const char **number,
    const char **name);

/* Front's id of a tag, or NULL. */
extern const struct stmt tag_id_stmt;
void tag_id_bind(struct db_call *call, const char *channel, const char *name);
const char *tag_id_read(const struct rows *rows, struct arena *a);

/* id NULL: there is none any more. */
extern const struct stmt tag_note_stmt;
void tag_note_bind(struct db_call *call, const char *channel, const char *name,
    const char *id);

#endif
