/*
 * main.c -- frontline-relay: options, exit codes.
 *
 * 0: drained after SIGTERM, or the configuration is right (-t).  64: usage.
 * 70: it could not start.  78: the configuration is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "relay/relay.h"

#ifndef VERSION
#	define VERSION "unknown"
#endif

enum { EXIT_USAGE = 64, EXIT_SOFTWARE = 70, EXIT_CONFIG = 78 };

static const char usage[] =
    "usage: frontline-relay [-c FILE]      deliver the jobs of the queue\n"
    "       frontline-relay [-c FILE] -t   check the configuration and exit\n"
    "       frontline-relay -V | -h        version, this text\n";

static int
check_config(const char *path)
{
	struct settings *s;
	struct err e;

	if (settings_new(path, &s, &e) != RC_OK) {
		(void)fprintf(stderr, "frontline-relay: %s\n", e.text);
		return EXIT_CONFIG;
	}
	(void)printf("%s is right\n", path);
	settings_release(s);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	const char *config_path = config_default_path;
	bool only_check = false;
	struct err e;
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
			(void)printf("frontline-relay %s\n", VERSION);
			return EXIT_SUCCESS;
		case 'h':
			(void)fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			(void)fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		(void)fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (only_check)
		return check_config(config_path);
	log_init("frontline-relay", LOG_LEVEL_INFO);
	switch (relay_run(config_path, &e)) {
	case RC_OK:
		return EXIT_SUCCESS;
	case RC_INVALID:
		log_error("%s", e.text);
		return EXIT_CONFIG;
	case RC_REFUSED:
	case RC_NOT_FOUND:
	case RC_CONFLICT:
	case RC_BUSY:
	case RC_FAULT:
		log_error("%s", e.text);
		return EXIT_SOFTWARE;
	}
	return EXIT_FAILURE;
}
