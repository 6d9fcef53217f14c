#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/utf8.h"
#include "t/random.h"
#include "t/tap.h"

static char seen[8192];

/* Runs fn in a process of its own and reads what it writes to stderr. */
static int
capture(void (*fn)(void))
{
	size_t used = 0;
	int ends[2], status = -1;
	ssize_t n;
	pid_t child;

	if (pipe(ends) != 0)
		return -1;
	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		(void)dup2(ends[1], STDERR_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		fn();
		_exit(0);
	}
	(void)close(ends[1]);
	while ((n = read(ends[0], seen + used, sizeof(seen) - 1 - used)) > 0)
		used += (size_t)n;
	seen[used] = '\0';
	(void)close(ends[0]);
	(void)waitpid(child, &status, 0);
	return status;
}

static size_t
count_lines(void)
{
	const char *at = seen;
	size_t lines = 0;

	while ((at = strchr(at, '\n')) != NULL) {
		at++;
		lines++;
	}
	return lines;
}

/* ---- lines ------------------------------------------------------------- */

static void
say_all_levels(void)
{
	(void)unsetenv("JOURNAL_STREAM");
	log_init("prog", LOG_LEVEL_INFO);
	log_error("one %d", 1);
	log_warn("two");
	log_info("three");
	log_debug("four");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("five");
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("six");
}

static void
say_to_journal(void)
{
	(void)setenv("JOURNAL_STREAM", "8:1", 1);
	log_init("prog", LOG_LEVEL_DEBUG);
	log_error("e");
	log_warn("w");
	log_info("i");
	log_debug("d");
}

static void
say_nasty_things(void)
{
	static const char nasty[] =
	    "a\nb\r\x1b[2J\x7f\t\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\xff\xc3";

	(void)setenv("JOURNAL_STREAM", "8:1", 1);
	log_init("prog", LOG_LEVEL_INFO);
	log_info("%s", nasty);
}

static void
say_a_lot(void)
{
	char tall[5000];

	memset(tall, '\n', sizeof(tall) - 1);
	tall[sizeof(tall) - 1] = '\0';
	log_init("prog", LOG_LEVEL_INFO);
	log_info("%s", tall);
	memset(tall, 'x', sizeof(tall) - 1);
	log_info("%s", tall);
}

static void
die(void)
{
	log_init("prog", LOG_LEVEL_ERROR);
	fatal("no %s", "more");
}

static void
test_lines(void)
{
	char name[32];
	int status;

	(void)capture(say_all_levels);
	is_int(count_lines(), 4, "the threshold decides what is shown");
	(void)snprintf(name, sizeof(name), " prog[");
	ok(strstr(seen, name) != NULL, "a line names program and process");
	ok(strstr(seen, "] error: one 1\n") != NULL, "error");
	ok(strstr(seen, "] warning: two\n") != NULL, "warning");
	ok(strstr(seen, "] info: three\n") != NULL, "info");
	ok(strstr(seen, "] debug: five\n") != NULL, "debug");
	ok(strncmp(seen, "20", 2) == 0 && seen[23] == 'Z',
	    "a line starts with its time");
	(void)capture(say_to_journal);
	is_str(seen, "<3>e\n<4>w\n<6>i\n<7>d\n", "the journal gets levels");
	(void)capture(say_nasty_things);
	is_str(seen,
	    "<6>a\\x0ab\\x0d\\x1b[2J\\x7f\\x09\\xc2\\x85\\xe2\\x80\\xa8"
	    "\\xe2\\x80\\xa9\\xff\\xc3\n",
	    "a call is one line, whatever a peer sent");
	(void)capture(say_a_lot);
	is_int(count_lines(), 2, "also where it is cut");
	status = capture(die);
	ok(strstr(seen, "error: no more\n") != NULL && WIFSIGNALED(status) &&
		WTERMSIG(status) == SIGABRT,
	    "fatal() says why and aborts");
}

/* ---- escaping ---------------------------------------------------------- */

/* One line of well-formed text without anything that moves a cursor. */
static bool
is_one_clean_line(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
		if (memcmp(s + i, "\xc2", 1) == 0 &&
		    (unsigned char)s[i + 1] < 0xa0)
			return false;
		if (memcmp(s + i, "\xe2", 1) == 0 &&
		    (strncmp(s + i, "\xe2\x80\xa8", 3) == 0 ||
			strncmp(s + i, "\xe2\x80\xa9", 3) == 0))
			return false;
	}
	return utf8_is_valid(s, len);
}

static void
test_escape(void)
{
	char in[64], out[300];
	size_t i, len, size, used, good = 0, whole = 0;

	for (i = 0; i < 20000; i++) {
		len = random_below(sizeof(in));
		random_bytes(in, len);
		size = 1 + random_below(sizeof(out));
		memset(out, '!', sizeof(out));
		used = log_escape(out, size, in, len);
		good += used < size && out[used] == '\0' &&
			strlen(out) == used && is_one_clean_line(out, used) &&
			(size == sizeof(out) || out[size] == '!');
		whole += size < 4 * len + 5 || used >= len;
	}
	is_int(good, 20000, "whatever goes in, one clean line comes out");
	is_int(whole, 20000, "and nothing is lost where there is room");
	(void)log_escape(out, sizeof(out), "gr\xc3\xbc\xc3\x9f \"x\\\"", 11);
	is_str(out, "gr\xc3\xbc\xc3\x9f \"x\\\"", "good text stays as it is");
	(void)log_escape(out, 5, "abc\n", 4);
	is_str(out, "abc", "an escape is never cut in its middle");
	(void)log_escape(out, 5, "ab\xe2\x82\xac", 5);
	is_str(out, "ab", "nor a character");
	used = log_escape(out, 1, "abc", 3);
	is_int(used, 0, "no room, nothing written");
}

/* ---- numbers ----------------------------------------------------------- */

static void
test_numbers(void)
{
	static const struct {
		const char *address, *shown;
	} cases[] = {
		{ "+4790112233", "+47******33" },
		{ "whatsapp:+4790112233", "whatsapp:+47******33" },
		{ "+14155550142", "+14*******42" },
		{ "+123456", "+12**56" },
		{ "+12345", "+***" },
		{ "+", "(1 characters)" },
		{ "+123456789012345", "+12***********45" },
		{ "+1234567890123456789012345", "(26 characters)" },
		{ "ana@example.com", "(15 characters)" },
		{ "", "(0 characters)" },
		{ "a-channel-that-nobody-has-yet:+4790112233",
		    "(41 characters)" },
		{ "mary.jones+vip@example.com", "(26 characters)" },
	};
	char shown[LOG_NUMBER_SIZE];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		log_number(shown, cases[i].address);
		is_str(shown, cases[i].shown, "'%s' masked", cases[i].address);
	}
}

int
main(void)
{
	test_lines();
	test_escape();
	test_numbers();
	return done_testing();
}
