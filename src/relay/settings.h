/*
 * settings.h -- the configuration as the relay uses it.
 *
 * A new one is built when the configuration is read again; jobs that began
 * with the old one end with it, so it is counted.
 */
#ifndef RELAY_SETTINGS_H
#define RELAY_SETTINGS_H
#include "base/arena.h"
#include "core/config.h"

struct settings {
	struct arena *arena;
	struct config config;
	/* Of Basic authentication: the API key, or the account's token. */
	const char *user;
	const char *password;
	unsigned users;
};

/*
 * One user: the caller.  RC_INVALID with a sentence that names file, line,
 * section and key.
 */
enum rc settings_new(
    const char *path, struct settings **out, struct err *e) MUST_CHECK;
struct settings *settings_hold(struct settings *s);
/* The last user frees it. */
void settings_release(struct settings *s);

#endif
