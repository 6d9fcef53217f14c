#include "io/db_conninfo.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The nth piece of a list with commas; the only one stands for all. */
static const char *
nth_piece(const char *list, unsigned n, char *out, size_t size)
{
	const char *comma;

	if (list == NULL)
		return NULL;
	while (n-- > 0 && (comma = strchr(list, ',')) != NULL)
		list = comma + 1;
	(void)snprintf(out, size, "%.*s", (int)strcspn(list, ","), list);
	return out;
}

static unsigned
count_pieces(const char *list)
{
	unsigned n = 1;

	if (list == NULL)
		return 0;
	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

static const char *
find_option(const PQconninfoOption *parsed, const char *keyword)
{
	const PQconninfoOption *o;

	for (o = parsed; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, keyword) == 0)
			return o->val;
	return NULL;
}

unsigned
db_conninfo_hosts(const void *parsed)
{
	const unsigned hosts = count_pieces(find_option(parsed, "host"));
	const unsigned addresses =
	    count_pieces(find_option(parsed, "hostaddr"));

	return hosts > addresses ? hosts : addresses;
}

static bool
needs_lookup(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return host[0] != '/' && host[0] != '@' && host[0] != '\0' &&
	       strcmp(host, "localhost") != 0 &&
	       inet_pton(AF_INET, host, address) != 1 &&
	       inet_pton(AF_INET6, host, address) != 1;
}

static enum rc
check_hosts(const PQconninfoOption *parsed, struct err *e)
{
	const char *hosts = find_option(parsed, "host");
	char host[256];
	unsigned i;

	if (hosts == NULL || find_option(parsed, "hostaddr") != NULL)
		return RC_OK;
	for (i = 0; i < count_pieces(hosts); i++)
		if (needs_lookup(nth_piece(hosts, i, host, sizeof(host))))
			return err_set(e, RC_INVALID, "config",
			    "the host '%s' is a name; put its address beside "
			    "it (hostaddr=...), since looking it up would "
			    "stop every request",
			    host);
	return RC_OK;
}

enum rc
db_conninfo_check(const char *conninfo, struct err *e)
{
	PQconninfoOption *parsed;
	char *why = NULL;
	enum rc rc;

	parsed = PQconninfoParse(conninfo, &why);
	if (parsed == NULL) {
		rc = err_set(e, RC_INVALID, "config", "%.*s",
		    why != NULL ? (int)strcspn(why, "\n") : 0,
		    why != NULL ? why : "");
		PQfreemem(why);
		return rc;
	}
	rc = check_hosts(parsed, e);
	PQconninfoFree(parsed);
	return rc;
}

enum rc
db_conninfo_check_key(const struct conf_file *file, const char *key,
    const char *conninfo, struct err *e)
{
	static const char section[] = "database";
	const struct conf_entry *en;

	if (conninfo == NULL || db_conninfo_check(conninfo, e) == RC_OK)
		return RC_OK;
	en = conf_find(file, section, key);
	return err_wrap(e, "%s:%d: [%s] %s", file->path,
	    en != NULL ? en->line : file->last_line, section, key);
}

enum { OPTIONS_MAX = 64, PIECE_SIZE = 256 };

/*
 * One host at a time: libpq's own walk through a list has no time limit of
 * its own, and would start at the first again each time that ours is over.
 */
void *
db_conninfo_start(
    const void *parsed, unsigned host, const char *application_name)
{
	/* What comes first is a default, what comes last a demand. */
	const char *keywords[OPTIONS_MAX] = { "fallback_application_name",
		"tcp_user_timeout", "keepalives_idle", "keepalives_interval",
		"keepalives_count", "gssencmode" };
	const char *values[OPTIONS_MAX] = { application_name, "5000", "10", "5",
		"3", "disable" };
	char pieces[3][PIECE_SIZE];
	const PQconninfoOption *o;
	size_t n = 6, used = 0;

	for (o = parsed; o->keyword != NULL && n < OPTIONS_MAX - 2; o++) {
		if (o->val == NULL)
			continue;
		keywords[n] = o->keyword;
		values[n] = o->val;
		if (strcmp(o->keyword, "host") == 0 ||
		    strcmp(o->keyword, "hostaddr") == 0 ||
		    strcmp(o->keyword, "port") == 0) {
			values[n] =
			    nth_piece(o->val, host, pieces[used], PIECE_SIZE);
			used++;
		}
		n++;
	}
	keywords[n] = "client_encoding";
	values[n] = "UTF8";
	return PQconnectStartParams(keywords, values, 0);
}
