#include "core/config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "core/setting.h"
#include "t/tap.h"

static char dir[] = "/tmp/config-XXXXXX";
static char path[64], token_path[64];
static struct arena *arena;
static struct config config;
static struct conf_file file;
static struct err err;

static void
write_file(const char *to, const char *text, mode_t mode)
{
	FILE *f;

	f = fopen(to, "w");
	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 ||
	    chmod(to, mode) != 0)
		diag("%s cannot be written", to);
}

/* The settings that have no default, then more; nginx_user is a number, since
 * no machine must have that user. */
static enum rc
read_with(const char *service, const char *more)
{
	struct buf b;
	enum rc rc;

	buf_init(&b);
	buf_addf(&b,
	    "[service]\n"
	    "public_base_url = https://crm.example.org\n"
	    "%s\n"
	    "[twilio]\n"
	    "account_sid = AC0123456789abcdef0123456789abcdef\n"
	    "auth_token_file = %s\n"
	    "[responder]\n"
	    "nginx_user = 33\n"
	    "%s",
	    service, token_path, more);
	write_file(path, b.bytes, 0600);
	buf_release(&b);
	/* Secrets are wiped in the struct that they were read into. */
	arena_reset(arena);
	memset(&config, 0xa5, sizeof(config));
	rc = config_read(arena, path, &config, &file, &err);
	if (rc != RC_OK && strncmp(err.text, path, strlen(path)) != 0)
		diag("does not name the file: %s", err.text);
	return rc;
}

/* ---- the table --------------------------------------------------------- */

static void
test_table(void)
{
	const struct conf_key *k, *other;
	size_t i, j, untold = 0, repeated = 0, torn = 0, odd = 0;

	for (i = 0; i < config_key_count; i++) {
		k = &config_keys[i];
		untold += k->help == NULL || k->help[0] == '\0' ||
			  k->type == NULL || k->parse == NULL;
		odd += k->help != NULL && strpbrk(k->help, "\n\t\"\\") != NULL;
		odd += k->secret != (k->parse == conf_secret ||
					k->parse == setting_path_token);
		odd += k->need == CONF_REQUIRED && k->fallback != NULL;
		odd += k->parse == conf_number && k->min >= k->max;
		for (j = 0; j < i; j++) {
			other = &config_keys[j];
			if (strcmp(other->section, k->section) != 0)
				continue;
			repeated += strcmp(other->name, k->name) == 0;
			torn +=
			    strcmp(config_keys[i - 1].section, k->section) != 0;
		}
	}
	ok(config_key_count > 30, "%zu settings", config_key_count);
	is_int(untold, 0, "each says its type and what it is for");
	is_int(odd, 0, "in the same way");
	is_int(repeated, 0, "none is there twice");
	is_int(torn, 0, "those of one section stand together");
}

/* ---- values ------------------------------------------------------------ */

static void
test_defaults(void)
{
	is_int(read_with("", ""), RC_OK, "a file of three settings");
	is_str(config.service.public_base_url.host, "crm.example.org", "URL");
	is_str(config.twilio.auth_token.bytes, "0123456789abcdef", "token");
	ok(config.twilio.next_auth_token.bytes == NULL, "no next token");
	ok(config.service.strict_access, "access is strict");
	ok(!config.service.masking, "numbers are not masked");
	is_str(config.service.default_country, "US", "the country");
	is_int(config.service.friendly_name, NAME_FULL, "full names");
	is_int(config.service.log_level, LOG_LEVEL_INFO, "the log level");
	is_str(config.service.ca_file, NULL, "the system's certificates");
	is_str(config.twilio.api_base_url.text, "https://api.twilio.com",
	    "Twilio's address");
	is_str(config.database.fcgi_conninfo,
	    "dbname=frontline user=frontline_fcgi", "the database");
	ok(config.database.prepared_statements, "statements are prepared");
	is_int(config.database.connections, 2, "two connections");
	is_int(config.responder.processes, 2, "two processes");
	is_int(config.responder.nginx_uid, 33, "nginx, by its number");
	is_int(config.responder.max_body_bytes, 65536, "64 kB of body");
	is_int(config.responder.max_fields, 256, "256 fields");
	is_int(config.responder.max_field_bytes, 32768, "32 kB of field");
	is_int(config.responder.request_timeout_ms, 1800, "1.8 s");
	is_int(config.front.channel_count, 0, "no channel of Front");
	ok(!config.lookup.enabled, "no look-up");
	is_int(config.retention.message_days, 90, "90 days");
}

