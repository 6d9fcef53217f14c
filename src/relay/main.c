/*
 * main.c -- frontline-relay: options, exit codes.
 *
 * 0: drained after SIGTERM, or the configuration is right (-t).  64: usage.
 * 70: it could not start.  78: the configuration is wrong.
 */
#include "base/program.h"
#include "relay/relay.h"

static const char usage[] =
    "usage: frontline-relay [-c FILE]      deliver the jobs of the queue\n"
    "       frontline-relay [-c FILE] -t   check the configuration and exit\n"
    "       frontline-relay -V | -h        version, this text\n";

static enum rc
check(const char *config_path, struct err *e)
{
	struct settings *s;
	enum rc rc;

	rc = settings_new(config_path, &s, e);
	if (rc == RC_OK)
		settings_release(s);
	return rc;
}

int
main(int argc, char **argv)
{
	const struct program program = {
		.name = "frontline-relay",
		.usage = usage,
		.config_path = config_default_path,
		.exit_failed = 70,
		.check = check,
		.run = relay_run,
	};

	return program_main(&program, argc, argv);
}
