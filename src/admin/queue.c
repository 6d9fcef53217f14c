/*
 * queue.c -- frontlinectl queue: what waits for the relay, what was given up,
 * and pauses.
 */
#include "admin/queue.h"

#include <getopt.h>

#include "admin/argument.h"
#include "admin/print.h"
#include "base/utf8.h"
#include "store/destination.h"
#include "store/queue_health.h"

static const char help[] =
    "usage: frontlinectl [-c FILE] queue show [--json]\n"
    "       frontlinectl [-c FILE] queue dead [--destination D] [--limit N]\n"
    "           [--payload] [--json]\n"
    "       frontlinectl [-c FILE] queue redrive ID...\n"
    "       frontlinectl [-c FILE] queue redrive --all [--destination D]\n"
    "       frontlinectl [-c FILE] queue drop ID...\n"
    "       frontlinectl [-c FILE] queue pause D --for TIME --why TEXT\n"
    "       frontlinectl [-c FILE] queue resume D\n"
    "\n"
    "Looks after the work that frontline-relay delivers, as somebody who may\n"
    "be the role frontline_dba.\n"
    "\n"
    "  show     how each destination does\n"
    "  dead     dead letters: work that was given up\n"
    "  redrive  puts dead letters at the end of their lane, as new jobs\n"
    "  drop     deletes dead letters for good\n"
    "  pause    nothing is delivered to a destination for so long\n"
    "  resume   ends a pause\n"
    "\n"
    "  --destination D      dead letters of one destination only\n"
    "  --limit N            dead: at most so many, 100 if not given\n"
    "  --payload            dead: with their content, which is personal data\n"
    "  --all                redrive: all that nobody has dealt with\n"
    "  --for TIME           seconds, or an interval such as '2 hours'\n"
    "  --why TEXT           what the others will read\n"
    "  --json               show, dead: as JSON\n"
    "  --database CONNINFO  instead of [database] admin_conninfo\n"
    "\n"
    "exit: 0 done, 1 no such letter or destination, 64 wrong usage, 69 no\n"
    "database\n";

enum {
	DEFAULT_LIMIT = 100,
	LIMIT_MAX = 100 * 1000,
	WHY_MAX = 500,
	ID_DIGITS = 18,
};

/* ---- show -------------------------------------------------------------- */

static json_t *
health_json(const struct queue_health *h)
{
	return json_pack("{s:s,s:I,s:I,s:I,s:f,s:I,s:f,s:I,s:f,s:s?,s:s?,s:b}",
	    "destination", h->destination, "jobs_pending",
	    (json_int_t)h->jobs_pending, "lanes_pending",
	    (json_int_t)h->lanes_pending, "leased", (json_int_t)h->leased,
	    "oldest_seconds", h->oldest_seconds, "uncertain",
	    (json_int_t)h->uncertain, "uncertain_seconds", h->uncertain_seconds,
	    "dead", (json_int_t)h->dead, "paused_seconds", h->paused_seconds,
	    "paused_until", h->paused_until, "pause_reason",
	    h->paused_until != NULL ? h->pause_reason : NULL,
	    "partition_missing", h->partition_missing);
}

static void
print_health(const struct queue_health *h)
{
	char oldest[PRINT_DURATION_SIZE] = "-";

	if (h->jobs_pending > 0)
		format_duration(oldest, h->oldest_seconds);
	print_column(h->destination, 16);
	(void)printf("%7lld  %5lld  %8s  %6lld  %9lld  %4lld  ",
	    h->jobs_pending, h->lanes_pending, oldest, h->leased, h->uncertain,
	    h->dead);
	if (h->paused_until == NULL) {
		(void)puts("no");
		return;
	}
	(void)printf("until %s: ", h->paused_until);
	print_line(h->pause_reason);
	(void)putchar('\n');
}

void
queue_print_json(json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_INDENT(2));
	(void)putchar('\n');
	json_decref(value);
}

