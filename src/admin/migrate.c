/*
 * migrate.c -- frontlinectl migrate: applies the numbered files of schema/.
 *
 * Each file runs in a transaction of its own under one advisory lock, so that
 * any number of migrators may start at once.  A file that was changed after
 * it had been applied is refused: migrations are only ever added.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>

#include "admin/command.h"
#include "base/clock.h"
#include "store/migration.h"
#include "text/crypto.h"

#ifndef PKGDATADIR
#	define PKGDATADIR "/usr/share/frontline-integration"
#endif

static const char help[] =
    "usage: frontlinectl [-c FILE] migrate [options]\n"
    "\n"
    "Applies what the database lacks of the files NNNN_name.sql, each in a\n"
    "transaction.  What it cannot lock at once it leaves to the programs, and\n"
    "tries again for a minute.  Run it as somebody who may create roles and\n"
    "schemas:\n"
    "    sudo -u postgres frontlinectl migrate --database dbname=frontline\n"
    "\n"
    "  --status             say what is applied and what is not, change "
    "nothing\n"
    "  --check              the same by exit code: 0 up to date, 1 not\n"
    "  --database CONNINFO  instead of [database] admin_conninfo\n"
    "  --schema DIR         instead of " PKGDATADIR "/schema\n"
    "\n"
    "exit: 0 done, 1 failed or not up to date, 65 a file was changed after it\n"
    "had been applied, 69 no database, or what it needs stays locked\n";

enum {
	FILE_SIZE_MAX = 1024 * 1024,
	LOCK_TRIES = 80, /* a minute, with what each waits */
	LOCK_PAUSE_MS = 500,
};

struct migration {
	int version;
	const char *file; /* "0001_crm.sql" */
	const char *text;
	char sha256[SHA256_HEX_LEN + 1];
};

struct migrations {
	struct migration *list;
	size_t count;
};

enum mode { APPLY, STATUS, CHECK };

/* ---- the files --------------------------------------------------------- */

/* Four digits, '_', a name, ".sql". */
static int
is_migration(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > 9 && strspn(d->d_name, "0123456789") == 4 &&
	       d->d_name[4] == '_' && strcmp(d->d_name + len - 4, ".sql") == 0;
}

static enum rc
read_file(struct command_context *c, const char *path, const char **out)
{
	char *bytes;
	size_t len;
	FILE *f;

	f = fopen(path, "re");
	if (f == NULL)
		return err_set(
		    &c->err, RC_FAULT, "file", "%s: %s", path, strerror(errno));
	bytes = arena_alloc(c->arena, FILE_SIZE_MAX + 1);
	len = fread(bytes, 1, FILE_SIZE_MAX + 1, f);
	if (ferror(f) != 0 || len > FILE_SIZE_MAX) {
		(void)fclose(f);
		return err_set(&c->err, RC_FAULT, "file",
		    "%s: cannot be read, or is larger than %d bytes", path,
		    FILE_SIZE_MAX);
	}
	(void)fclose(f);
	*out = arena_copy(c->arena, bytes, len);
	return RC_OK;
}

static enum rc
read_migration(struct command_context *c, const char *dir, const char *name,
    struct migration *m)
{
	char path[4096];
	enum rc rc;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >=
	    sizeof(path))
		return err_set(&c->err, RC_FAULT, "file",
		    "the name of the folder is too long");
	m->version = (int)strtol(name, NULL, 10);
	m->file = arena_copy(c->arena, name, strlen(name));
	rc = read_file(c, path, &m->text);
	if (rc == RC_OK)
		sha256_hex(m->text, strlen(m->text), m->sha256);
	return rc;
}

/* Every file of the folder, the lowest number first. */
static enum rc
read_migrations(
    struct command_context *c, const char *dir, struct migrations *out)
{
	struct dirent **names;
	enum rc rc = RC_OK;
	int n, i;

	n = scandir(dir, &names, is_migration, alphasort);
	if (n < 0)
		return err_set(
		    &c->err, RC_FAULT, "file", "%s: %s", dir, strerror(errno));
	out->count = (size_t)n;
	out->list =
	    arena_alloc(c->arena, (out->count + 1) * sizeof(*out->list));
	for (i = 0; i < n; i++) {
		if (rc == RC_OK)
			rc = read_migration(
			    c, dir, names[i]->d_name, &out->list[i]);
		if (rc == RC_OK && out->list[i].version != i + 1)
			rc = err_set(&c->err, RC_FAULT, "file",
			    "%s/%s: number %d was expected next", dir,
			    names[i]->d_name, i + 1);
		free(names[i]);
	}
	free(names);
	if (rc == RC_OK && n == 0)
		return err_set(&c->err, RC_FAULT, "file",
		    "%s: no migration NNNN_name.sql in it", dir);
	return rc;
}

/* ---- against the database ---------------------------------------------- */

static enum rc
compare(struct command_context *c, const struct migration *m,
    const struct migration_state *state)
{
	if (state->applied && state->sha256 != NULL &&
	    strcmp(state->sha256, m->sha256) != 0)
		return err_set(&c->err, RC_CONFLICT, "changed",
		    "%s: was changed after it had been applied; add a new "
		    "file instead",
		    m->file);
	return RC_OK;
}

/* Inside the transaction that holds the lock. */
static enum rc
apply_locked(
    struct command_context *c, struct db_conn *db, const struct migration *m)
{
	struct migration_state state;
	const int64_t from_us = clock_us();
	int line;
	enum rc rc;

