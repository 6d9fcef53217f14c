/*
 * main.c -- frontline-fcgi: options, exit codes.
 *
 * 0: drained after SIGTERM, or the configuration is right (-t).  64: usage,
 * or not started with a listening socket.  78: the configuration is wrong.
 */
#include "base/program.h"
#include "web/responder.h"
#include "web/service.h"

static const char usage[] =
    "usage: frontline-fcgi [-c FILE]      answer FastCGI requests on the\n"
    "                                     listening socket of descriptor 0\n"
    "       frontline-fcgi [-c FILE] -t   check the configuration and exit\n"
    "       frontline-fcgi -V | -h        version, this text\n";

static enum rc
check(const char *config_path, struct err *e)
{
	struct config config;
	struct arena *a;
	enum rc rc;

	a = arena_new();
	rc = service_read_config(a, config_path, &config, e);
	arena_free(a);
	return rc;
}

int
main(int argc, char **argv)
{
	const struct program program = {
		.name = "frontline-fcgi",
		.usage = usage,
		.config_path = config_default_path,
		.exit_failed = 64,
		.check = check,
		.run = responder_run,
	};

	return program_main(&program, argc, argv);
}
