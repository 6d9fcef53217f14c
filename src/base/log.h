/*
 * log.h -- one line per event on stderr, for the journal or for a file.
 *
 * Under systemd a line starts with its level as <n>; elsewhere with a time.
 * Control characters and bytes that are not UTF-8 are shown as \xNN, so one
 * call is always one line whatever a peer sent.  Never given to it: bodies,
 * tokens, signatures, full phone numbers (log_number() masks them).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* name stands in front of every line ("frontline-fcgi"). */
void log_init(const char *name, enum log_level level);
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);

void log_error(const char *fmt, ...) PRINTF(1, 2);
void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);

/* For a broken invariant or no memory: logs and aborts. */
void fatal(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));

/*
 * "+4790112233" -> "+47******33": enough to tell two numbers apart, too
 * little to call one.  Takes +E.164 with or without "whatsapp:"; of anything
 * else (a chat identity may be an e-mail address) it tells the length alone.
 */
enum { LOG_NUMBER_SIZE = 48 };
void log_number(char out[static LOG_NUMBER_SIZE], const char *address);

/* Escapes as a log line does, for tests: returns the bytes written. */
size_t log_escape(char *out, size_t size, const char *in, size_t len);

#endif
