#include "base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"

enum { ENTRIES_MAX = 512, VALUE_MAX = 2048 };

/* What the reader and the handler of libinih share. */
struct reading {
	FILE *stream;
	struct conf_file *file;
	int line;
	bool indented;
	bool too_long;
	bool has_nul;
	bool too_many;
	bool too_much;
};

/*
 * Debian's libinih is built without line numbers for its handler, cuts long
 * lines silently, and ends them at a NUL; a reader of our own knows all three.
 */
static char *
read_line(char *bytes, int size, void *stream)
{
	struct reading *r = stream;
	int used = 0, c = EOF;

	while (!r->too_long && !r->has_nul && c != '\n' &&
	       (c = getc(r->stream)) != EOF) {
		if (used == 0) {
			r->line++;
			r->indented = c == ' ' || c == '\t';
		}
		r->has_nul = c == '\0';
		r->too_long = used == size - 2 && c != '\n';
		if (!r->too_long)
			bytes[used++] = (char)c;
	}
	bytes[used] = '\0';
	return used == 0 || r->too_long || r->has_nul ? NULL : bytes;
}

/*
 * libinih takes a line that begins with a blank for more of the last key.  So
 * does a person who indents all of a section: the table says who is right.
 */
static bool
goes_on(const struct reading *r, const char *section, const char *name)
{
	const struct conf_file *f = r->file;
	const struct conf_entry *last;

	if (!r->indented || f->count == 0)
		return false;
	last = &f->entries[f->count - 1];
	return strcmp(last->section, section) == 0 &&
	       strcmp(last->name, name) == 0;
}

static int
add_to_value(struct reading *r, struct conf_entry *en, const char *value)
{
	const size_t before = strlen(en->value), more = strlen(value);
	char *whole;

	r->too_much = before + 1 + more > VALUE_MAX;
	if (r->too_much)
		return 0;
	whole = arena_alloc(r->file->arena, before + 1 + more + 1);
	memcpy(whole, en->value, before);
	whole[before] = ' ';
	memcpy(whole + before + 1, value, more);
	en->value = whole;
	if (en->next_line == 0)
		en->next_line = r->line;
	return 1;
}

static int
take_entry(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	struct conf_file *f = r->file;
	struct conf_entry *en;

	if (goes_on(r, section, name))
		return add_to_value(r, &f->entries[f->count - 1], value);
	if (f->count == ENTRIES_MAX) {
		r->too_many = true;
		return 0;
	}
	en = &f->entries[f->count++];
	en->section = arena_copy(f->arena, section, strlen(section));
	en->name = arena_copy(f->arena, name, strlen(name));
	en->value = arena_copy(f->arena, value, strlen(value));
	en->line = r->line;
	en->next_line = 0;
	return 1;
}

struct conf_entry *
conf_find(const struct conf_file *file, const char *section, const char *name)
{
	size_t i;

	for (i = 0; i < file->count; i++)
		if (strcmp(file->entries[i].section, section) == 0 &&
		    strcmp(file->entries[i].name, name) == 0)
			return &file->entries[i];
	return NULL;
}

static enum rc
refuse_repeated(const struct conf_file *f, struct err *e)
{
	const struct conf_entry *first;
	size_t i;

	for (i = 0; i < f->count; i++) {
		first = conf_find(f, f->entries[i].section, f->entries[i].name);
		if (first != NULL && first != &f->entries[i])
			return err_set(e, RC_INVALID, "config",
			    "%s:%d: [%s] %s: given before in line %d", f->path,
			    f->entries[i].line, f->entries[i].section,
			    f->entries[i].name, first->line);
	}
	return RC_OK;
}

enum rc
conf_read(
    struct arena *a, const char *path, struct conf_file *file, struct err *e)
{
	struct reading r = { .file = file };
	int wrong, failed;

	*file = (struct conf_file){ .arena = a };
	file->path = arena_copy(a, path, strlen(path));
	file->entries = arena_alloc(a, ENTRIES_MAX * sizeof(*file->entries));
	r.stream = fopen(path, "re");
	if (r.stream == NULL)
		return err_set(
		    e, RC_INVALID, "config", "%s: %s", path, strerror(errno));
	wrong = ini_parse_stream(read_line, &r, take_entry, &r);
	failed = ferror(r.stream) != 0 ? errno : 0;
	(void)fclose(r.stream);
	if (failed != 0)
		return err_set(
		    e, RC_INVALID, "config", "%s: %s", path, strerror(failed));
	file->last_line = r.line;
	if (r.too_long)
		return err_set(e, RC_INVALID, "config",
		    "%s:%d: the line is longer than 198 bytes", path, r.line);
	if (r.has_nul)
		return err_set(e, RC_INVALID, "config",
		    "%s:%d: the line holds a NUL byte", path, r.line);
	if (r.too_many)
		return err_set(e, RC_INVALID, "config",
		    "%s:%d: more than %d settings", path, r.line, ENTRIES_MAX);
	if (r.too_much)
		return err_set(e, RC_INVALID, "config",
		    "%s:%d: the value is longer than %d bytes", path, r.line,
		    VALUE_MAX);
	if (wrong != 0)
		return err_set(e, RC_INVALID, "config",
		    "%s:%d: neither 'key = value' nor '[section]'", path,
		    wrong);
	return refuse_repeated(file, e);
}