/* A file of its own for the path token of a channel; valid until the next. */
static const char *
path_token(size_t n)
{
	static char name[96];
	char token[32];

	(void)snprintf(name, sizeof(name), "%s/path%zu", dir, n);
	(void)snprintf(token, sizeof(token), "path-token_%06zu\n", n);
	write_file(name, token, 0400);
	return name;
}

static void
test_channels(void)
{
	const struct front_channel *ch = &config.front.channels[0];
	struct buf b;
	size_t i;

	buf_init(&b);
	for (i = 0; i < CONFIG_FRONT_CHANNELS + 1; i++) {
		buf_addf(&b,
		    "[front.c%zu]\nmode = %s\nchannel_id = cha_%zu\n"
		    "secret_file = %s\npath_token_file = %s\n%s"
		    "numbers = +14155550%zu, whatsapp:+14155551%zu\n",
		    i, i == 0 ? "app" : "custom", i, token_path, path_token(i),
		    i == 0 ? "app_uid = 0a1b\n" : "", 100 + i, 100 + i);
		if (i + 1 < CONFIG_FRONT_CHANNELS)
			continue;
		is_int(read_with("", b.bytes),
		    i < CONFIG_FRONT_CHANNELS ? RC_OK : RC_INVALID,
		    "%zu channels of Front", i + 1);
		if (i == CONFIG_FRONT_CHANNELS)
			break;
		is_str(ch->name, "c0", "its name");
		is_str(ch->app_uid, "0a1b", "its application");
		is_str(ch->path_token.bytes, "path-token_000000", "its token");
		is_int(ch->numbers.count, 2, "two numbers");
		is_str(ch->numbers.list[1], "whatsapp:+14155551100",
		    "with their prefix");
		is_int(ch->legacy_verify, FRONT_VERIFY_NONE, "no old check");
		ok(ch->next_secret.bytes == NULL && ch->api_token.bytes == NULL,
		    "what is not there is not");
	}
	ok(strstr(err.text, "[front.c16]: more than 16 Front channels") != NULL,
	    "... and why they are too many");
	buf_release(&b);
	is_int(read_with("", "[front.support]\nmode=app\nchannel_id=cha_a1\n"
			     "secret_file=/nonexistent\nnumbers=+14155550142"),
	    RC_INVALID, "a channel without its secret");
	ok(strstr(err.text, "[front.support] secret_file: /nonexistent: ") !=
		NULL,
	    "... and why");
}

/* What one row of a channel's section cannot see. */
static void
test_channels_together(void)
{
	static const struct {
		const char *name, *more;
		size_t token;
		const char *refusal; /* NULL: none */
	} cases[] = {
		{ "b", "mode=app\napp_uid=1\nnumbers=+14155550143", 1, NULL },
		{ "b", "mode=app\nnumbers=+14155550143", 1,
		    "[front.b] app_uid: mode = app needs it" },
		{ "B", "mode=custom\nnumbers=+14155550143", 1,
		    "[front.B] mode: a channel's name has" },
		{ "b", "mode=custom\nnumbers=+14155550142", 1,
		    ":20: [front.b] numbers: another channel has one" },
		{ "b", "mode=custom\nnumbers=whatsapp:+14155550142", 1, NULL },
		{ "b", "mode=custom\nnumbers=+14155550143", 0,
		    ":18: [front.b] path_token_file: another channel has" },
		{ "b", "mode=custom\nnumbers=+14155550143\nlegacy_verify=sha1",
		    1,
		    "[front.b] webhook_secret_file: legacy_verify needs it" },
		{ "b",
		    "mode=app\napp_uid=1\nnumbers=+14155550143\n"
		    "legacy_verify=sha256",
		    1, "[front.b] legacy_verify: mode = app has a way" },
		{ "b", "mode=custom\nnumbers=+14155550143\nlegacy_verify=md5",
		    1, "[front.b] legacy_verify: 'md5' is none of" },
	};
	struct buf b;
	size_t i;

	buf_init(&b);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		buf_addf(&b,
		    "[front.a]\nmode=custom\nchannel_id=cha_1\n"
		    "secret_file=%s\npath_token_file=%s\n"
		    "numbers=+14155550142\n",
		    token_path, path_token(0));
		buf_addf(&b,
		    "[front.%s]\nchannel_id=cha_2\nsecret_file=%s\n"
		    "path_token_file=%s\n%s\n",
		    cases[i].name, token_path, path_token(cases[i].token),
		    cases[i].more);
		is_int(read_with("", b.bytes),
		    cases[i].refusal == NULL ? RC_OK : RC_INVALID,
		    "two channels, number %zu", i);
		if (cases[i].refusal != NULL &&
		    !ok(strstr(err.text, cases[i].refusal) != NULL,
			"... and why"))
			diag("%s", err.text);
	}
	buf_release(&b);
}

