/*
 * main.c -- frontlinectl: everything that a person does.
 */
#include <getopt.h>
#include <stdarg.h>

#include "admin/command.h"
#include "base/log.h"

#ifndef VERSION
#	define VERSION "unknown"
#endif

static const struct command commands[] = {
	{
	    .name = "migrate",
	    .arguments = "[--check | --status] [--database CONNINFO] "
			 "[--schema DIR]",
	    .help = "bring the database's schema up to date",
	    .run = migrate_run,
	},
	{
	    .name = "config",
	    .arguments = "[--keys | --mdoc | --get SECTION.KEY]",
	    .help = "show the settings, or all keys there are",
	    .run = config_run,
	},
	{
	    .name = "call",
	    .arguments = "list|details|proxy|templates --worker W [...]",
	    .help = "send one signed request as Frontline would",
	    .run = call_run,
	},
	{
	    .name = "incoming",
	    .arguments = "--from ADDRESS --to ADDRESS [...]",
	    .help = "send the webhooks of a customer who begins to write",
	    .run = incoming_run,
	},
	{
	    .name = "user",
	    .arguments = "show IDENTITY... | set IDENTITY [...]",
	    .help = "show or change a user of Frontline, at Twilio",
	    .run = user_run,
	},
	{
	    .name = "queue",
	    .arguments = "show|dead|redrive|drop|pause|resume [...]",
	    .help = "look after the work that the relay delivers",
	    .run = queue_run,
	},
	{
	    .name = "housekeeping",
	    .arguments = "[--database CONNINFO]",
	    .help = "remove what is too old (a timer does it every day)",
	    .run = housekeeping_run,
	},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void
print_usage(FILE *to)
{
	size_t i;

	(void)fputs("usage: frontlinectl [-c FILE] COMMAND ...\n"
		    "       frontlinectl -V | -h\n\n",
	    to);
	for (i = 0; i < COMMAND_COUNT; i++)
		(void)fprintf(to, "  %s %s\n      %s\n", commands[i].name,
		    commands[i].arguments, commands[i].help);
	(void)fputs("\n'frontlinectl COMMAND --help' says more.\n", to);
}

bool
command_helps(int argc, char **argv, const char *help)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0) {
			(void)fputs(help, stdout);
			return true;
		}
	return false;
}

int
command_misuse(const char *name, const char *fmt, ...)
{
	va_list ap;

	if (fmt != NULL) {
		(void)fprintf(stderr, "frontlinectl %s: ", name);
		va_start(ap, fmt);
		(void)vfprintf(stderr, fmt, ap);
		va_end(ap);
		(void)fputc('\n', stderr);
	}
	(void)fprintf(stderr, "try: frontlinectl %s --help\n", name);
	return EXIT_BAD_USAGE;
}

int
command_fail(const struct err *e)
{
	char shown[4 * sizeof(e->text) + 1];

	/* It may quote a peer or the database. */
	(void)log_escape(shown, sizeof(shown), e->text, strlen(e->text));
	(void)fprintf(stderr, "frontlinectl: %s\n", shown);
	switch (e->rc) {
	case RC_OK:
		return EXIT_SUCCESS;
	case RC_BUSY:
		return EXIT_UNAVAILABLE;
	case RC_CONFLICT:
		return EXIT_BAD_DATA;
	case RC_INVALID:
		return strcmp(e->code, "config") == 0 ? EXIT_BAD_CONFIG
						      : EXIT_BAD_USAGE;
	case RC_REFUSED:
	case RC_NOT_FOUND:
	case RC_FAULT:
		return EXIT_FAILURE;
	}
	return EXIT_FAILURE;
}

static int
run(const struct command *command, const char *config_path, int argc,
    char **argv)
{
	struct command_context c = { .config_path = config_path };
	char name[64];
	int status;

	c.arena = arena_new();
	/* A wrong file stands in c.err: some commands can do without. */
	if (config_read(c.arena, config_path, &c.config, &c.file, &c.err) ==
	    RC_OK)
		c.err.rc = RC_OK;
	/* getopt's state is the program's options' until here. */
	optind = 0;
	(void)snprintf(name, sizeof(name), "frontlinectl %s", command->name);
	argv[0] = name;
	status = command->run(&c, argc, argv);
	arena_free(c.arena);
	return status;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *config_path = config_default_path;
	int option;
	size_t i;

	while (
	    (option = getopt_long(argc, argv, "+c:hV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			config_path = optarg;
			break;
		case 'V':
			(void)printf("frontlinectl %s\n", VERSION);
			return EXIT_SUCCESS;
		case 'h':
			print_usage(stdout);
			return EXIT_SUCCESS;
		default:
			print_usage(stderr);
			return EXIT_BAD_USAGE;
		}
	}
	if (optind == argc) {
		print_usage(stderr);
		return EXIT_BAD_USAGE;
	}
	for (i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(argv[optind], commands[i].name) == 0)
			return run(&commands[i], config_path, argc - optind,
			    argv + optind);
	(void)fprintf(stderr, "frontlinectl: no command '%s'\n", argv[optind]);
	print_usage(stderr);
	return EXIT_BAD_USAGE;
}
