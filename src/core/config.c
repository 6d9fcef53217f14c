#include "core/config.h"

#include <errno.h>
#include <pwd.h>

#include "base/limits.h"
#include "text/phone.h"
#include "text/words.h"

#ifndef SYSCONFDIR
#	define SYSCONFDIR "/etc"
#endif

const char config_default_path[] = SYSCONFDIR "/frontline/frontline.conf";

static enum rc
parse_base_url(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	return base_url_parse(c->arena, value, out, e);
}

static enum rc
parse_account_sid(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	if (!is_sid(value, "AC"))
		return err_set(e, RC_INVALID, "config",
		    "'%s' is not AC and 32 hex digits", value);
	return conf_text(c, value, out, e);
}

static enum rc
parse_key_sid(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	if (!is_sid(value, "SK"))
		return err_set(e, RC_INVALID, "config",
		    "'%s' is not SK and 32 hex digits", value);
	return conf_text(c, value, out, e);
}

static enum rc
parse_country(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	if (strlen(value) != 2 || value[0] < 'A' || value[0] > 'Z' ||
	    value[1] < 'A' || value[1] > 'Z')
		return err_set(e, RC_INVALID, "config",
		    "'%s' is no country code of two capitals (ISO 3166-1)",
		    value);
	return conf_text(c, value, out, e);
}