/* Where to look for a key that is missing: the last line of its section. */
static int
section_line(const struct conf_file *f, const char *section)
{
	size_t i;
	int line = f->last_line > 0 ? f->last_line : 1;

	for (i = 0; i < f->count; i++)
		if (strcmp(f->entries[i].section, section) == 0)
			line = f->entries[i].line;
	return line;
}

static enum rc
apply_key(struct conf_file *f, const struct conf_key *key, const char *section,
    void *into, struct err *e)
{
	struct conf_context c = { f->arena, f, key };
	struct conf_entry *en;
	const char *value;
	int line;

	en = conf_find(f, section, key->name);
	value = en != NULL ? en->value : key->fallback;
	line = en != NULL ? en->line : section_line(f, section);
	if (en != NULL && value[0] == '\0' && key->fallback != NULL &&
	    !key->may_be_empty)
		return err_set(e, RC_INVALID, "config",
		    "%s:%d: [%s] %s: is empty (leave the line out for the "
		    "default, %s)",
		    f->path, line, section, key->name, key->fallback);
	if (value == NULL || value[0] == '\0') {
		if (key->need == CONF_REQUIRED)
			return err_set(e, RC_INVALID, "config",
			    "%s:%d: [%s] %s: is missing (%s)", f->path, line,
			    section, key->name, key->help);
		return RC_OK;
	}
	if (key->parse(&c, value, (char *)into + key->offset, e) != RC_OK)
		return err_wrap(
		    e, "%s:%d: [%s] %s", f->path, line, section, key->name);
	return RC_OK;
}

enum rc
conf_apply(struct conf_file *file, const struct conf_key *keys, size_t count,
    const char *section, const char *family, void *into, struct err *e)
{
	const char *rows = family != NULL ? family : section;
	enum rc rc;
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(keys[i].section, rows) != 0)
			continue;
		rc = apply_key(file, &keys[i], section, into, e);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* "front.support" is one of the sections "front.*". */
static bool
section_matches(const char *rows, const char *section)
{
	const size_t len = strlen(rows);

	if (rows[len - 1] != '*')
		return strcmp(rows, section) == 0;
	return strncmp(rows, section, len - 1) == 0 && section[len - 1] != '\0';
}

enum rc
conf_refuse_unknown(const struct conf_file *file, const struct conf_key *keys,
    size_t count, struct err *e)
{
	const struct conf_entry *en;
	size_t i, k;

	for (i = 0; i < file->count; i++) {
		en = &file->entries[i];
		for (k = 0; k < count; k++)
			if (section_matches(keys[k].section, en->section) &&
			    strcmp(keys[k].name, en->name) == 0)
				break;
		if (k == count)
			return err_set(e, RC_INVALID, "config",
			    "%s:%d: [%s] %s: no such key (frontlinectl config "
			    "--keys lists them)",
			    file->path, en->line, en->section, en->name);
		if (en->next_line != 0 && !keys[k].may_go_on)
			return err_set(e, RC_INVALID, "config",
			    "%s:%d: [%s] %s: a line that begins with a blank "
			    "goes on with the key before it, whose value ends "
			    "with its line",
			    file->path, en->next_line, en->section, en->name);
	}
	return RC_OK;
}

enum rc
conf_text(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	(void)e;
	*(const char **)out = arena_copy(c->arena, value, strlen(value));
	return RC_OK;
}

enum rc
conf_path(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	if (value[0] != '/')
		return err_set(e, RC_INVALID, "config",
		    "'%s' is not an absolute path", value);
	return conf_text(c, value, out, e);
}

enum rc
conf_bool(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	static const struct {
		const char *word;
		bool means;
	} words[] = {
		{ "yes", true },
		{ "no", false },
		{ "true", true },
		{ "false", false },
		{ "on", true },
		{ "off", false },
	};
	size_t i;

	(void)c;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(value, words[i].word) == 0) {
			*(bool *)out = words[i].means;
			return RC_OK;
		}
	return err_set(
	    e, RC_INVALID, "config", "'%s' is neither yes nor no", value);
}