static int
show(struct command_context *c, struct db_conn *db,
    const struct queue_request *r)
{
	struct queue_health *list;
	json_t *all;
	bool missing = false;
	size_t count, i;
	enum rc rc;

	rc = queue_health_list(db, c->arena, &list, &count, &c->err);
	if (rc != RC_OK)
		return command_fail(&c->err);
	if (r->json) {
		all = json_array();
		for (i = 0; i < count; i++)
			(void)json_array_append_new(all, health_json(&list[i]));
		queue_print_json(all);
		return EXIT_SUCCESS;
	}
	(void)printf("%-16s  %7s  %5s  %8s  %6s  %9s  %4s  %s\n", "destination",
	    "pending", "lanes", "oldest", "leased", "uncertain", "dead",
	    "paused");
	for (i = 0; i < count; i++) {
		print_health(&list[i]);
		missing |= list[i].partition_missing;
	}
	if (missing)
		(void)puts("tomorrow's partition of frontline_queue.done is "
			   "missing: no relay keeps house");
	return EXIT_SUCCESS;
}

/* ---- pause and resume -------------------------------------------------- */

static int
pause_destination(struct command_context *c, struct db_conn *db,
    const struct queue_request *r)
{
	const char *name = r->names[0];
	char age[PRINT_DURATION_SIZE];
	struct pause p;
	enum rc rc;

	rc = destination_find(db, c->arena, name, &c->err);
	if (rc == RC_OK)
		rc = destination_pause(
		    db, c->arena, name, r->duration, r->why, &p, &c->err);
	if (rc != RC_OK)
		return command_fail(&c->err);
	(void)printf("%s: %s until %s: ", name,
	    p.longer ? "a longer pause holds already," : "paused", p.until);
	print_line(p.why);
	(void)putchar('\n');
	if (p.outlives) {
		format_duration(age, p.max_age);
		(void)printf(
		    "work that is older than %s by then is given up\n", age);
	}
	return EXIT_SUCCESS;
}

static int
resume_destination(struct command_context *c, struct db_conn *db,
    const struct queue_request *r)
{
	const char *name = r->names[0];
	bool paused = false;
	enum rc rc;

	rc = destination_find(db, c->arena, name, &c->err);
	if (rc == RC_OK)
		rc = destination_resume(db, c->arena, name, &paused, &c->err);
	if (rc != RC_OK)
		return command_fail(&c->err);
	(void)printf("%s: %s\n", name, paused ? "resumed" : "was not paused");
	return EXIT_SUCCESS;
}

/* ---- the command line -------------------------------------------------- */

enum names { NAMES_NONE, NAMES_ONE, NAMES_IDS };

static const struct errand {
	const char *word;
	const char *options; /* that it takes, by their letters */
	enum names names;
	queue_errand *run;
} errands[] = {
	{ "show", "jb", NAMES_NONE, show },
	{ "dead", "dnpjb", NAMES_NONE, queue_dead },
	{ "redrive", "adb", NAMES_IDS, queue_redrive },
	{ "drop", "b", NAMES_IDS, queue_drop },
	{ "pause", "fwb", NAMES_ONE, pause_destination },
	{ "resume", "b", NAMES_ONE, resume_destination },
};

static const struct errand *
find_errand(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(errands) / sizeof(errands[0]); i++)
		if (strcmp(errands[i].word, word) == 0)
			return &errands[i];
	return NULL;
}

static bool
is_digits(const char *text, size_t most)
{
	const size_t len = strlen(text);

	return len > 0 && len <= most && strspn(text, "0123456789") == len;
}

/* Seconds, or an interval in the words of PostgreSQL. */
static const char *
read_duration(struct arena *a, const char *text)
{
	char interval[ID_DIGITS + sizeof(" seconds")];
	int len;

	if (!is_digits(text, ID_DIGITS))
		return text;
	len = snprintf(interval, sizeof(interval), "%s seconds", text);
	return arena_copy(a, interval, (size_t)len);
}

static const char *
check_why(const char *text)
{
	const char *fault = text_fault(text);

	if (fault == NULL && utf8_count(text, strlen(text)) > WHY_MAX)
		fault = "is longer than 500 characters";
	return fault;
}

