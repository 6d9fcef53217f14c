/*
 * user.c -- frontlinectl user: one user of Frontline, at Twilio, which has no
 * list of them and makes none over REST: they are known by identity or SID.
 */
#include <getopt.h>

#include "admin/argument.h"
#include "admin/command.h"
#include "admin/print.h"
#include "admin/twilio_call.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "peer/twilio_resource.h"
#include "store/worker_state.h"

static const char help[] =
    "usage: frontlinectl [-c FILE] user show IDENTITY... [--json]\n"
    "       frontlinectl [-c FILE] user set IDENTITY [--friendly-name NAME]\n"
    "           [--avatar URL] [--state active|deactivated]\n"
    "           [--available yes|no] [--json]\n"
    "\n"
    "Asks Twilio for users of Frontline, or changes one, and prints what it\n"
    "answers.  IDENTITY may also be the user's SID, US and 32 hex digits.\n"
    "show also tells what our database knows of the worker.  set does not\n"
    "change our database: that follows when the relay next asks Twilio.\n"
    "\n"
    "  --friendly-name NAME  the name that customers see\n"
    "  --avatar URL          the picture, https, at most 2048 bytes\n"
    "  --state WORD          active or deactivated\n"
    "  --available yes|no    whether new conversations may come\n"
    "  --json                print Twilio's answer as it came, and that only\n"
    "\n"
    "exit: 0 done, 1 no such user or refused, 64 wrong usage, 69 Twilio was\n"
    "not reached, took no more requests or did not accept our credentials\n";

enum { NAME_MAX_BYTES = 512, AVATAR_MAX_BYTES = 2048 };

/* What was asked for on the command line. */
struct request {
	struct twilio_user_change change;
	bool changes;
	bool json;
};

/* ---- what may be sent -------------------------------------------------- */

static const char *
check_identity(const char *text)
{
	const char *fault = text_fault(text);

	if (fault == NULL && utf8_count(text, strlen(text)) > LIMIT_IDENTITY)
		fault = "is longer than 256 characters";
	/* In a URL they mean another folder, however they are encoded. */
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		fault = "cannot stand in a URL";
	return fault;
}

static const char *
check_name(const char *text)
{
	const char *fault = text_fault(text);

	if (fault == NULL && strlen(text) > NAME_MAX_BYTES)
		fault = "is longer than 512 bytes";
	return fault;
}

static const char *
check_avatar(const char *text)
{
	static const char scheme[] = "https://";
	const char *fault = text_fault(text);

	if (fault != NULL)
		return fault;
	if (strncmp(text, scheme, strlen(scheme)) != 0 ||
	    strchr("/?#", text[strlen(scheme)]) != NULL)
		return "is no https:// URL";
	if (strchr(text, ' ') != NULL || strstr(text, "\xc2\xa0") != NULL)
		return "holds a blank";
	if (strlen(text) > AVATAR_MAX_BYTES)
		return "is longer than 2048 bytes";
	return NULL;
}

static const char *
check_state(const char *text)
{
	return strcmp(text, "active") == 0 || strcmp(text, "deactivated") == 0
		   ? NULL
		   : "is neither active nor deactivated";
}

static const char *
check_available(const char *text)
{
	return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0
		   ? NULL
		   : "is neither yes nor no";
}

/* ---- printing ---------------------------------------------------------- */

enum { LABEL = 18 };

static void
print_field(const char *label, const char *value)
{
	print_column(label, LABEL);
	print_line(value);
	(void)putchar('\n');
}

static const char *
yes_or_no(const char *boolean)
{
	if (boolean == NULL)
		return NULL;
	return strcmp(boolean, "true") == 0 ? "yes" : "no";
}

static void
print_user(const struct twilio_user *user)
{
	print_field("sid", user->sid);
	print_field("identity", user->identity);
	print_field("friendly name", user->friendly_name);
	print_field("avatar", user->avatar);
	print_field("state", user->state);
	print_field("available", yes_or_no(user->is_available));
	print_field("url", user->url);
}

/*
 * What our database knows.  It may be away: Twilio's part is worth having
 * without it.
 */
static void
print_our_side(struct command_context *c, const char *identity)
{
	struct worker_state w;
	struct db_conn *db = NULL;
	enum rc rc;

	(void)fflush(stdout);
	rc = db_open(c->config.database.admin_conninfo, &db, &c->err);
	if (rc == RC_OK)
		rc = worker_state_find(db, c->arena, identity, &w, &c->err);
	db_close(db);
	if (rc != RC_OK) {
		(void)err_wrap(&c->err,
		    rc == RC_NOT_FOUND ? "note: not in our database"
				       : "note: our database does not say");
		(void)command_fail(&c->err);
		return;
	}
	print_field("our friendly name", w.friendly_name);
	print_field("our state", w.state);
	print_field("our available", yes_or_no(w.is_available));
	print_field(
	    "our relay asked", w.asked_at != NULL ? w.asked_at : "never yet");
}

/* ---- asking ------------------------------------------------------------ */

/* Prints what Twilio answers to a request about this user. */
static enum rc
ask(struct command_context *c, const struct peer_request *twilio, bool json,
    struct twilio_user *user)
{
	struct http_answer answer;
	enum rc rc;

