/*
 * program.h -- the front of a daemon: its options, which are the same for
 * both, and its exit codes, those of sysexits(3).
 */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H
#include "base/err.h"

struct program {
	const char *name;
	const char *usage;
	const char *config_path; /* without -c */
	int exit_failed;         /* it could not start, for another reason */
	/* RC_OK, or RC_INVALID with the sentence that says what is wrong. */
	enum rc (*check)(const char *config_path, struct err *e);
	/* Returns at the end of its work.  RC_INVALID: the configuration. */
	enum rc (*run)(const char *config_path, struct err *e);
};

/*
 * -c FILE, -t (check only), -V, -h.  0: done, 64: wrong usage, 78: the
 * configuration is wrong, else exit_failed.
 */
int program_main(const struct program *p, int argc, char **argv);

#endif