enum rc
conf_number(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < c->key->min ||
	    n > c->key->max)
		return err_set(e, RC_INVALID, "config",
		    "'%s' is not a number from %ld to %ld", value, c->key->min,
		    c->key->max);
	*(long *)out = n;
	return RC_OK;
}

enum rc
conf_log_level(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARNING] = "warning",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};
	size_t i;

	(void)c;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(value, words[i]) == 0) {
			*(enum log_level *)out = (enum log_level)i;
			return RC_OK;
		}
	return err_set(e, RC_INVALID, "config",
	    "'%s' is none of error, warning, info, debug", value);
}

static void
forget_secret(void *handle)
{
	struct secret *s = handle;

	explicit_bzero(s->bytes, s->len);
}

/* Reads at most size bytes; returns their number, or -1 with errno set. */
static ssize_t
read_some(int fd, char *bytes, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size) {
		n = read(fd, bytes + used, size - used);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

/*
 * Where systemd hands secrets over, one that it did not is not a file that may
 * not be read: it came too late, or never.
 */
static enum rc
refuse_to_open(const char *value, const char *path, struct err *e)
{
	if ((errno == EACCES || errno == ENOENT) && value[0] != '/' &&
	    getenv("CREDENTIALS_DIRECTORY") != NULL)
		return err_set(e, RC_INVALID, "config",
		    "%s: systemd has not handed it over; put it there and "
		    "restart",
		    path);
	return err_set(
	    e, RC_INVALID, "config", "%s: %s", path, strerror(errno));
}

/* Checks the open file and its bytes; the caller closes and wipes. */
static enum rc
check_secret(int fd, char *bytes, size_t size, size_t *len, struct err *e)
{
	struct stat st;
	ssize_t n;
	size_t i;

	if (fstat(fd, &st) != 0)
		return err_set(e, RC_INVALID, "config", "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, RC_INVALID, "config", "is no regular file");
	if ((st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		return err_set(e, RC_INVALID, "config",
		    "mode %04o lets others at the secret; use 0400 or 0440",
		    (unsigned)(st.st_mode & 07777));
	n = read_some(fd, bytes, size);
	if (n < 0)
		return err_set(e, RC_INVALID, "config", "%s", strerror(errno));
	if (n > 0 && bytes[n - 1] == '\n')
		n--;
	for (i = 0; i < (size_t)n; i++)
		if (bytes[i] <= ' ' || bytes[i] > '~')
			return err_set(e, RC_INVALID, "config",
			    "byte %zu of the secret is blank or unprintable",
			    i + 1);
	if (n > LIMIT_SECRET)
		return err_set(e, RC_INVALID, "config",
		    "the secret is longer than %d characters", LIMIT_SECRET);
	if (n < SECRET_MIN)
		return err_set(e, RC_INVALID, "config",
		    "the secret is shorter than %d characters", SECRET_MIN);
	*len = (size_t)n;
	return RC_OK;
}

static const char *
join(struct arena *a, const char *dir, size_t dir_len, const char *between,
    const char *name)
{
	size_t size = dir_len + strlen(between) + strlen(name) + 1;
	char *path = arena_alloc(a, size);

	(void)snprintf(
	    path, size, "%.*s%s%s", (int)dir_len, dir, between, name);
	return path;
}

/*
 * A relative name is a credential of systemd's, one by one or out of a folder
 * (LoadCredential=secrets:/...); else a file in the folder "secrets" beside the
 * configuration, which is where an administrator keeps what systemd loads.
 */
static const char *
secret_path(const struct conf_context *c, const char *value)
{
	static const char *const credentials[] = { "/", "/secrets_" };
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	const char *slash = strrchr(c->file->path, '/');
	const char *path;
	size_t i;

	if (value[0] == '/')
		return value;
	for (i = 0; dir != NULL && i < 2; i++) {
		path = join(c->arena, dir, strlen(dir), credentials[i], value);
		if (access(path, F_OK) == 0)
			return path;
	}
	if (slash == NULL)
		return join(c->arena, "", 0, "secrets/", value);
	return join(c->arena, c->file->path, (size_t)(slash - c->file->path),
	    "/secrets/", value);
}

enum rc
conf_secret(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	struct secret *s = out;
	char bytes[LIMIT_SECRET + 2];
	const char *path;
	enum rc rc;
	int fd;

	path = secret_path(c, value);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return refuse_to_open(value, path, e);
	rc = check_secret(fd, bytes, sizeof(bytes), &s->len, e);
	(void)close(fd);
	if (rc == RC_OK) {
		s->bytes = arena_copy(c->arena, bytes, s->len);
		arena_defer(c->arena, forget_secret, s);
	} else {
		s->len = 0;
		(void)err_wrap(e, "%s", path);
	}
	explicit_bzero(bytes, sizeof(bytes));
	return rc;
}
