/*
 * roster.h -- what Frontline says of its users, kept beside our workers.
 * schema/0005_conversations.sql says what each function promises.
 *
 * Each _bind fills a call; what it is given is borrowed until the call is
 * done, numbers are copied into the arena.
 */
#ifndef STORE_ROSTER_H
#define STORE_ROSTER_H
#include <stdint.h>

#include "base/arena.h"
#include "io/db_pool.h"

/* Identities not asked about for interval_ms; from now on they are. */
extern const struct stmt roster_list_stmt;
void roster_list_bind(
    struct db_call *call, struct arena *a, long limit, int64_t interval_ms);
const char *roster_list_read(const struct rows *rows, int row);

/* What is NULL changes nothing. */
struct roster_entry {
	const char *identity;
	const char *sid;
	const char *friendly_name;
	const char *avatar;
	const char *state;
	const char *is_available; /* "true", "false" */
};
extern const struct stmt roster_note_stmt;
void roster_note_bind(struct db_call *call, const struct roster_entry *entry);

/* Not a user of Frontline. */
extern const struct stmt roster_absent_stmt;
void roster_absent_bind(struct db_call *call, const char *identity);

/* Of both: "changed", "same" or "unknown". */
const char *roster_note_read(const struct rows *rows);

#endif
