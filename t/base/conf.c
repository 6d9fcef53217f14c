#include "base/conf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "t/tap.h"

/* ---- a table to read by ------------------------------------------------ */

struct settings {
	const char *text;
	const char *path;
	const char *with_fallback;
	bool flag;
	long number;
	enum log_level level;
	struct secret secret;
};

struct member {
	const char *must;
	long may;
};

#define CONF_OF struct settings
static const struct conf_key keys[] = {
	CONF("main", "text", const char *, conf_text, text, .help = "a text"),
	CONF("main", "path", const char *, conf_path, path, .help = "a path"),
	CONF("main", "fallback", const char *, conf_text, with_fallback,
	    .fallback = "usual", .may_go_on = true,
	    .help = "a text with a default"),
	CONF("main", "flag", bool, conf_bool, flag, .help = "yes or no"),
	CONF("main", "number", long, conf_number, number, .min = -5,
	    .max = 1000, .help = "a number"),
	CONF("main", "level", enum log_level, conf_log_level, level,
	    .help = "a level"),
	CONF("main", "secret", struct secret, conf_secret, secret,
	    .secret = true, .help = "a secret"),
};
#undef CONF_OF

#define CONF_OF struct member
static const struct conf_key family_keys[] = {
	CONF("club.*", "must", const char *, conf_text, must,
	    .need = CONF_REQUIRED, .help = "what each needs"),
	CONF("club.*", "may", long, conf_number, may, .max = 10,
	    .fallback = "3", .help = "what each may have"),
};
#undef CONF_OF

enum {
	KEYS = sizeof(keys) / sizeof(keys[0]),
	FAMILY_KEYS = sizeof(family_keys) / sizeof(family_keys[0]),
};

/* ---- files ------------------------------------------------------------- */

static char dir[] = "/tmp/conf-XXXXXX";
static char conf_file_path[64], secret_file_path[64];

static void
write_file(const char *path, const char *bytes, size_t len, mode_t mode)
{
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		diag("%s cannot be written", path);
	(void)fchmod(fd, mode);
	(void)close(fd);
}

static struct arena *arena;
static struct conf_file file;
static struct settings settings;
static struct err err;

/* Reads that text as a file, by the table; the sentence of the refusal is in
 * err.text, from behind the file's name on. */
static enum rc
read_bytes(const char *bytes, size_t len)
{
	enum rc rc;

	/* Secrets are wiped in the struct that they were read into. */
	arena_reset(arena);
	memset(&settings, 0, sizeof(settings));
	write_file(conf_file_path, bytes, len, 0600);
	rc = conf_read(arena, conf_file_path, &file, &err);
	if (rc == RC_OK)
		rc = conf_refuse_unknown(&file, keys, KEYS, &err);
	if (rc == RC_OK)
		rc = conf_apply(
		    &file, keys, KEYS, "main", NULL, &settings, &err);
	if (rc == RC_OK)
		return rc;
	len = strlen(conf_file_path);
	if (strncmp(err.text, conf_file_path, len) != 0)
		diag("does not name the file: %s", err.text);
	else
		memmove(err.text, err.text + len + 1,
		    strlen(err.text + len + 1) + 1);
	return rc;
}

static enum rc
read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

/* ---- what is right ----------------------------------------------------- */

