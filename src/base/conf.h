/*
 * conf.h -- reads an INI file into a struct by a table of keys.  The table is
 * the only place that names a key: it parses the file, prints the settings
 * (frontlinectl config) and is compared with the manual page by a test.
 *
 * It knows lines, types and refusals; what a key means is core/config.h's.
 * Every refusal is one sentence that names file, line, section and key.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

/* One "key = value" of the file.  Strings live in the file's arena. */
struct conf_entry {
	const char *section;
	const char *name;
	const char *value;
	int line;
	int next_line; /* where the value goes on; 0: in the one line it has */
};

struct conf_file {
	struct arena *arena;
	const char *path;
	struct conf_entry *entries;
	size_t count;
	int last_line;
};

/* What a parser may need beside the text. */
struct conf_context {
	struct arena *arena;
	const struct conf_file *file;
	const struct conf_key *key;
};

/* Fills *out (of the type that the table's row names) or returns RC_INVALID
 * with a sentence about the value alone. */
typedef enum rc conf_parser(
    const struct conf_context *c, const char *value, void *out, struct err *e);

enum conf_need { CONF_OPTIONAL, CONF_REQUIRED };

struct conf_key {
	const char *section; /* "front.*" stands for every section front.NAME */
	const char *name;
	conf_parser *parse;
	size_t offset;        /* of the value in the struct */
	const char *fallback; /* as it would stand in the file; NULL: none */
	enum conf_need need;
	bool may_be_empty; /* empty means none, where there is a fallback */
	bool may_go_on;    /* in lines that begin with a blank */
	bool secret;       /* the value is the name of a file that holds it */
	long min;          /* of a number */
	long max;
	const char *type; /* for people: "number", "file" */
	const char *help;
};

/* A row of the table; a mismatch of member and type does not compile. */
#define CONF(section_, name_, type_, parser_, member_, ...)                    \
	{                                                                      \
		.section = (section_), .name = (name_), .parse = (parser_),    \
		.offset = offsetof(CONF_OF, member_) +                         \
			  0 * sizeof((type_ *)0 == &((CONF_OF *)0)->member_),  \
		__VA_ARGS__                                                    \
	}

/*
 * Reads the file.  RC_INVALID: unreadable, no INI, a line too long for the
 * reader (198 bytes), or a key given twice.
 */
enum rc conf_read(struct arena *a, const char *path, struct conf_file *file,
    struct err *e) MUST_CHECK;

/*
 * Fills `into` from the rows whose section is `section`, defaults included.
 * With `family` the rows of that section stand for the actual one
 * (section "front.support", family "front.*").
 */
enum rc conf_apply(struct conf_file *file, const struct conf_key *keys,
    size_t count, const char *section, const char *family, void *into,
    struct err *e) MUST_CHECK;

/*
 * RC_INVALID with the first entry that the table does not have, or that goes on
 * in another line where its key may not.  To be asked
 * first: a mistyped key is then named, and not the one that is missing for it.
 */
enum rc conf_refuse_unknown(const struct conf_file *file,
    const struct conf_key *keys, size_t count, struct err *e) MUST_CHECK;

/* The entry of a key, or NULL where the file does not set it. */
struct conf_entry *conf_find(
    const struct conf_file *file, const char *section, const char *name);

/* The types that mean nothing special; each names what it fills. */
conf_parser conf_text;      /* const char *, NULL when empty */
conf_parser conf_bool;      /* bool: yes, no, true, false, on, off */
conf_parser conf_number;    /* long, between the row's min and max */
conf_parser conf_path;      /* const char *, NULL when empty */
conf_parser conf_secret;    /* struct secret, read from the file named, or
			     * from a credential of systemd's */
conf_parser conf_log_level; /* enum log_level */

/* A secret's bytes, NUL-terminated; bytes is NULL where none is set. */
struct secret {
	char *bytes;
	size_t len;
};

/* The shortest secret that is accepted. */
enum { SECRET_MIN = 16 };

#endif
