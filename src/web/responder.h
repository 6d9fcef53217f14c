/*
 * responder.h -- the process as a whole: listening socket, connections of
 * nginx, signals, drain.
 */
#ifndef WEB_RESPONDER_H
#define WEB_RESPONDER_H
#include "base/err.h"

/*
 * Serves the listening socket on descriptor 0 until SIGTERM, SIGINT or
 * SIGUSR1, then ends what is in hand, for at most 8 s.  SIGHUP reads the
 * configuration again and keeps the old one where the new is wrong.
 * Returns RC_OK after a drain, RC_INVALID for the configuration and RC_FAULT
 * where it could not start.
 */
enum rc responder_run(const char *config_path, struct err *e) MUST_CHECK;

#endif