static void
test_values(void)
{
	static const struct {
		const char *word;
		bool means;
	} flags[] = {
		{ "yes", true },
		{ "no", false },
		{ "TRUE", true },
		{ "False", false },
		{ "on", true },
		{ "off", false },
	};
	static const char *const levels[] = { "error", "warning", "info",
		"debug" };
	char text[64];
	size_t i;

	is_int(read_text("[main]\ntext = a b  \npath=/x/y\nnumber = -5\n"),
	    RC_OK, "a file that is right");
	is_str(settings.text, "a b", "blanks around a value do not count");
	is_str(settings.path, "/x/y", "a path");
	is_int(settings.number, -5, "a number");
	is_str(settings.with_fallback, "usual", "a default");
	is_int(read_text("[main]\nfallback = other\n"), RC_OK, "and without");
	is_str(settings.with_fallback, "other", "... it");
	is_str(settings.text, NULL, "a text that is not there");
	is_int(read_text("[main]\ntext =\n"), RC_OK, "an empty value");
	is_str(settings.text, NULL, "is none");
	is_int(read_text(""), RC_OK, "an empty file");
	is_int(
	    read_text("; one\n# two\n\n[main] ; three\n"), RC_OK, "comments");
	is_int(read_text("[main]\ntext = https://x/#y\n"), RC_OK, "a '#'");
	is_str(settings.text, "https://x/#y", "... in a value stays");
	is_int(read_text("[main]\r\ntext = x\r\n"), RC_OK, "DOS line ends");
	is_str(settings.text, "x", "... do not count");
	is_int(read_text("[main]\ntext = x"), RC_OK, "no line end at the end");
	is_str(settings.text, "x", "... does no harm");
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		(void)snprintf(
		    text, sizeof(text), "[main]\nflag=%s\n", flags[i].word);
		ok(read_text(text) == RC_OK && settings.flag == flags[i].means,
		    "%s", flags[i].word);
	}
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		(void)snprintf(
		    text, sizeof(text), "[main]\nlevel=%s\n", levels[i]);
		ok(read_text(text) == RC_OK &&
			settings.level == (enum log_level)i,
		    "level %s", levels[i]);
	}
}

static void
test_find(void)
{
	is_int(read_text("[main]\ntext=x\n\nnumber=7\n"), RC_OK, "two keys");
	is_str(conf_find(&file, "main", "number")->value, "7", "one is found");
	is_int(
	    conf_find(&file, "main", "number")->line, 4, "... with its line");
	ok(conf_find(&file, "main", "flag") == NULL, "another is not there");
	ok(conf_find(&file, "other", "text") == NULL, "nor in a section");
}

/* ---- what is refused --------------------------------------------------- */

