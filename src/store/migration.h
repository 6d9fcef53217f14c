/*
 * migration.h -- which migrations has this database?
 *
 * The table frontline.schema_migration is made by the first migration; each
 * adds its own row, so that a DBA may also run the files with psql.
 */
#ifndef STORE_MIGRATION_H
#define STORE_MIGRATION_H
#include <stdbool.h>

#include "base/arena.h"
#include "io/db_session.h"

struct migration_state {
	bool applied;
	const char *sha256; /* NULL: applied with psql, not yet compared */
};

/* Also right where the table is not there yet: nothing is applied. */
enum rc migration_find(struct db_conn *c, struct arena *a, int version,
    struct migration_state *out, struct err *e) MUST_CHECK;

/* The newest version that is applied; 0: none. */
enum rc migration_newest(
    struct db_conn *c, struct arena *a, int *version, struct err *e) MUST_CHECK;

/*
 * Opens a transaction that holds the lock of all migrators; waits for it for
 * ten seconds.  For any other lock it waits a quarter of a second, then what it
 * runs fails with 55P03: who comes after it to the same table waits for as long,
 * and a responder must not give up meanwhile (lock_timeout of its role: 500 ms).
 */
enum rc migration_begin(
    struct db_conn *c, struct arena *a, struct err *e) MUST_CHECK;
enum rc migration_record(struct db_conn *c, struct arena *a, int version,
    const char *sha256, struct err *e) MUST_CHECK;
enum rc migration_commit(struct db_conn *c, struct err *e) MUST_CHECK;
void migration_rollback(struct db_conn *c);

#endif