	rc = migration_find(db, c->arena, m->version, &state, &c->err);
	if (rc == RC_OK)
		rc = compare(c, m, &state);
	if (rc != RC_OK)
		return rc;
	if (state.applied && state.sha256 != NULL) {
		(void)printf("%s: is applied\n", m->file);
		return RC_OK;
	}
	if (!state.applied) {
		rc = db_run_script(db, m->text, &line, &c->err);
		if (rc != RC_OK)
			return line > 0
				   ? err_wrap(&c->err, "%s:%d", m->file, line)
				   : err_wrap(&c->err, "%s", m->file);
	}
	rc = migration_record(db, c->arena, m->version, m->sha256, &c->err);
	if (rc != RC_OK)
		return err_wrap(&c->err, "%s", m->file);
	if (state.applied)
		(void)printf("%s: was applied with psql; noted\n", m->file);
	else
		(void)printf("%s: applied (%lld ms)\n", m->file,
		    (long long)(clock_us() - from_us) / 1000);
	return RC_OK;
}

static enum rc
apply_once(
    struct command_context *c, struct db_conn *db, const struct migration *m)
{
	enum rc rc;

	rc = migration_begin(db, c->arena, &c->err);
	if (rc == RC_OK)
		rc = apply_locked(c, db, m);
	if (rc == RC_OK)
		rc = migration_commit(db, &c->err);
	if (rc != RC_OK)
		migration_rollback(db);
	return rc;
}

/*
 * Whoever has read a table in a transaction that is still open keeps a file
 * from changing it, and may do so for long.
 */
static enum rc
apply_patiently(
    struct command_context *c, struct db_conn *db, const struct migration *m)
{
	enum rc rc;
	int tries;

	for (tries = 1;; tries++) {
		rc = apply_once(c, db, m);
		if (rc == RC_OK || strcmp(c->err.code, "55P03") != 0)
			return rc;
		if (tries == LOCK_TRIES)
			return err_set(&c->err, RC_BUSY, "unavailable",
			    "%s: somebody has held a lock that it needs for "
			    "a minute; who: SELECT pid, usename, xact_start, "
			    "query FROM pg_stat_activity ORDER BY xact_start",
			    m->file);
		if (tries == 1)
			(void)printf("%s: waits for who has locked what it "
				     "changes\n",
			    m->file);
		(void)fflush(stdout);
		clock_pause_ms(LOCK_PAUSE_MS);
	}
}

static enum rc
apply(
    struct command_context *c, struct db_conn *db, const struct migrations *all)
{
	enum rc rc;
	size_t i;

	for (i = 0; i < all->count; i++) {
		rc = apply_patiently(c, db, &all->list[i]);
		if (rc != RC_OK)
			return rc;
		(void)fflush(stdout);
	}
	return RC_OK;
}

/* How many are not applied; prints a line each. */
static enum rc
count_pending(struct command_context *c, struct db_conn *db,
    const struct migrations *all, size_t *pending)
{
	struct migration_state state;
	int newest;
	enum rc rc;
	size_t i;

	*pending = 0;
	for (i = 0; i < all->count; i++) {
		rc = migration_find(
		    db, c->arena, all->list[i].version, &state, &c->err);
		if (rc == RC_OK)
			rc = compare(c, &all->list[i], &state);
		if (rc != RC_OK)
			return rc;
		*pending += !state.applied;
		(void)printf("%s: %s\n", all->list[i].file,
		    state.applied ? "is applied" : "is not applied");
	}
	rc = migration_newest(db, c->arena, &newest, &c->err);
	if (rc == RC_OK && newest > (int)all->count)
		(void)printf("the database is newer than these files: it has "
			     "version %d\n",
		    newest);
	return rc;
}

static int
run(struct command_context *c, enum mode mode, const char *conninfo,
    const char *dir)
{
	struct migrations all = { NULL, 0 };
	struct db_conn *db = NULL;
	size_t pending = 0;
	enum rc rc;

	rc = read_migrations(c, dir, &all);
	if (rc == RC_OK)
		rc = db_open(conninfo, &db, &c->err);
	if (rc == RC_OK)
		rc = mode == APPLY ? apply(c, db, &all)
				   : count_pending(c, db, &all, &pending);
	db_close(db);
	if (rc != RC_OK)
		return command_fail(&c->err);
	return mode == CHECK && pending > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
migrate_run(struct command_context *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "status", no_argument, NULL, 's' },
		{ "check", no_argument, NULL, 'k' },
		{ "database", required_argument, NULL, 'd' },
		{ "schema", required_argument, NULL, 'D' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *conninfo = "", *dir = PKGDATADIR "/schema";
	enum mode mode = APPLY;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 's':
			mode = STATUS;
			break;
		case 'k':
			mode = CHECK;
			break;
		case 'd':
			conninfo = optarg;
			break;
		case 'D':
			dir = optarg;
			break;
		case 'h':
			(void)fputs(help, stdout);
			return EXIT_SUCCESS;
		default:
			return command_misuse("migrate", NULL);
		}
	}
	if (optind < argc)
		return command_misuse(
		    "migrate", "there is no use for '%s'", argv[optind]);
	if (conninfo[0] == '\0') {
		if (c->err.rc != RC_OK)
			return command_fail(&c->err);
		conninfo = c->config.database.admin_conninfo;
	}
	return run(c, mode, conninfo, dir);
}
