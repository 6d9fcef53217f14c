#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

enum { LINE_SIZE = 1024 };

/* syslog(3)'s numbers, as sd-daemon(3) reads them, and our words. */
static const struct {
	const char *journal;
	const char *word;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "<3>", "error" },
	[LOG_LEVEL_WARNING] = { "<4>", "warning" },
	[LOG_LEVEL_INFO] = { "<6>", "info" },
	[LOG_LEVEL_DEBUG] = { "<7>", "debug" },
};

static const char *program = "frontline";
static enum log_level threshold = LOG_LEVEL_INFO;
static bool to_journal;
static long own_pid;

void
log_init(const char *name, enum log_level level)
{
	program = name;
	threshold = level;
	to_journal = getenv("JOURNAL_STREAM") != NULL;
	own_pid = (long)getpid();
}

bool
log_is_on(enum log_level level)
{
	return level <= threshold;
}

void
log_set_level(enum log_level level)
{
	threshold = level;
}

static bool
is_unprintable(const unsigned char *s, size_t n)
{
	if (n == 1)
		return s[0] < 0x20 || s[0] == 0x7f;
	/* C1 controls, and the line and paragraph separators. */
	return (n == 2 && s[0] == 0xc2 && s[1] < 0xa0) ||
	       (n == 3 && s[0] == 0xe2 && s[1] == 0x80 &&
		   (s[2] == 0xa8 || s[2] == 0xa9));
}

size_t
log_escape(char *out, size_t size, const char *in, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)in;
	size_t used = 0, n, i, bytes;

	while (len > 0) {
		n = utf8_next((const char *)s, len);
		bytes = n > 0 ? n : 1;
		if (n == 0 || is_unprintable(s, n)) {
			if (used + 4 * bytes >= size)
				break;
			for (i = 0; i < bytes; i++) {
				out[used++] = '\\';
				out[used++] = 'x';
				out[used++] = hex[s[i] >> 4];
				out[used++] = hex[s[i] & 15];
			}
		} else {
			if (used + n >= size)
				break;
			memcpy(out + used, s, n);
			used += n;
		}
		s += bytes;
		len -= bytes;
	}
	out[used] = '\0';
	return used;
}

static void
write_all(const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(STDERR_FILENO, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

static void __attribute__((format(printf, 2, 0)))
write_line(enum log_level level, const char *fmt, va_list ap)
{
	char raw[LINE_SIZE], line[LINE_SIZE * 2], stamp[CLOCK_STAMP_SIZE];
	int saved = errno;
	int n;
	size_t used;

	if (!log_is_on(level))
		return;
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(raw))
		n = sizeof(raw) - 1;
	if (to_journal) {
		used = (size_t)snprintf(
		    line, sizeof(line), "%s", levels[level].journal);
	} else {
		clock_stamp(stamp, sizeof(stamp));
		used = (size_t)snprintf(line, sizeof(line),
		    "%s %s[%ld] %s: ", stamp, program, own_pid,
		    levels[level].word);
	}
	used +=
	    log_escape(line + used, sizeof(line) - used - 1, raw, (size_t)n);
	line[used++] = '\n';
	write_all(line, used);
	errno = saved;
}

#define LOG_FUNCTION(name, level)                                              \
	void name(const char *fmt, ...)                                        \
	{                                                                      \
		va_list ap;                                                    \
		va_start(ap, fmt);                                             \
		write_line(level, fmt, ap);                                    \
		va_end(ap);                                                    \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
	abort();
}

/* '+' and 2 to 15 digits: anything else may be a name or an e-mail address. */
static bool
is_number(const char *text)
{
	const size_t len = strlen(text);

	return text[0] == '+' && len >= 3 && len <= 16 &&
	       strspn(text + 1, "0123456789") == len - 1;
}

void
log_number(char out[static LOG_NUMBER_SIZE], const char *address)
{
	static const char prefix[] = "whatsapp:";
	const size_t prefix_len =
	    strncmp(address, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
	size_t len, i;

	len = strlen(address);
	if (!is_number(address + prefix_len)) {
		(void)snprintf(out, LOG_NUMBER_SIZE, "(%zu characters)", len);
		return;
	}
	if (len - prefix_len < 7) {
		(void)snprintf(out, LOG_NUMBER_SIZE, "+***");
		return;
	}
	(void)snprintf(out, LOG_NUMBER_SIZE, "%s", address);
	for (i = prefix_len + 3; i < len - 2; i++)
		out[i] = '*';
}