static void
test_refusals(void)
{
	static const struct {
		const char *text, *refusal;
	} cases[] = {
		{ "[main]\n\nnumber = 1001\n",
		    "3: [main] number: '1001' is not a number from -5 to "
		    "1000" },
		{ "[main]\nnumber = -6\n",
		    "2: [main] number: '-6' is not a number from -5 to 1000" },
		{ "[main]\nnumber = 7x\n",
		    "2: [main] number: '7x' is not a number from -5 to 1000" },
		{ "[main]\nnumber = 99999999999999999999\n",
		    "2: [main] number: '99999999999999999999' is not a number "
		    "from -5 to 1000" },
		{ "[main]\nflag = maybe\n",
		    "2: [main] flag: 'maybe' is neither yes nor no" },
		{ "[main]\nlevel = INFO\n",
		    "2: [main] level: 'INFO' is none of error, warning, info, "
		    "debug" },
		{ "[main]\npath = x/y\n",
		    "2: [main] path: 'x/y' is not an absolute path" },
		{ "[main]\ntext = a\ntext = b\n",
		    "3: [main] text: given before in line 2" },
		{ "[main]\ntext = a\n[other]\n[main]\ntext = a\n",
		    "5: [main] text: given before in line 2" },
		{ "[main]\ntext = a\n  more\n",
		    "3: [main] text: a line that begins with a blank goes on "
		    "with the key before it, whose value ends with its line" },
		{ "[main]\n text = a\n path = /b\n",
		    "3: [main] text: a line that begins with a blank goes on "
		    "with the key before it, whose value ends with its line" },
		{ "[main]\nfallback = a\n b\nfallback = c\n",
		    "4: [main] fallback: given before in line 2" },
		{ "[main]\ntxet = a\n",
		    "2: [main] txet: no such key (frontlinectl config --keys "
		    "lists them)" },
		{ "[main]\nText = a\n",
		    "2: [main] Text: no such key (frontlinectl config --keys "
		    "lists them)" },
		{ "[mian]\ntext = a\n",
		    "2: [mian] text: no such key (frontlinectl config --keys "
		    "lists them)" },
		{ "text = a\n",
		    "1: [] text: no such key (frontlinectl config --keys lists "
		    "them)" },
		{ "[main]\ntext a\n",
		    "2: neither 'key = value' nor '[section]'" },
		{ "[main\ntext = a\n",
		    "1: neither 'key = value' nor '[section]'" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_int(read_text(cases[i].text), RC_INVALID,
		    "refused: file number %zu", i);
		is_str(err.text, cases[i].refusal, "... and why");
		is_str(err.code, "config", "... as config");
	}
}

static void
test_long_values(void)
{
	struct buf b;
	size_t i;

	is_int(read_text("[main]\nfallback = a=1\n  b = 2 \n\n# c\n\td\n"
			 "text = e\n"),
	    RC_OK, "a value that goes on");
	is_str(settings.with_fallback, "a=1 b = 2 d", "... has all its lines");
	is_str(settings.text, "e", "... and the next key its own");
	buf_init(&b);
	buf_add_str(&b, "[main]\nfallback = a\n");
	for (i = 0; i < 20; i++)
		buf_addf(&b, " %0100d\n", 7);
	is_int(read_text(b.bytes), RC_OK, "a value of 2021 bytes");
	is_int(strlen(settings.with_fallback), 2021, "... is whole");
	buf_addf(&b, " %0100d\n", 7);
	is_int(read_text(b.bytes), RC_INVALID, "refused: one of 2122");
	is_str(
	    err.text, "23: the value is longer than 2048 bytes", "... and why");
	buf_release(&b);
}

static void
test_sizes(void)
{
	char text[260];
	struct buf b;
	size_t i;

	(void)snprintf(text, sizeof(text), "[main]\ntext=%0193d\n", 7);
	is_int(read_text(text), RC_OK, "a line of 198 bytes");
	is_int(strlen(settings.text), 193, "... is whole");
	(void)snprintf(text, sizeof(text), "[main]\ntext=%0194d\n", 7);
	is_int(read_text(text), RC_INVALID, "refused: a line of 199 bytes");
	is_str(err.text, "2: the line is longer than 198 bytes", "... and why");
	(void)snprintf(text, sizeof(text), "[main]\ntext=%0194d", 7);
	is_int(read_text(text), RC_INVALID, "refused: the same at the end");
	(void)snprintf(text, sizeof(text), "[main]\n;%0230d\n", 7);
	is_int(read_text(text), RC_INVALID, "refused: a comment too long");
	buf_init(&b);
	buf_add_str(&b, "[main]\n");
	for (i = 0; i < 513; i++)
		buf_addf(&b, "k%zu = 1\n", i);
	is_int(read_text(b.bytes), RC_INVALID, "refused: 513 settings");
	is_str(err.text, "514: more than 512 settings", "... and why");
	buf_release(&b);
}

static void
test_unreadable(void)
{
	is_int(conf_read(arena, "/nonexistent/x", &file, &err), RC_INVALID,
	    "refused: a file that is not there");
	is_str(err.text, "/nonexistent/x: No such file or directory",
	    "... and why");
}

/* ---- families of sections ---------------------------------------------- */

static void
test_family(void)
{
	static const char text[] = "[club.a]\nmust = x\nmay = 4\n"
				   "[club.b]\nmust = y\n"
				   "[club.c]\nmay = 1\n";
	struct member m = { NULL, 0 };

	write_file(conf_file_path, text, sizeof(text) - 1, 0600);
	is_int(conf_read(arena, conf_file_path, &file, &err), RC_OK,
	    "a file with a family of sections");
	is_int(conf_apply(&file, family_keys, FAMILY_KEYS, "club.a", "club.*",
		   &m, &err),
	    RC_OK, "the first of it");
	is_int(conf_refuse_unknown(&file, family_keys, FAMILY_KEYS, &err),
	    RC_OK, "all of it is known");
	is_int(conf_refuse_unknown(&file, keys, KEYS, &err), RC_INVALID,
	    "... to its own table only");
	ok(strcmp(m.must, "x") == 0 && m.may == 4, "... its values");
	is_int(conf_apply(&file, family_keys, FAMILY_KEYS, "club.b", "club.*",
		   &m, &err),
	    RC_OK, "the second");
	ok(strcmp(m.must, "y") == 0 && m.may == 3, "... and a default");
	is_int(conf_apply(&file, family_keys, FAMILY_KEYS, "club.c", "club.*",
		   &m, &err),
	    RC_INVALID, "the third lacks what each needs");
	ok(strstr(err.text,
	       ":7: [club.c] must: is missing (what each needs)") != NULL,
	    "... which is told with the last line of its section");
	is_int(conf_apply(&file, family_keys, FAMILY_KEYS, "club.d", "club.*",
		   &m, &err),
	    RC_INVALID, "one that is not there");
	ok(strstr(err.text, ":7: [club.d] must: is missing") != NULL,
	    "... is told with the last line of the file");
}

/* ---- secrets ----------------------------------------------------------- */

static void
test_secrets(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		mode_t mode;
		const char *refusal; /* NULL: accepted */
	} cases[] = {
		{ "0123456789abcdef", 16, 0400, NULL },
		{ "0123456789abcdef\n", 17, 0440, NULL },
		{ "0123456789abcdef", 16, 0600, NULL },
		{ "0123456789abcdef", 16, 0640, NULL },
		{ "0123456789abcdef", 16, 0444,
		    "mode 0444 lets others at the secret; use 0400 or 0440" },
		{ "0123456789abcdef", 16, 0460,
		    "mode 0460 lets others at the secret; use 0400 or 0440" },
		{ "0123456789abcdef", 16, 0402,
		    "mode 0402 lets others at the secret; use 0400 or 0440" },
		{ "0123456789abcde", 15, 0400,
		    "the secret is shorter than 16 characters" },
		{ "0123456789abcde\n", 16, 0400,
		    "the secret is shorter than 16 characters" },
		{ "", 0, 0400, "the secret is shorter than 16 characters" },
		{ "\n", 1, 0400, "the secret is shorter than 16 characters" },
		{ "                ", 16, 0400,
		    "byte 1 of the secret is blank or unprintable" },
		{ "0123456789abcdef ", 17, 0400,
		    "byte 17 of the secret is blank or unprintable" },
		{ "0123456789\r\nabcdef", 18, 0400,
		    "byte 11 of the secret is blank or unprintable" },
		{ "0123456789abcdef\r\n", 18, 0400,
		    "byte 17 of the secret is blank or unprintable" },
		{ "0123456789abcdef\n\n", 18, 0400,
		    "byte 17 of the secret is blank or unprintable" },
		{ "0123456789\0abcdef", 17, 0400,
		    "byte 11 of the secret is blank or unprintable" },
		{ "0123456789abcde\xc3\xa9", 17, 0400,
		    "byte 16 of the secret is blank or unprintable" },
	};
	char text[200], want[300];
	size_t i;

	(void)snprintf(
	    text, sizeof(text), "[main]\nsecret = %s\n", secret_file_path);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(secret_file_path, cases[i].bytes, cases[i].len,
		    cases[i].mode);
		is_int(read_text(text),
		    cases[i].refusal == NULL ? RC_OK : RC_INVALID,
		    "secret number %zu", i);
		if (cases[i].refusal == NULL) {
			is_str(settings.secret.bytes, "0123456789abcdef",
			    "... its bytes");
			is_int(settings.secret.len, 16, "... their number");
			continue;
		}
		(void)snprintf(want, sizeof(want), "2: [main] secret: %s: %s",
		    secret_file_path, cases[i].refusal);
		is_str(err.text, want, "... and why it is refused");
		ok(settings.secret.bytes == NULL, "... and none is set");
	}
}

