#include "core/config.h"

#include "base/limits.h"
#include "core/setting.h"

#ifndef SYSCONFDIR
#	define SYSCONFDIR "/etc"
#endif

const char config_default_path[] = SYSCONFDIR "/frontline/frontline.conf";

#define CONF_OF struct config
const struct conf_key config_keys[] = {
	CONF("service", "public_base_url", struct base_url, setting_base_url,
	    service.public_base_url, .need = CONF_REQUIRED, .type = "URL",
	    .help = "where Twilio reaches this service; signatures are checked "
		    "against it, never against a Host header"),
	CONF("service", "default_country", const char *, setting_country,
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
	CONF("service", "friendly_name", enum name_style, setting_name_style,
	    service.friendly_name, .fallback = "full", .type = "word",
	    .help = "how a conversation is named after its customer: full, "
		    "first_initial or pseudonym"),
	CONF("service", "default_worker", const char *, setting_worker,
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

	CONF("twilio", "account_sid", const char *, setting_account_sid,
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
	CONF("twilio", "api_key_sid", const char *, setting_key_sid,
	    twilio.api_key_sid, .type = "SID",
	    .help = "the API key for REST calls, SK and 32 hex digits; without "
		    "it the account and its auth token are used"),
	CONF("twilio", "api_key_secret_file", struct secret, conf_secret,
	    twilio.api_key_secret, .secret = true, .type = "secret file",
	    .help = "the secret of api_key_sid"),
	CONF("twilio", "api_base_url", struct base_url, setting_base_url,
	    twilio.api_base_url, .fallback = "https://api.twilio.com",
	    .type = "URL", .help = "the Messages API"),
	CONF("twilio", "conversations_base_url", struct base_url,
	    setting_base_url, twilio.conversations_base_url,
	    .fallback = "https://conversations.twilio.com", .type = "URL",
	    .help = "the Conversations API"),
	CONF("twilio", "lookups_base_url", struct base_url, setting_base_url,
	    twilio.lookups_base_url, .fallback = "https://lookups.twilio.com",
	    .type = "URL", .help = "the Lookup API"),
	CONF("twilio", "frontline_base_url", struct base_url, setting_base_url,
	    twilio.frontline_base_url,
	    .fallback = "https://frontline-api.twilio.com", .type = "URL",
	    .help = "the Frontline Users API"),
	CONF("twilio", "media_hosts", const char *, setting_hosts,
	    twilio.media_hosts,
	    .fallback = "twiliocdn.com s3-external-1.amazonaws.com",
	    .type = "hosts",
	    .help = "hosts, or ends of their names, that the Messages API may "
		    "send us to for a picture"),

	CONF("database", "fcgi_conninfo", const char *, conf_text,
	    database.fcgi_conninfo,
	    .fallback = "dbname=frontline user=frontline_fcgi",
	    .may_go_on = true, .type = "conninfo",
	    .help = "how the responder processes connect"),
	CONF("database", "fcgi_read_conninfo", const char *, conf_text,
	    database.fcgi_read_conninfo, .may_go_on = true, .type = "conninfo",
	    .help = "how the responder processes connect to a standby, which "
		    "then answers lists, details and templates; the primary "
		    "does where it cannot"),
	CONF("database", "relay_conninfo", const char *, conf_text,
	    database.relay_conninfo,
	    .fallback = "dbname=frontline user=frontline_relay",
	    .may_go_on = true, .type = "conninfo",
	    .help = "how the relay connects; directly, never through a pooler"),
	CONF("database", "admin_conninfo", const char *, conf_text,
	    database.admin_conninfo,
	    .fallback = "dbname=frontline user=frontline_dba",
	    .may_go_on = true, .type = "conninfo",
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
	CONF("responder", "nginx_user", long, setting_user, responder.nginx_uid,
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

	CONF("front", "api_base_url", struct base_url, setting_base_url,
	    front.api_base_url, .fallback = "https://api2.frontapp.com",
	    .type = "URL", .help = "Front's API"),
	CONF("front", "first_response_tag", const char *, conf_text,
	    front.first_response_tag, .fallback = "sms-first-response-sent",
	    .may_be_empty = true, .type = "text",
	    .help = "tag of a Front conversation that had its first reply; "
		    "empty: none"),
	CONF("front", "download_hosts", const char *, setting_hosts,
	    front.download_hosts, .fallback = "amazonaws.com", .type = "hosts",
	    .help = "hosts, or ends of their names, that Front may send us to "
		    "for a file"),
	CONF("front", "whatsapp_template", const char *, setting_content_sid,
	    front.whatsapp_template, .type = "SID",
	    .help =
		"content template, HX and 32 hex digits, for a reply on "
		"WhatsApp later than 24 h after the customer's last "
		"message; without it such a reply fails, and Front is told"),
	CONF("front", "media_minutes", long, conf_number, front.media_minutes,
	    .fallback = "60", .min = 5, .max = 1440, .type = "minutes",
	    .help =
		"how long Twilio may fetch a file that was sent from Front"),
	CONF("front", "uncertain", enum front_uncertain,
	    setting_front_uncertain, front.uncertain, .fallback = "resend",
	    .type = "word",
	    .help = "what becomes of a message of which nobody can say whether "
		    "it arrived: resend (it may be doubled) or hold (it is a "
		    "dead letter)"),

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

	CONF("metrics", "file", const char *, conf_path, metrics.file,
	    .fallback = "/run/frontline/shared/metrics", .may_be_empty = true,
	    .type = "file",
	    .help = "where all processes of this host count together; empty: "
		    "each counts for itself"),
#undef CONF_OF
#define CONF_OF struct front_channel
	CONF("front.*", "mode", enum front_mode, setting_front_mode, mode,
	    .need = CONF_REQUIRED, .type = "word",
	    .help =
		"app (application channel) or custom (legacy custom channel)"),
	CONF("front.*", "channel_id", const char *, setting_front_channel_id,
	    channel_id, .need = CONF_REQUIRED, .type = "Front id",
	    .help = "the channel's id, which starts with cha_"),
	CONF("front.*", "secret_file", struct secret, conf_secret, secret,
	    .need = CONF_REQUIRED, .secret = true, .type = "secret file",
	    .help = "app: the application's secret; custom: the API token"),
	CONF("front.*", "next_secret_file", struct secret, conf_secret,
	    next_secret, .secret = true, .type = "secret file",
	    .help = "the next such secret, or webhook secret, while it is "
		    "being changed; requests signed with either are accepted"),
	CONF("front.*", "app_uid", const char *, conf_text, app_uid,
	    .type = "text", .help = "app: the application's UID; required"),
	CONF("front.*", "path_token_file", struct secret, setting_path_token,
	    path_token, .need = CONF_REQUIRED, .secret = true,
	    .type = "secret file",
	    .help = "last part of the URL that Front calls; letters, digits, - "
		    "and _"),
	CONF("front.*", "api_token_file", struct secret, conf_secret, api_token,
	    .secret = true, .type = "secret file",
	    .help = "the company's API token: contacts, tags, comments, files; "
		    "custom: secret_file is used without it"),
	CONF("front.*", "webhook_secret_file", struct secret, conf_secret,
	    webhook_secret, .secret = true, .type = "secret file",
	    .help = "custom: what legacy_verify checks requests with"),
	CONF("front.*", "legacy_verify", enum front_verify,
	    setting_front_verify, legacy_verify, .fallback = "none",
	    .type = "word",
	    .help = "custom: how Front signs its requests, none, sha1 or "
		    "sha256; with none only the path token proves them"),
	CONF("front.*", "numbers", struct front_numbers, setting_numbers,
	    numbers, .need = CONF_REQUIRED, .type = "addresses",
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

static enum rc
refuse_channel(const struct conf_file *file, const struct front_channel *ch,
    const char *key, const char *why, struct err *e)
{
	const struct conf_entry *en;
	char section[128];

	(void)snprintf(
	    section, sizeof(section), "%s%s", family_prefix, ch->name);
	en = conf_find(file, section, key);
	return err_set(e, RC_INVALID, "config", "%s:%d: [%s] %s: %s",
	    file->path, en != NULL ? en->line : file->last_line, section, key,
	    why);
}

static bool
have_common_number(
    const struct front_numbers *left, const struct front_numbers *right)
{
	size_t i, k;

	for (i = 0; i < left->count; i++)
		for (k = 0; k < right->count; k++)
			if (strcmp(left->list[i], right->list[k]) == 0)
				return true;
	return false;
}

/* The name is a part of lanes' names, and of log lines. */
static bool
is_channel_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= CONFIG_FRONT_NAME &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static enum rc
check_channel(const struct conf_file *file, const struct config *c, size_t n,
    struct err *e)
{
	const struct front_channel *ch = &c->front.channels[n], *other;

	if (!is_channel_name(ch->name))
		return refuse_channel(file, ch, "mode",
		    "a channel's name has small letters, digits, - and _", e);
	if (ch->mode == FRONT_MODE_APP && ch->app_uid == NULL)
		return refuse_channel(
		    file, ch, "app_uid", "mode = app needs it", e);
	if (ch->mode == FRONT_MODE_APP &&
	    ch->legacy_verify != FRONT_VERIFY_NONE)
		return refuse_channel(file, ch, "legacy_verify",
		    "mode = app has a way of its own", e);
	if (ch->legacy_verify != FRONT_VERIFY_NONE &&
	    ch->webhook_secret.bytes == NULL)
		return refuse_channel(file, ch, "webhook_secret_file",
		    "legacy_verify needs it", e);
	for (other = c->front.channels; other < ch; other++) {
		if (have_common_number(&other->numbers, &ch->numbers))
			return refuse_channel(file, ch, "numbers",
			    "another channel has one of them", e);
		if (strcmp(other->path_token.bytes, ch->path_token.bytes) == 0)
			return refuse_channel(file, ch, "path_token_file",
			    "another channel has the same", e);
	}
	return RC_OK;
}

/* What one row cannot see. */
static enum rc
check_together(
    const struct conf_file *file, const struct config *c, struct err *e)
{
	enum rc rc = RC_OK;
	size_t i;

	if ((c->twilio.api_key_sid != NULL) !=
	    (c->twilio.api_key_secret.bytes != NULL))
		return err_set(e, RC_INVALID, "config",
		    "%s:%d: [twilio] api_key_sid: api_key_sid and "
		    "api_key_secret_file are of use only together",
		    file->path, file->last_line);
	for (i = 0; i < c->front.channel_count && rc == RC_OK; i++)
		rc = check_channel(file, c, i, e);
	return rc;
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
