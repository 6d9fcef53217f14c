#include "relay/settings.h"

#include "io/db_conninfo.h"

static enum rc
read_config(
    struct arena *a, const char *path, struct config *config, struct err *e)
{
	struct conf_file file;
	enum rc rc;

	rc = config_read(a, path, config, &file, e);
	if (rc == RC_OK)
		rc = db_conninfo_check_key(&file, "relay_conninfo",
		    config->database.relay_conninfo, e);
	return rc;
}

enum rc
settings_new(const char *path, struct settings **out, struct err *e)
{
	struct settings *s;
	struct arena *a;
	enum rc rc;

	a = arena_new();
	s = arena_alloc(a, sizeof(*s));
	s->arena = a;
	s->users = 1;
	rc = read_config(a, path, &s->config, e);
	if (rc != RC_OK) {
		arena_free(a);
		return rc;
	}
	if (s->config.twilio.api_key_sid != NULL) {
		s->user = s->config.twilio.api_key_sid;
		s->password = s->config.twilio.api_key_secret.bytes;
	} else {
		s->user = s->config.twilio.account_sid;
		s->password = s->config.twilio.auth_token.bytes;
	}
	*out = s;
	return RC_OK;
}

struct settings *
settings_hold(struct settings *s)
{
	s->users++;
	return s;
}

void
settings_release(struct settings *s)
{
	if (--s->users == 0)
		arena_free(s->arena);
}