static void
test_secret_files(void)
{
	char text[200], tall[600];

	(void)snprintf(
	    text, sizeof(text), "[main]\nsecret = %s\n", secret_file_path);
	memset(tall, 'x', sizeof(tall));
	write_file(secret_file_path, tall, 512, 0400);
	is_int(read_text(text), RC_OK, "a secret of 512 bytes");
	write_file(secret_file_path, tall, 513, 0400);
	is_int(read_text(text), RC_INVALID, "refused: one of 513");
	write_file(secret_file_path, tall, sizeof(tall), 0400);
	is_int(read_text(text), RC_INVALID, "refused: one of 600");
	ok(strstr(err.text, "longer than") != NULL, "... and why");
	(void)unlink(secret_file_path);
	is_int(read_text(text), RC_INVALID, "refused: one that is missing");
	ok(strstr(err.text, "No such file") != NULL, "... and why");
	(void)mkdir(secret_file_path, 0700);
	is_int(read_text(text), RC_INVALID, "refused: a directory");
	ok(strstr(err.text, "is no regular file") != NULL, "... and why");
	(void)rmdir(secret_file_path);
	(void)mkfifo(secret_file_path, 0400);
	is_int(read_text(text), RC_INVALID, "refused: a pipe, without waiting");
	(void)unlink(secret_file_path);
}