/* Index of the word in a list that ends with NULL, or -1. */
static int
find_word(const char *const *words, const char *value)
{
	int i;

	for (i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	return -1;
}

static enum rc
parse_name_style(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	static const char *const words[] = {
		[NAME_FULL] = "full",
		[NAME_FIRST_INITIAL] = "first_initial",
		[NAME_PSEUDONYM] = "pseudonym",
		NULL,
	};
	int i = find_word(words, value);

	(void)c;
	if (i < 0)
		return err_set(e, RC_INVALID, "config",
		    "'%s' is none of full, first_initial, pseudonym", value);
	*(enum name_style *)out = (enum name_style)i;
	return RC_OK;
}

static enum rc
parse_front_mode(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	static const char *const words[] = {
		[FRONT_MODE_APP] = "app",
		[FRONT_MODE_CUSTOM] = "custom",
		NULL,
	};
	int i = find_word(words, value);

	(void)c;
	if (i < 0)
		return err_set(e, RC_INVALID, "config",
		    "'%s' is neither app nor custom", value);
	*(enum front_mode *)out = (enum front_mode)i;
	return RC_OK;
}

static enum rc
parse_front_channel_id(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	if (strncmp(value, "cha_", 4) != 0 || strlen(value) < 5 ||
	    strspn(value + 4, "0123456789abcdefghijklmnopqrstuvwxyz") !=
		strlen(value + 4))
		return err_set(e, RC_INVALID, "config",
		    "'%s' is not cha_ and small letters or digits", value);
	return conf_text(c, value, out, e);
}

static enum rc
parse_addresses(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	struct address address;
	const char *at = value;
	size_t len;

	for (;;) {
		at += strspn(at, " ,");
		len = strcspn(at, " ,");
		if (len == 0)
			return conf_text(c, value, out, e);
		if (address_parse(c->arena, at, len, &address, e) != RC_OK ||
		    address.channel == CHANNEL_CHAT)
			return err_set(e, RC_INVALID, "config",
			    "'%.*s' is neither +E.164 nor whatsapp:+E.164",
			    (int)len, at);
		at += len;
	}
}

static enum rc
parse_worker(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	struct identity who;

	if (identity_parse(c->arena, value, strlen(value), &who, e) != RC_OK)
		return e->rc;
	*(const char **)out = who.text;
	return RC_OK;
}

/* A user's name, or its number, as long. */
static enum rc
parse_user(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	const struct passwd *pw;
	char *end;
	long n;

	(void)c;
	errno = 0;
	n = strtol(value, &end, 10);
	if (errno == 0 && *end == '\0' && n >= 0) {
		*(long *)out = n;
		return RC_OK;
	}
	pw = getpwnam(value);
	if (pw == NULL)
		return err_set(e, RC_INVALID, "config",
		    "this machine has no user '%s'", value);
	*(long *)out = (long)pw->pw_uid;
	return RC_OK;
}

#define CONF_OF struct config
const struct conf_key config_keys[] = {
	CONF("service", "public_base_url", struct base_url, parse_base_url,
	    service.public_base_url, .need = CONF_REQUIRED, .type = "URL",
	    .help = "where Twilio reaches this service; signatures are checked "
		    "against it, never against a Host header"),
	CONF("service", "default_country", const char *, parse_country,
	    service.default_country, .fallback = "US", .type = "country",
	    .help = "country of numbers that are written without +, two "
		    "capitals (ISO 3166-1)"),
	CONF("service", "strict_access", bool, conf_bool, service.strict_access,
	    .fallback = "yes", .type = "yes/no",
	    .help = "a worker sees only customers of theirs, of their teams, "
		    "or of an open conversation; no: every customer"),
	CONF("service", "masking", bool, conf_bool, service.masking,
	    .fallback = "no", .type = "yes/no",
	    .help = "set it when Frontline masks phone numbers: a search then "
		    "never matches the hidden last four digits alone"),
	CONF("service", "friendly_name", enum name_style, parse_name_style,
	    service.friendly_name, .fallback = "full", .type = "word",
	    .help = "how a conversation is named after its customer: full, "
		    "first_initial or pseudonym"),
	CONF("service", "default_worker", const char *, parse_worker,
	    service.default_worker, .type = "identity",
	    .help = "who gets an incoming conversation that no routing rule "
		    "places"),
	CONF("service", "log_level", enum log_level, conf_log_level,
	    service.log_level, .fallback = "info", .type = "word",
	    .help = "error, warning, info or debug"),
	CONF("service", "ca_file", const char *, conf_path, service.ca_file,
	    .type = "file",
	    .help = "certificates that frontlinectl and frontline-relay trust "
		    "instead of the system's"),

	CONF("twilio", "account_sid", const char *, parse_account_sid,
	    twilio.account_sid, .need = CONF_REQUIRED, .type = "SID",
	    .help = "the account, AC and 32 hex digits"),
	CONF("twilio", "auth_token_file", struct secret, conf_secret,
	    twilio.auth_token, .need = CONF_REQUIRED, .secret = true,
	    .type = "secret file",
	    .help =
		"the primary auth token, which signs every request of Twilio"),
	CONF("twilio", "next_auth_token_file", struct secret, conf_secret,
	    twilio.next_auth_token, .secret = true, .type = "secret file",
	    .help = "the secondary auth token while it is being promoted; "
		    "requests signed with either are accepted"),
	CONF("twilio", "api_key_sid", const char *, parse_key_sid,
	    twilio.api_key_sid, .type = "SID",
	    .help = "the API key for REST calls, SK and 32 hex digits; without "
		    "it the account and its auth token are used"),
	CONF("twilio", "api_key_secret_file", struct secret, conf_secret,
	    twilio.api_key_secret, .secret = true, .type = "secret file",
	    .help = "the secret of api_key_sid"),
	CONF("twilio", "api_base_url", struct base_url, parse_base_url,
	    twilio.api_base_url, .fallback = "https://api.twilio.com",
	    .type = "URL", .help = "the Messages API"),
	CONF("twilio", "conversations_base_url", struct base_url,
	    parse_base_url, twilio.conversations_base_url,
	    .fallback = "https://conversations.twilio.com", .type = "URL",
	    .help = "the Conversations API"),
	CONF("twilio", "lookups_base_url", struct base_url, parse_base_url,
	    twilio.lookups_base_url, .fallback = "https://lookups.twilio.com",
	    .type = "URL", .help = "the Lookup API"),
	CONF("twilio", "frontline_base_url", struct base_url, parse_base_url,
	    twilio.frontline_base_url,
	    .fallback = "https://frontline-api.twilio.com", .type = "URL",
	    .help = "the Frontline Users API"),

	CONF("database", "fcgi_conninfo", const char *, conf_text,
	    database.fcgi_conninfo,
	    .fallback = "dbname=frontline user=frontline_fcgi",
	    .type = "conninfo", .help = "how the responder processes connect"),
	CONF("database", "relay_conninfo", const char *, conf_text,
	    database.relay_conninfo,
	    .fallback = "dbname=frontline user=frontline_relay",
	    .type = "conninfo",
	    .help = "how the relay connects; directly, never through a pooler"),
	CONF("database", "admin_conninfo", const char *, conf_text,
	    database.admin_conninfo, .fallback = "dbname=frontline",
	    .type = "conninfo",
	    .help = "how frontlinectl connects, as the person who calls it"),
	CONF("database", "prepared_statements", bool, conf_bool,
	    database.prepared_statements, .fallback = "yes", .type = "yes/no",
	    .help = "no: for a pooler in transaction mode (PgBouncer)"),
	CONF("database", "connections", long, conf_number, database.connections,
	    .fallback = "2", .min = 1, .max = 16, .type = "number",
	    .help = "database connections of each responder process"),

	CONF("responder", "processes", long, conf_number, responder.processes,
	    .fallback = "2", .min = 1, .max = 64, .type = "number",
	    .help =
		"responder processes on this host, for whatever starts them"),
	CONF("responder", "nginx_user", long, parse_user, responder.nginx_uid,
	    .fallback = "www-data", .type = "user",
	    .help = "user (name or number) of nginx; a connection of anyone "
		    "else is closed"),
	CONF("responder", "max_body_bytes", long, conf_number,
	    responder.max_body_bytes, .fallback = "65536", .min = 1024,
	    .max = LIMIT_BODY, .type = "bytes",
	    .help = "largest request body; a larger one gets 413"),
	CONF("responder", "max_fields", long, conf_number, responder.max_fields,
	    .fallback = "256", .min = 32, .max = 4096, .type = "number",
	    .help = "most fields of one form"),
	CONF("responder", "max_field_bytes", long, conf_number,
	    responder.max_field_bytes, .fallback = "32768", .min = 256,
	    .max = LIMIT_BODY, .type = "bytes",
	    .help = "longest value of one field"),
	CONF("responder", "request_timeout_ms", long, conf_number,
	    responder.request_timeout_ms, .fallback = "1800", .min = 200,
	    .max = 1900, .type = "milliseconds",
	    .help = "a request that the database has not answered by then gets "
		    "503"),

	CONF("front", "api_base_url", struct base_url, parse_base_url,
	    front.api_base_url, .fallback = "https://api2.frontapp.com",
	    .type = "URL", .help = "Front's API"),
	CONF("front", "first_response_tag", const char *, conf_text,
	    front.first_response_tag, .fallback = "sms-first-response-sent",
	    .may_be_empty = true, .type = "text",
	    .help = "tag of a Front conversation that had its first reply; "
		    "empty: none"),

	CONF("lookup", "enabled", bool, conf_bool, lookup.enabled,
	    .fallback = "no", .type = "yes/no",
	    .help = "ask Twilio Lookup for the name of an unknown number, once "
		    "(Twilio charges for it)"),
	CONF("lookup", "cache_days", long, conf_number, lookup.cache_days,
	    .fallback = "90", .min = 1, .max = 3650, .type = "days",
	    .help = "how long an answer of Lookup is kept, also the answer "
		    "that there is no name"),

	CONF("limits", "twilio_per_second", long, conf_number,
	    limits.twilio_per_second, .fallback = "10", .min = 1, .max = 1000,
	    .type = "number",
	    .help = "calls to Twilio per second of each relay"),
	CONF("limits", "front_per_minute", long, conf_number,
	    limits.front_per_minute, .fallback = "50", .min = 1, .max = 10000,
	    .type = "number",
	    .help = "calls to Front per minute of each relay; your plan of "
		    "Front says how "
		    "many are allowed"),
	CONF("limits", "users_per_minute", long, conf_number,
	    limits.users_per_minute, .fallback = "60", .min = 1, .max = 10000,
	    .type = "number",
	    .help = "look-ups of workers' availability per minute of each "
		    "relay"),
	CONF("limits", "users_interval", long, conf_number,
	    limits.users_interval, .fallback = "60", .min = 0, .max = 86400,
	    .type = "seconds",
	    .help = "how often Frontline is asked about each worker: name, "
		    "picture, state, availability; 0: never, the DBA keeps "
		    "them"),
	CONF("limits", "call_timeout_ms", long, conf_number,
	    limits.call_timeout_ms, .fallback = "15000", .min = 500,
	    .max = 30000, .type = "milliseconds",
	    .help = "how long one call to Twilio or Front may take in all"),

	CONF("retention", "message_days", long, conf_number,
	    retention.message_days, .fallback = "90", .min = 1, .max = 36500,
	    .type = "days", .help = "how long texts of messages are kept"),
	CONF("retention", "job_days", long, conf_number, retention.job_days,
	    .fallback = "7", .min = 1, .max = 36500, .type = "days",
	    .help = "how long delivered jobs are kept"),
	CONF("retention", "audit_days", long, conf_number, retention.audit_days,
	    .fallback = "730", .min = 1, .max = 36500, .type = "days",
	    .help = "how long the audit log is kept"),
#undef CONF_OF
#define CONF_OF struct front_channel
	CONF("front.*", "mode", enum front_mode, parse_front_mode, mode,
	    .need = CONF_REQUIRED, .type = "word",
	    .help =
		"app (application channel) or custom (legacy custom channel)"),
	CONF("front.*", "channel_id", const char *, parse_front_channel_id,
	    channel_id, .need = CONF_REQUIRED, .type = "Front id",
	    .help = "the channel's id, which starts with cha_"),
	CONF("front.*", "secret_file", struct secret, conf_secret, secret,
	    .need = CONF_REQUIRED, .secret = true, .type = "secret file",
	    .help = "app: the application's secret; custom: the API token"),
	CONF("front.*", "numbers", const char *, parse_addresses, numbers,
	    .need = CONF_REQUIRED, .type = "addresses",
	    .help = "our numbers that this channel serves, blanks between"),
#undef CONF_OF
};

const size_t config_key_count = sizeof(config_keys) / sizeof(config_keys[0]);

static const char family_prefix[] = "front.";

static enum rc
read_front_channels(struct conf_file *file, struct config *c, struct err *e)
{
	const char *section, *seen = NULL;
	struct front_channel *channel;
	enum rc rc;
	size_t i, k;

	for (i = 0; i < file->count; i++) {
		section = file->entries[i].section;
		if (strncmp(section, family_prefix, strlen(family_prefix)) != 0)
			continue;
		for (k = 0; k < c->front.channel_count; k++) {
			seen = c->front.channels[k].name;
			if (strcmp(section + strlen(family_prefix), seen) == 0)
				break;
		}
		if (k < c->front.channel_count)
			continue;
		if (k == CONFIG_FRONT_CHANNELS)
			return err_set(e, RC_INVALID, "config",
			    "%s:%d: [%s]: more than %d Front channels",
			    file->path, file->entries[i].line, section,
			    CONFIG_FRONT_CHANNELS);
		channel = &c->front.channels[c->front.channel_count++];
		channel->name = section + strlen(family_prefix);
		rc = conf_apply(file, config_keys, config_key_count, section,
		    "front.*", channel, e);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* What one row cannot see. */
static enum rc
check_together(
    const struct conf_file *file, const struct config *c, struct err *e)
{
	if ((c->twilio.api_key_sid != NULL) !=
	    (c->twilio.api_key_secret.bytes != NULL))
		return err_set(e, RC_INVALID, "config",
		    "%s:%d: [twilio] api_key_sid: api_key_sid and "
		    "api_key_secret_file are of use only together",
		    file->path, file->last_line);
	return RC_OK;
}

enum rc
config_read(struct arena *a, const char *path, struct config *out,
    struct conf_file *file, struct err *e)
{
	const char *section = "";
	enum rc rc;
	size_t i;

	*out = (struct config){ .front = { .channel_count = 0 } };
	rc = conf_read(a, path, file, e);
	if (rc == RC_OK)
		rc =
		    conf_refuse_unknown(file, config_keys, config_key_count, e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; i < config_key_count; i++) {
		if (strcmp(config_keys[i].section, section) == 0)
			continue;
		section = config_keys[i].section;
		if (strcmp(section, "front.*") == 0)
			continue;
		rc = conf_apply(
		    file, config_keys, config_key_count, section, NULL, out, e);
		if (rc != RC_OK)
			return rc;
	}
	rc = read_front_channels(file, out, e);
	if (rc == RC_OK)
		rc = check_together(file, out, e);
	return rc;
}