/* One option; what is wrong with it, or NULL. */
static const char *
take_option(struct command_context *c, struct queue_request *r, int option)
{
	switch (option) {
	case 'd':
		r->destination = optarg;
		return NULL;
	case 'n':
		if (!is_digits(optarg, 6) || strtol(optarg, NULL, 10) < 1 ||
		    strtol(optarg, NULL, 10) > LIMIT_MAX)
			return "is no number from 1 to 100000";
		r->limit = strtol(optarg, NULL, 10);
		return NULL;
	case 'p':
		r->payload = true;
		return NULL;
	case 'a':
		r->all = true;
		return NULL;
	case 'f':
		r->duration = read_duration(c->arena, optarg);
		return optarg[0] == '\0' ? "is empty" : NULL;
	case 'w':
		r->why = optarg;
		return check_why(optarg);
	case 'j':
		r->json = true;
		return NULL;
	default:
		r->conninfo = optarg;
		return NULL;
	}
}

/* False after saying what is wrong. */
static bool
read_options(struct command_context *c, const struct errand *errand,
    struct queue_request *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "destination", required_argument, NULL, 'd' },
		{ "limit", required_argument, NULL, 'n' },
		{ "payload", no_argument, NULL, 'p' },
		{ "all", no_argument, NULL, 'a' },
		{ "for", required_argument, NULL, 'f' },
		{ "why", required_argument, NULL, 'w' },
		{ "json", no_argument, NULL, 'j' },
		{ "database", required_argument, NULL, 'b' },
		{ NULL, 0, NULL, 0 },
	};
	const char *fault;
	int option, which;

	while ((option = getopt_long(argc, argv, "", options, &which)) != -1) {
		if (option == '?') {
			(void)command_misuse("queue", NULL);
			return false;
		}
		fault = strchr(errand->options, option) == NULL
			    ? "is of no use here"
			    : take_option(c, r, option);
		if (fault != NULL) {
			(void)command_misuse("queue", "%s: --%s %s",
			    errand->word, options[which].name, fault);
			return false;
		}
	}
	r->names = argv + optind;
	return true;
}

/* EXIT_BAD_USAGE after saying what is wrong. */
static int
check_usage(const struct errand *errand, const struct queue_request *r)
{
	const char *word = errand->word;
	size_t count = 0;

	for (; r->names[count] != NULL; count++)
		if (errand->names == NAMES_IDS &&
		    !is_digits(r->names[count], ID_DIGITS))
			return command_misuse("queue",
			    "%s: '%s' is no id of a dead letter", word,
			    r->names[count]);
	if ((errand->names == NAMES_NONE || r->all) && count > 0)
		return command_misuse(
		    "queue", "%s: there is no use for '%s'", word, r->names[0]);
	if (errand->names == NAMES_ONE && count != 1)
		return command_misuse(
		    "queue", "%s: one destination, please", word);
	if (errand->names == NAMES_IDS && count == 0 && !r->all)
		return command_misuse(
		    "queue", "%s: which? see frontlinectl queue dead", word);
	if (r->destination != NULL && count > 0)
		return command_misuse("queue",
		    "%s: --destination is of use with --all only", word);
	if (errand->run == pause_destination &&
	    (r->duration == NULL || r->why == NULL))
		return command_misuse("queue", "pause needs --for and --why");
	return EXIT_SUCCESS;
}

int
queue_run(struct command_context *c, int argc, char **argv)
{
	struct queue_request r = { .limit = DEFAULT_LIMIT };
	const struct errand *errand;
	struct db_conn *db;
	int status;

	if (argc < 2)
		return command_misuse("queue",
		    "what? show, dead, redrive, drop, pause or resume");
	if (command_helps(argc, argv, help))
		return EXIT_SUCCESS;
	errand = find_errand(argv[1]);
	if (errand == NULL)
		return command_misuse("queue",
		    "'%s' is none of show, dead, redrive, drop, pause, resume",
		    argv[1]);
	argv[1] = argv[0];
	if (!read_options(c, errand, &r, argc - 1, argv + 1) ||
	    check_usage(errand, &r) != EXIT_SUCCESS)
		return EXIT_BAD_USAGE;
	if (r.conninfo == NULL) {
		if (c->err.rc != RC_OK)
			return command_fail(&c->err);
		r.conninfo = c->config.database.admin_conninfo;
	}
	if (db_open(r.conninfo, &db, &c->err) != RC_OK)
		return command_fail(&c->err);
	status = errand->run(c, db, &r);
	db_close(db);
	return status;
}
