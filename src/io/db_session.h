/*
 * db_session.h -- one PostgreSQL connection that is waited for, for the
 * command-line tool.
 */
#ifndef IO_DB_SESSION_H
#define IO_DB_SESSION_H
#include "base/arena.h"
#include "base/err.h"
#include "io/db.h"

struct db_conn;

/* RC_BUSY with the server's words where it cannot connect. */
enum rc db_open(
    const char *conninfo, struct db_conn **out, struct err *e) MUST_CHECK;
void db_close(struct db_conn *c);

/*
 * One statement with text arguments; rows belong to the arena.  A failure
 * carries the server's message: this tool's user may see it.  e->code is the
 * SQLSTATE.
 */
enum rc db_query(struct db_conn *c, struct arena *a, const struct stmt *stmt,
    const char *const *args, const struct rows **rows,
    struct err *e) MUST_CHECK;

/*
 * A file of many statements as one string.  Where the server names a
 * position, *line is its line in the text, else 0.
 */
enum rc db_run_script(
    struct db_conn *c, const char *text, int *line, struct err *e) MUST_CHECK;

#endif
