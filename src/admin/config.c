/*
 * config.c -- frontlinectl config: the settings in force, and every key there
 * is, all from the one table (core/config.h).
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "admin/command.h"
#include "io/db_conninfo.h"

static const char help[] =
    "usage: frontlinectl [-c FILE] config            the settings in force\n"
    "       frontlinectl [-c FILE] config --get SECTION.KEY   one of them\n"
    "       frontlinectl config --keys               all keys, with help\n"
    "       frontlinectl config --mdoc               the same for the manual\n"
    "\n"
    "Secrets are never shown, only the files that hold them.\n";

static void
print_setting(const struct conf_file *file, const struct conf_key *key,
    const char *section)
{
	const struct conf_entry *en = conf_find(file, section, key->name);

	if (en != NULL)
		(void)printf("%s = %s\n", key->name, en->value);
	else if (key->fallback != NULL)
		(void)printf(
		    "%s = %s    ; default\n", key->name, key->fallback);
	else
		(void)printf("; %s is not set\n", key->name);
}

static void
print_section(const struct conf_file *file, const char *section,
    const char *rows, const char **open)
{
	size_t i;

	for (i = 0; i < config_key_count; i++) {
		if (strcmp(config_keys[i].section, rows) != 0)
			continue;
		if (*open == NULL || strcmp(*open, section) != 0) {
			(void)printf(
			    "%s[%s]\n", *open != NULL ? "\n" : "", section);
			*open = section;
		}
		print_setting(file, &config_keys[i], section);
	}
}

static int
print_settings(const struct command_context *c)
{
	const char *open = NULL, *seen = "";
	char section[128];
	size_t i;

	for (i = 0; i < config_key_count; i++) {
		if (strcmp(config_keys[i].section, seen) == 0)
			continue;
		seen = config_keys[i].section;
		if (strcmp(seen, "front.*") != 0)
			print_section(&c->file, seen, seen, &open);
	}
	for (i = 0; i < c->config.front.channel_count; i++) {
		(void)snprintf(section, sizeof(section), "front.%s",
		    c->config.front.channels[i].name);
		open = "";
		print_section(&c->file, section, "front.*", &open);
	}
	return EXIT_SUCCESS;
}

static int
print_one(const struct command_context *c, const char *wanted)
{
	const struct conf_entry *en;
	char name[128];
	size_t i;

	for (i = 0; i < config_key_count; i++) {
		(void)snprintf(name, sizeof(name), "%s.%s",
		    config_keys[i].section, config_keys[i].name);
		if (strcmp(name, wanted) != 0)
			continue;
		en = conf_find(
		    &c->file, config_keys[i].section, config_keys[i].name);
		if (en != NULL)
			(void)puts(en->value);
		else if (config_keys[i].fallback != NULL)
			(void)puts(config_keys[i].fallback);
		return EXIT_SUCCESS;
	}
	(void)fprintf(stderr, "frontlinectl: no key '%s'\n", wanted);
	return EXIT_BAD_USAGE;
}

static int
print_keys(void)
{
	const char *section = "";
	const struct conf_key *k;
	size_t i;

	for (i = 0; i < config_key_count; i++) {
		k = &config_keys[i];
		if (strcmp(k->section, section) != 0) {
			(void)printf("%s[%s]\n", section[0] != '\0' ? "\n" : "",
			    k->section);
			section = k->section;
		}
		(void)printf("%s (%s%s%s%s)\n    %s\n", k->name, k->type,
		    k->need == CONF_REQUIRED ? ", required" : "",
		    k->fallback != NULL ? ", default " : "",
		    k->fallback != NULL ? k->fallback : "", k->help);
	}
	return EXIT_SUCCESS;
}

/* The list in frontline.conf(5); a test compares the two. */
static int
print_mdoc(void)
{
	const char *section = "";
	const struct conf_key *k;
	size_t i;

	for (i = 0; i < config_key_count; i++) {
		k = &config_keys[i];
		if (strcmp(k->section, section) != 0) {
			(void)printf("%s.Ss [%s]\n.Bl -tag -width Ds\n",
			    section[0] != '\0' ? ".El\n" : "", k->section);
			section = k->section;
		}
		(void)printf(".It Ic %s Ns = Ns Ar %s\n", k->name, k->type);
		if (k->need == CONF_REQUIRED)
			(void)printf("Required.\n");
		else if (k->fallback != NULL)
			(void)printf("Default:\n.Ql %s .\n", k->fallback);
		(void)printf("%c%s.\n", k->help[0], k->help + 1);
	}
	(void)printf(".El\n");
	return EXIT_SUCCESS;
}

/* What the other programs refuse when they start. */
static enum rc
check_conninfos(struct command_context *c)
{
	enum rc rc;

	rc = db_conninfo_check_key(&c->file, "fcgi_conninfo",
	    c->config.database.fcgi_conninfo, &c->err);
	if (rc == RC_OK)
		rc = db_conninfo_check_key(&c->file, "fcgi_read_conninfo",
		    c->config.database.fcgi_read_conninfo, &c->err);
	if (rc == RC_OK)
		rc = db_conninfo_check_key(&c->file, "relay_conninfo",
		    c->config.database.relay_conninfo, &c->err);
	return rc;
}

/* Where it cannot be read, the relay runs, and no call of it goes out. */
static enum rc
check_ca_file(struct command_context *c)
{
	static const char section[] = "service", key[] = "ca_file";
	const char *path = c->config.service.ca_file;
	const struct conf_entry *en;

	if (path == NULL || access(path, R_OK) == 0)
		return RC_OK;
	en = conf_find(&c->file, section, key);
	return err_set(&c->err, RC_INVALID, "config", "%s:%d: [%s] %s: %s: %s",
	    c->file.path, en->line, section, key, path, strerror(errno));
}

int
config_run(struct command_context *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "keys", no_argument, NULL, 'k' },
		{ "mdoc", no_argument, NULL, 'm' },
		{ "get", required_argument, NULL, 'g' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *wanted = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'k':
			return print_keys();
		case 'm':
			return print_mdoc();
		case 'g':
			wanted = optarg;
			break;
		case 'h':
			(void)fputs(help, stdout);
			return EXIT_SUCCESS;
		default:
			return command_misuse("config", NULL);
		}
	}
	if (optind < argc)
		return command_misuse(
		    "config", "there is no use for '%s'", argv[optind]);
	if (c->err.rc != RC_OK)
		return command_fail(&c->err);
	if (wanted != NULL)
		return print_one(c, wanted);
	if (check_conninfos(c) != RC_OK || check_ca_file(c) != RC_OK)
		return command_fail(&c->err);
	return print_settings(c);
}