static void
put_secret(const char *at, const char *secret)
{
	char name[200];

	(void)snprintf(name, sizeof(name), "%s/%s", dir, at);
	(void)unlink(name);
	if (secret != NULL)
		write_file(name, secret, strlen(secret), 0400);
}

/* In the order of their worth; each is taken away for the next. */
static void
test_credentials(void)
{
	static const char text[] = "[main]\nsecret = token\n";
	char folder[100], credentials[100], want[200];

	(void)snprintf(folder, sizeof(folder), "%s/secrets", dir);
	(void)snprintf(credentials, sizeof(credentials), "%s/handed", dir);
	(void)mkdir(folder, 0700);
	(void)mkdir(credentials, 0700);
	put_secret("handed/token", "one-of-systemd-s");
	put_secret("handed/secrets_token", "of-a-whole-folder");
	put_secret("secrets/token", "beside-the-settings");
	(void)setenv("CREDENTIALS_DIRECTORY", credentials, 1);
	is_int(read_text(text), RC_OK, "a relative name");
	is_str(settings.secret.bytes, "one-of-systemd-s",
	    "... is that of a credential");
	put_secret("handed/token", NULL);
	is_int(read_text(text), RC_OK, "or that of one");
	is_str(settings.secret.bytes, "of-a-whole-folder",
	    "... out of a folder that was loaded");
	put_secret("handed/secrets_token", NULL);
	is_int(read_text(text), RC_OK, "or that of a file");
	is_str(settings.secret.bytes, "beside-the-settings",
	    "... in the folder secrets beside the configuration");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	is_int(read_text(text), RC_OK, "also where nothing was handed over");
	put_secret("secrets/token", NULL);
	is_int(read_text(text), RC_INVALID, "refused: nothing of that name");
	(void)snprintf(want, sizeof(want),
	    "2: [main] secret: %s/token: No such file or directory", folder);
	is_str(err.text, want, "... and the last place is named");
	(void)setenv("CREDENTIALS_DIRECTORY", credentials, 1);
	is_int(read_text(text), RC_INVALID, "nor was it handed over");
	(void)snprintf(want, sizeof(want),
	    "2: [main] secret: %s/token: systemd has not handed it over; put "
	    "it there and restart",
	    folder);
	is_str(err.text, want, "... which is said");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	(void)rmdir(folder);
	(void)rmdir(credentials);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(conf_file_path, sizeof(conf_file_path), "%s/conf", dir);
	(void)snprintf(
	    secret_file_path, sizeof(secret_file_path), "%s/secret", dir);
	arena = arena_new();
	test_values();
	test_find();
	test_refusals();
	test_long_values();
	test_sizes();
	test_unreadable();
	test_family();
	test_secrets();
	test_secret_files();
	test_credentials();
	arena_free(arena);
	(void)unlink(conf_file_path);
	(void)unlink(secret_file_path);
	(void)rmdir(dir);
	return done_testing();
}