static void
test_refusals(void)
{
	static const struct {
		const char *service, *more, *refusal;
	} cases[] = {
		{ "default_country = us", "",
		    ":3: [service] default_country: 'us' is no country code" },
		{ "default_country = USA", "", ":3: [service] default_" },
		{ "friendly_name = Full", "",
		    ":3: [service] friendly_name: 'Full' is none of full" },
		{ "default_worker = \xff", "",
		    ":3: [service] default_worker: is not UTF-8" },
		{ "ca_file = ca.pem", "", ":3: [service] ca_file: 'ca.pem'" },
		{ "public_base_url = https://x.example", "",
		    ":3: [service] public_base_url: given before in line 2" },
		{ "strict = yes", "", ":3: [service] strict: no such key" },
		{ "", "max_body_bytes = 65537",
		    ":9: [responder] max_body_bytes: '65537' is not a number "
		    "from 1024 to 65536" },
		{ "", "request_timeout_ms = 6000",
		    ":9: [responder] request_timeout_ms: " },
		{ "", "processes = 0", ":9: [responder] processes: " },
		{ "", "[twilio]\napi_key_sid = SKx",
		    ":10: [twilio] api_key_sid: 'SKx' is not SK and" },
		{ "",
		    "[twilio]\napi_key_sid = "
		    "SK0123456789abcdef0123456789abcdef",
		    "[twilio] api_key_sid: api_key_sid and api_key_secret_file "
		    "are of use only together" },
		{ "", "[twilio]\napi_base_url = http://api.twilio.com",
		    ":10: [twilio] api_base_url: http:// is allowed on "
		    "loopback only" },
		{ "", "[front.a]\nmode = both",
		    ":10: [front.a] mode: 'both' is neither app nor custom" },
		{ "", "[front.a]\nmode = app\nchannel_id = CHA_1",
		    ":11: [front.a] channel_id: 'CHA_1' is not cha_" },
		{ "", "[front.a]\nmode = app\nchannel_id = cha_",
		    ":11: [front.a] channel_id: " },
		{ "", "[front.a]\nmode = app",
		    ":10: [front.a] channel_id: is " },
		{ "", "[front.a]\nnumbers = +15005550006",
		    "[front.a] mode: is missing" },
		{ "", "[front.a]\ncolour = red",
		    ":10: [front.a] colour: no such key" },
		{ "", "[front]\ndownload_hosts = *.example.com",
		    ":10: [front] download_hosts: '*.example.com' is no host" },
		{ "", "[twilio]\nmedia_hosts = com",
		    ":10: [twilio] media_hosts: 'com' is no host" },
		{ "", "[front]\nwhatsapp_template = HX1",
		    ":10: [front] whatsapp_template: 'HX1' is not HX" },
		{ "", "[front]\nuncertain = maybe",
		    ":10: [front] uncertain: 'maybe' is neither resend" },
		{ "", "[front]\nmedia_minutes = 4",
		    ":10: [front] media_minutes: " },
		{ "", "[database]\nconnections = 17",
		    ":10: [database] connections: " },
		{ "", "[lookup]\nenabled = perhaps",
		    ":10: [lookup] enabled: " },
		{ "", "[limits]\ntwilio_per_second = ten",
		    ":10: [limits] twilio_per_second: " },
		{ "", "[retention]\naudit_days = 0",
		    ":10: [retention] audit_days: " },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_int(read_with(cases[i].service, cases[i].more), RC_INVALID,
		    "refused: settings number %zu", i);
		if (!ok(strstr(err.text, cases[i].refusal) != NULL,
			"... and why"))
			diag("%s", err.text);
	}
}

