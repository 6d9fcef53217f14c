/*
 * tap.h -- the four words of a C test, spelled as in Test::More.
 * A test is a program; it exits with the number of failures (at most 254).
 */
#ifndef T_TAP_H
#define T_TAP_H
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_run, tap_failed;

#define diag(...)     (printf("# " __VA_ARGS__), putchar('\n'))

#define ok(cond, ...) tap_ok(!!(cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...)                                                 \
	do {                                                                   \
		long long g_ = (long long)(got), w_ = (long long)(want);       \
		if (!tap_ok(g_ == w_, __FILE__, __LINE__, __VA_ARGS__))        \
			diag("     got: %lld\n# expected: %lld", g_, w_);      \
	} while (0)
#define is_str(got, want, ...)                                                 \
	do {                                                                   \
		const char *g_ = (got), *w_ = (want);                          \
		int same_ = g_ == w_ || (g_ && w_ && strcmp(g_, w_) == 0);     \
		if (!tap_ok(same_, __FILE__, __LINE__, __VA_ARGS__))           \
			diag("     got: '%s'\n# expected: '%s'",               \
			    g_ ? g_ : "(null)", w_ ? w_ : "(null)");           \
	} while (0)

static int __attribute__((format(printf, 4, 5)))
tap_ok(int good, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	tap_run++;
	tap_failed += !good;
	printf("%sok %d - ", good ? "" : "not ", tap_run);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!good)
		printf("#   at %s line %d.\n", file, line);
	fflush(stdout);
	return good;
}

static inline int
done_testing(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed > 254 ? 254 : tap_failed;
}
#endif
