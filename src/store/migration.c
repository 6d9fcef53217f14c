#include "store/migration.h"

static const struct stmt table_stmt = {
	.name = "migration_table",
	.sql = "SELECT to_regclass('frontline.schema_migration') IS NOT NULL",
	.params = 0,
};

static enum rc
table_is_there(struct db_conn *c, struct arena *a, bool *there, struct err *e)
{
	const struct rows *rows;
	enum rc rc;

	rc = db_query(c, a, &table_stmt, NULL, &rows, e);
	if (rc == RC_OK)
		*there = rows_text(rows, 0, 0)[0] == 't';
	return rc;
}

static const char *
version_text(struct arena *a, int version)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", version);

	return arena_copy(a, text, (size_t)len);
}

static const struct stmt find_stmt = {
	.name = "migration_find",
	.sql = "SELECT sha256"
	       "  FROM frontline.schema_migration"
	       " WHERE version = $1::int",
	.params = 1,
};

enum rc
migration_find(struct db_conn *c, struct arena *a, int version,
    struct migration_state *out, struct err *e)
{
	const char *args[] = { version_text(a, version) };
	const struct rows *rows;
	bool there = false;
	enum rc rc;

	*out = (struct migration_state){ .applied = false };
	rc = table_is_there(c, a, &there, e);
	if (rc != RC_OK || !there)
		return rc;
	rc = db_query(c, a, &find_stmt, args, &rows, e);
	if (rc != RC_OK || rows_count(rows) == 0)
		return rc;
	out->applied = true;
	out->sha256 = rows_text(rows, 0, 0);
	return RC_OK;
}

static const struct stmt newest_stmt = {
	.name = "migration_newest",
	.sql = "SELECT coalesce(max(version), 0)"
	       "  FROM frontline.schema_migration",
	.params = 0,
};

enum rc
migration_newest(
    struct db_conn *c, struct arena *a, int *version, struct err *e)
{
	const struct rows *rows;
	bool there = false;
	enum rc rc;

	*version = 0;
	rc = table_is_there(c, a, &there, e);
	if (rc != RC_OK || !there)
		return rc;
	rc = db_query(c, a, &newest_stmt, NULL, &rows, e);
	if (rc == RC_OK)
		*version = (int)strtol(rows_text(rows, 0, 0), NULL, 10);
	return rc;
}

static const struct stmt lock_stmt = {
	.name = "migration_lock",
	.sql = "SELECT pg_advisory_xact_lock(hashtext('frontline-migrate'))",
	.params = 0,
};

enum rc
migration_begin(struct db_conn *c, struct arena *a, struct err *e)
{
	const struct rows *rows;
	enum rc rc;
	int line;

	rc =
	    db_run_script(c, "BEGIN; SET LOCAL lock_timeout = '10s'", &line, e);
	if (rc != RC_OK)
		return rc;
	rc = db_query(c, a, &lock_stmt, NULL, &rows, e);
	if (rc != RC_OK && strcmp(e->code, "55P03") == 0)
		return err_set(e, RC_BUSY, "unavailable",
		    "another migration has been running for ten seconds");
	return rc != RC_OK ? rc
			   : db_run_script(c,
				 "SET LOCAL lock_timeout = '250ms'", &line, e);
}

static const struct stmt record_stmt = {
	.name = "migration_record",
	.sql = "UPDATE frontline.schema_migration"
	       "   SET sha256 = $2"
	       " WHERE version = $1::int"
	       " RETURNING version",
	.params = 2,
};

enum rc
migration_record(struct db_conn *c, struct arena *a, int version,
    const char *sha256, struct err *e)
{
	const char *args[] = { version_text(a, version), sha256 };
	const struct rows *rows;
	enum rc rc;

	rc = db_query(c, a, &record_stmt, args, &rows, e);
	if (rc == RC_OK && rows_count(rows) != 1)
		return err_set(e, RC_FAULT, "fault",
		    "the file does not add its row to "
		    "frontline.schema_migration");
	return rc;
}

enum rc
migration_commit(struct db_conn *c, struct err *e)
{
	int line;

	return db_run_script(c, "COMMIT", &line, e);
}

void
migration_rollback(struct db_conn *c)
{
	struct err ignored;
	int line;

	/* The transaction ends with the connection at the latest. */
	if (db_run_script(c, "ROLLBACK", &line, &ignored) != RC_OK)
		return;
}