static void
test_numbers(void)
{
	static const struct {
		const char *numbers;
		enum rc rc;
	} cases[] = {
		{ "+14155550142", RC_OK },
		{ "whatsapp:+14155550142 +14155550142,+4790112233", RC_OK },
		{ "+14155550142 +4790112233 +14155550142", RC_INVALID },
		{ "4155550142", RC_INVALID },
		{ "ana@example.com", RC_INVALID },
		{ "+14155550142;+4790112233", RC_INVALID },
		{ "sms:+14155550142", RC_INVALID },
	};
	char more[300];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(more, sizeof(more),
		    "[front.a]\nmode=app\nchannel_id=cha_1\nsecret_file=%s\n"
		    "app_uid=1\npath_token_file=%s\nnumbers=%s\n",
		    token_path, token_path, cases[i].numbers);
		is_int(read_with("", more), cases[i].rc, "numbers '%s'",
		    cases[i].numbers);
	}
}

static void
test_users(void)
{
	char text[300];
	static const struct {
		const char *user;
		long uid; /* -1: refused */
	} cases[] = {
		{ "root", 0 },
		{ "0", 0 },
		{ "4711", 4711 },
		{ "nobody-has-this-name", -1 },
		{ "-1", -1 },
		{ "12x", -1 },
	};
	size_t i;
	enum rc rc;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text),
		    "[service]\npublic_base_url=https://x.example\n[twilio]\n"
		    "account_sid=AC0123456789abcdef0123456789abcdef\n"
		    "auth_token_file=%s\n[responder]\nnginx_user=%s\n",
		    token_path, cases[i].user);
		write_file(path, text, 0600);
		arena_reset(arena);
		rc = config_read(arena, path, &config, &file, &err);
		ok(cases[i].uid < 0
			? rc == RC_INVALID
			: rc == RC_OK &&
			      config.responder.nginx_uid == cases[i].uid,
		    "nginx_user '%s'", cases[i].user);
	}
}

/* Each setting that has no default is asked for by its name. */
static void
test_required(void)
{
	static const char *const lines[] = {
		"public_base_url=https://x.example",
		"account_sid=AC0123456789abcdef0123456789abcdef",
		"auth_token_file=",
	};
	char text[300], name[40];
	size_t i;

	for (i = 0; i < 3; i++) {
		(void)snprintf(text, sizeof(text),
		    "[service]\n%s\n[twilio]\n%s\n%s%s\n"
		    "[responder]\nnginx_user=33\n",
		    i == 0 ? "" : lines[0], i == 1 ? "" : lines[1],
		    i == 2 ? "" : lines[2], i == 2 ? "" : token_path);
		write_file(path, text, 0600);
		arena_reset(arena);
		is_int(config_read(arena, path, &config, &file, &err),
		    RC_INVALID, "refused: without %s", lines[i]);
		(void)snprintf(name, sizeof(name), "%.*s: is missing",
		    (int)strcspn(lines[i], "="), lines[i]);
		ok(strstr(err.text, name) != NULL, "... and named");
	}
}

int
main(void)
{
	size_t i;

	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/conf", dir);
	(void)snprintf(token_path, sizeof(token_path), "%s/token", dir);
	write_file(token_path, "0123456789abcdef\n", 0400);
	arena = arena_new();
	test_table();
	test_defaults();
	test_channels();
	test_channels_together();
	test_refusals();
	test_numbers();
	test_users();
	test_required();
	arena_free(arena);
	(void)unlink(path);
	(void)unlink(token_path);
	for (i = 0; i <= CONFIG_FRONT_CHANNELS; i++)
		(void)unlink(path_token(i));
	(void)rmdir(dir);
	return done_testing();
}
