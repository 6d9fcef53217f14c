#include "base/program.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

#ifndef VERSION
#	define VERSION "unknown"
#endif

enum { EXIT_USAGE = 64, EXIT_CONFIG = 78 };

static int
check(const struct program *p, const char *config_path)
{
	struct err e;

	if (p->check(config_path, &e) != RC_OK) {
		(void)fprintf(stderr, "%s: %s\n", p->name, e.text);
		return EXIT_CONFIG;
	}
	(void)printf("%s is right\n", config_path);
	return EXIT_SUCCESS;
}

static int
run(const struct program *p, const char *config_path)
{
	struct err e;
	enum rc rc;

	log_init(p->name, LOG_LEVEL_INFO);
	rc = p->run(config_path, &e);
	if (rc == RC_OK)
		return EXIT_SUCCESS;
	log_error("%s", e.text);
	return rc == RC_INVALID ? EXIT_CONFIG : p->exit_failed;
}

int
program_main(const struct program *p, int argc, char **argv)
{
	const char *config_path = p->config_path;
	bool only_check = false;
	int option;

	while ((option = getopt(argc, argv, "c:thV")) != -1) {
		switch (option) {
		case 'c':
			config_path = optarg;
			break;
		case 't':
			only_check = true;
			break;
		case 'V':
			(void)printf("%s %s\n", p->name, VERSION);
			return EXIT_SUCCESS;
		case 'h':
			(void)fputs(p->usage, stdout);
			return EXIT_SUCCESS;
		default:
			(void)fputs(p->usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		(void)fputs(p->usage, stderr);
		return EXIT_USAGE;
	}
	return only_check ? check(p, config_path) : run(p, config_path);
}
