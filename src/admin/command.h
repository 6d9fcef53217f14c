/*
 * command.h -- the subcommands of frontlinectl: one table, which is also the
 * usage text; one file each.
 */
#ifndef ADMIN_COMMAND_H
#define ADMIN_COMMAND_H
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/config.h"

/* Exit codes, those of sysexits(3). */
enum {
	EXIT_BAD_USAGE = 64,
	EXIT_BAD_DATA = 65,
	EXIT_UNAVAILABLE = 69,
	EXIT_BAD_CONFIG = 78,
};

struct command_context {
	struct arena *arena;
	const char *config_path;
	struct config config; /* of no use while err says what is wrong */
	struct conf_file file;
	struct err err;
};

struct command {
	const char *name;
	const char *arguments; /* as the usage shows them */
	const char *help;      /* a line or several, each indented by itself */
	/* argv[0] is the command's name.  Returns an exit code. */
	int (*run)(struct command_context *c, int argc, char **argv);
};

int migrate_run(struct command_context *c, int argc, char **argv);
int config_run(struct command_context *c, int argc, char **argv);
int call_run(struct command_context *c, int argc, char **argv);
int incoming_run(struct command_context *c, int argc, char **argv);
int user_run(struct command_context *c, int argc, char **argv);
int queue_run(struct command_context *c, int argc, char **argv);
int housekeeping_run(struct command_context *c, int argc, char **argv);

/* Is --help or -h among the arguments (before a --)?  Then it is printed. */
bool command_helps(int argc, char **argv, const char *help);
/* Prints "frontlinectl: text", escaped; returns the exit code of the error. */
int command_fail(const struct err *e);
/*
 * Prints what is wrong (NULL: getopt has said so), where help is to be had,
 * and returns EXIT_BAD_USAGE.
 */
int command_misuse(const char *name, const char *fmt, ...) PRINTF(2, 3);

#endif
