/*
 * config.h -- every setting of the three programs: one table, one struct.
 *
 * A struct config lives in the arena that it was read into; secrets are wiped
 * when that arena goes.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H
#include <stdbool.h>
#include <stddef.h>

#include "base/conf.h"
#include "base/log.h"
#include "text/url.h"

/* How a customer's name is shown in a conversation. */
enum name_style { NAME_FULL, NAME_FIRST_INITIAL, NAME_PSEUDONYM };

/* Which of Front's two channel interfaces a section [front.NAME] uses. */
enum front_mode { FRONT_MODE_APP, FRONT_MODE_CUSTOM };

/* How the webhooks of a legacy custom channel are signed. */
enum front_verify {
	FRONT_VERIFY_NONE, /* the path token is the only proof */
	FRONT_VERIFY_SHA1,
	FRONT_VERIFY_SHA256,
};

/* What becomes of a message of which nobody can say whether it arrived. */
enum front_uncertain { FRONT_UNCERTAIN_RESEND, FRONT_UNCERTAIN_HOLD };

enum {
	CONFIG_FRONT_CHANNELS = 16,
	CONFIG_FRONT_NUMBERS = 32,
	CONFIG_FRONT_NAME = 40
};

/* Our addresses: +E.164 or whatsapp:+E.164. */
struct front_numbers {
	const char *text; /* as configured */
	const char *list[CONFIG_FRONT_NUMBERS];
	size_t count;
};

struct front_channel {
	const char *name; /* of the section, without "front." */
	enum front_mode mode;
	const char *channel_id;
	/* app: signs requests, and the tokens of ours; custom: API token */
	struct secret secret;
	struct secret next_secret;
	const char *app_uid; /* app alone */
	struct secret path_token;
	struct secret api_token;
	struct secret webhook_secret; /* custom alone */
	enum front_verify legacy_verify;
	struct front_numbers numbers;
};

struct config {
	struct {
		struct base_url public_base_url;
		const char *default_country;
		bool strict_access;
		bool masking;
		enum name_style friendly_name;
		const char *default_worker;
		enum log_level log_level;
		const char *ca_file;
	} service;
	struct {
		const char *account_sid;
		struct secret auth_token;
		struct secret next_auth_token;
		const char *api_key_sid;
		struct secret api_key_secret;
		struct base_url api_base_url;
		struct base_url conversations_base_url;
		struct base_url lookups_base_url;
		struct base_url frontline_base_url;
		const char *media_hosts; /* suffixes, blanks between */
	} twilio;
	struct {
		const char *fcgi_conninfo;
		const char *fcgi_read_conninfo; /* NULL: none */
		const char *relay_conninfo;
		const char *admin_conninfo;
		bool prepared_statements;
		long connections;
	} database;
	struct {
		long processes;
		long nginx_uid;
		long max_body_bytes;
		long max_fields;
		long max_field_bytes;
		long request_timeout_ms;
	} responder;
	struct {
		struct base_url api_base_url;
		const char *first_response_tag;
		const char *download_hosts; /* suffixes, blanks between */
		const char *whatsapp_template;
		long media_minutes;
		enum front_uncertain uncertain;
		struct front_channel channels[CONFIG_FRONT_CHANNELS];
		size_t channel_count;
	} front;
	struct {
		bool enabled;
		long cache_days;
	} lookup;
	struct {
		long twilio_per_second;
		long front_per_minute;
		long users_per_minute;
		long users_interval; /* seconds */
		long call_timeout_ms;
	} limits;
	struct {
		long message_days;
		long job_days;
		long audit_days;
	} retention;
	struct {
		const char *file;
	} metrics;
};

/* The table; rows of one section stand together. */
extern const struct conf_key config_keys[];
extern const size_t config_key_count;

/* Where the programs look when no -c is given. */
extern const char config_default_path[];

/*
 * Reads and checks a file.  RC_INVALID with one sentence that names file,
 * line, section and key; *out is then not to be used.
 */
enum rc config_read(struct arena *a, const char *path, struct config *out,
    struct conf_file *file, struct err *e) MUST_CHECK;

#endif