	rc = twilio_call(c, twilio, &answer);
	if (rc != RC_OK)
		return rc;
	rc = twilio_user_read(
	    c->arena, answer.body, answer.body_len, user, &c->err);
	if (rc == RC_OK && user->sid == NULL && user->identity == NULL)
		rc = err_set(
		    &c->err, RC_BUSY, "bad_answer", "the answer names no user");
	if (rc != RC_OK)
		return err_wrap(
		    &c->err, "not in Twilio's words%s", twilio_doubt(twilio));
	if (json)
		(void)puts(answer.body);
	else
		print_user(user);
	return RC_OK;
}

static int
fail(struct command_context *c, const char *identity)
{
	(void)err_wrap(&c->err, "%.80s", identity);
	return command_fail(&c->err);
}

/* Goes on where Twilio does not know one of them. */
static int
show(
    struct command_context *c, const struct request *r, char *const *identities)
{
	struct peer_request twilio;
	struct twilio_user user;
	int status = EXIT_SUCCESS;
	size_t i;
	enum rc rc;

	for (i = 0; identities[i] != NULL; i++) {
		if (i > 0 && !r->json)
			(void)putchar('\n');
		twilio_user_fetch(c->arena,
		    &c->config.twilio.frontline_base_url, identities[i],
		    &twilio);
		rc = ask(c, &twilio, r->json, &user);
		if (rc == RC_OK && !r->json)
			print_our_side(c, user.identity != NULL
					      ? user.identity
					      : identities[i]);
		if (rc == RC_OK)
			continue;
		(void)fflush(stdout);
		status = fail(c, identities[i]);
		if (rc != RC_NOT_FOUND)
			return status;
	}
	return status;
}

static int
set(struct command_context *c, const struct request *r, const char *identity)
{
	struct peer_request twilio;
	struct twilio_user user;

	twilio_user_update(c->arena, &c->config.twilio.frontline_base_url,
	    identity, &r->change, &twilio);
	return ask(c, &twilio, r->json, &user) == RC_OK ? EXIT_SUCCESS
							: fail(c, identity);
}

/* ---- the command line -------------------------------------------------- */

/* False after saying what is wrong with a value. */
static bool
accept(const char *what, const char *text, const char *fault)
{
	if (fault == NULL)
		return true;
	(void)command_misuse("user", "%s: '%.80s' %s", what, text, fault);
	return false;
}

/* False after saying what is wrong. */
static bool
read_options(struct request *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "friendly-name", required_argument, NULL, 'f' },
		{ "avatar", required_argument, NULL, 'a' },
		{ "state", required_argument, NULL, 's' },
		{ "available", required_argument, NULL, 'v' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct twilio_user_change *change = &r->change;
	int option;
	bool good = true;

	while (good &&
	       (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		r->changes |= option != 'j';
		switch (option) {
		case 'f':
			change->friendly_name = optarg;
			good = accept(
			    "--friendly-name", optarg, check_name(optarg));
			break;
		case 'a':
			change->avatar = optarg;
			good = accept("--avatar", optarg, check_avatar(optarg));
			break;
		case 's':
			change->state = optarg;
			good = accept("--state", optarg, check_state(optarg));
			break;
		case 'v':
			change->is_available =
			    strcmp(optarg, "yes") == 0 ? "true" : "false";
			good = accept(
			    "--available", optarg, check_available(optarg));
			break;
		case 'j':
			r->json = true;
			break;
		default:
			(void)command_misuse("user", NULL);
			good = false;
			break;
		}
	}
	return good;
}

/* EXIT_BAD_USAGE after saying what is wrong. */
static int
check_usage(bool is_set, const struct request *r, char *const *identities)
{
	size_t i;

	if (identities[0] == NULL)
		return command_misuse("user", "which? an identity or a SID");
	if (is_set && identities[1] != NULL)
		return command_misuse("user",
		    "set changes one user: there is no use for '%s'",
		    identities[1]);
	if (is_set && !r->changes)
		return command_misuse("user", "nothing to set");
	if (!is_set && r->changes)
		return command_misuse("user", "show changes nothing");
	for (i = 0; identities[i] != NULL; i++)
		if (!accept("identity", identities[i],
			check_identity(identities[i])))
			return EXIT_BAD_USAGE;
	return EXIT_SUCCESS;
}

int
user_run(struct command_context *c, int argc, char **argv)
{
	struct request r = { .json = false };
	bool is_set;

	if (argc < 2)
		return command_misuse("user", "what? show or set");
	if (command_helps(argc, argv, help))
		return EXIT_SUCCESS;
	is_set = strcmp(argv[1], "set") == 0;
	if (!is_set && strcmp(argv[1], "show") != 0)
		return command_misuse(
		    "user", "'%s' is neither show nor set", argv[1]);
	argv[1] = argv[0];
	if (!read_options(&r, argc - 1, argv + 1) ||
	    check_usage(is_set, &r, argv + 1 + optind) != EXIT_SUCCESS)
		return EXIT_BAD_USAGE;
	if (c->err.rc != RC_OK)
		return command_fail(&c->err);
	return is_set ? set(c, &r, argv[1 + optind])
		      : show(c, &r, argv + 1 + optind);
}
