/*
 * housekeeping.c -- frontlinectl housekeeping: removes what is too old, and
 * makes room for what comes.  A relay does the same every hour; this is for a
 * timer, so that what has to be forgotten is forgotten where no relay runs.
 */
#include <getopt.h>

#include "admin/command.h"
#include "io/db_session.h"
#include "store/queue.h"

static const char help[] =
    "usage: frontlinectl [-c FILE] housekeeping [--database CONNINFO]\n"
    "\n"
    "Removes what is older than [retention] says, and makes the partitions of\n"
    "the days to come, as the role frontline_relay.  Says what it removed.\n"
    "The package has a timer for it; by hand:\n"
    "  systemctl start frontline-housekeeping\n"
    "\n"
    "  --database CONNINFO  instead of [database] relay_conninfo\n"
    "\n"
    "exit: 0 done, 1 refused, 64 wrong usage, 69 no database, 78 wrong\n"
    "configuration\n";

/* One batch; *rows is empty where somebody else is at it. */
static enum rc
clean(struct db_conn *db, struct arena *a, const struct config *config,
    const struct rows **rows, struct err *e)
{
	struct db_call call = { .stmt = NULL };

	queue_housekeeping_bind(&call, a, config->retention.job_days,
	    config->retention.message_days, config->retention.audit_days);
	return db_query(db, a, call.stmt, call.args, rows, e);
}

/* Prints what a batch removed.  Is there more? */
static bool
tell(const struct rows *rows)
{
	struct housekeeping_row row;
	bool more = false;
	int i;

	for (i = 0; i < rows_count(rows); i++) {
		queue_housekeeping_read(rows, i, &row);
		if (strcmp(row.rows, "0") != 0)
			(void)printf("%s: %s rows\n", row.task, row.rows);
		more |= row.more;
	}
	(void)fflush(stdout);
	return more;
}

static enum rc
keep_house(struct command_context *c, struct db_conn *db)
{
	const struct rows *rows;
	struct arena *a = arena_new();
	bool more = true;
	enum rc rc = RC_OK;

	while (rc == RC_OK && more) {
		arena_reset(a);
		rc = clean(db, a, &c->config, &rows, &c->err);
		if (rc != RC_OK)
			break;
		if (rows_count(rows) == 0)
			(void)puts("somebody else is at it");
		more = tell(rows);
	}
	arena_free(a);
	return rc;
}

int
housekeeping_run(struct command_context *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "database", required_argument, NULL, 'b' },
		{ NULL, 0, NULL, 0 },
	};
	const char *conninfo = NULL;
	struct db_conn *db;
	enum rc rc;
	int option;

	if (command_helps(argc, argv, help))
		return EXIT_SUCCESS;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return command_misuse("housekeeping", NULL);
		conninfo = optarg;
	}
	if (optind < argc)
		return command_misuse(
		    "housekeeping", "there is no use for '%s'", argv[optind]);
	/* How long things are kept is said there. */
	if (c->err.rc != RC_OK)
		return command_fail(&c->err);
	if (conninfo == NULL)
		conninfo = c->config.database.relay_conninfo;
	if (db_open(conninfo, &db, &c->err) != RC_OK)
		return command_fail(&c->err);
	rc = keep_house(c, db);
	db_close(db);
	return rc == RC_OK ? EXIT_SUCCESS : command_fail(&c->err);
}
