/*
 * main.c -- frontline-fcgi: options, exit codes.
 *
 * 0: drained after SIGTERM, or the configuration is right (-t).  64: usage,
 * or not started with a listening socket.  78: the configuration is wrong.
 */
#include <unistd.h>

#include "base/log.h"
#include "core/config.h"
#include "web/responder.h"
#include "web/service.h"

#ifndef VERSION
#	define VERSION "unknown"
#endif

enum { EXIT_USAGE = 64, EXIT_CONFIG = 78 };

static const char usage[] =
    "usage: frontline-fcgi [-c FILE]      answer FastCGI requests on the\n"
    "                                     listening socket of descriptor 0\n"
    "       frontline-fcgi [-c FILE] -t   check the configuration and exit\n"
    "       frontline-fcgi -V | -h        version, this text\n";

static int
check_config(const char *path)
{
	struct config config;
	struct arena *a;
	struct err e;
	enum rc rc;

	a = arena_new();
	rc = service_read_config(a, path, &config, &e);
	if (rc == RC_OK)
		(void)printf("%s is right\n", path);
	else
		(void)fprintf(stderr, "frontline-fcgi: %s\n", e.text);
	arena_free(a);
	return rc == RC_OK ? EXIT_SUCCESS : EXIT_CONFIG;
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
			(void)printf("frontline-fcgi %s\n", VERSION);
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
	log_init("frontline-fcgi", LOG_LEVEL_INFO);
	switch (responder_run(config_path, &e)) {
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
		return EXIT_USAGE;
	}
	return EXIT_FAILURE;
}
