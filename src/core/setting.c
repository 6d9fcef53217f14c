#include "core/setting.h"

#include <errno.h>
#include <pwd.h>

#include "core/config.h"
#include "text/phone.h"
#include "text/words.h"

enum rc
setting_base_url(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	return base_url_parse(c->arena, value, out, e);
}

enum rc
setting_account_sid(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	if (!is_sid(value, "AC"))
		return err_set(e, RC_INVALID, "config",
		    "'%s' is not AC and 32 hex digits", value);
	return conf_text(c, value, out, e);
}

enum rc
setting_key_sid(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	if (!is_sid(value, "SK"))
		return err_set(e, RC_INVALID, "config",
		    "'%s' is not SK and 32 hex digits", value);
	return conf_text(c, value, out, e);
}

enum rc
setting_country(
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

enum rc
setting_name_style(
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

enum rc
setting_front_mode(
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

enum rc
setting_front_verify(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	static const char *const words[] = {
		[FRONT_VERIFY_NONE] = "none",
		[FRONT_VERIFY_SHA1] = "sha1",
		[FRONT_VERIFY_SHA256] = "sha256",
		NULL,
	};
	int i = find_word(words, value);

	(void)c;
	if (i < 0)
		return err_set(e, RC_INVALID, "config",
		    "'%s' is none of none, sha1, sha256", value);
	*(enum front_verify *)out = (enum front_verify)i;
	return RC_OK;
}

enum rc
setting_front_uncertain(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	static const char *const words[] = {
		[FRONT_UNCERTAIN_RESEND] = "resend",
		[FRONT_UNCERTAIN_HOLD] = "hold",
		NULL,
	};
	int i = find_word(words, value);

	(void)c;
	if (i < 0)
		return err_set(e, RC_INVALID, "config",
		    "'%s' is neither resend nor hold", value);
	*(enum front_uncertain *)out = (enum front_uncertain)i;
	return RC_OK;
}

enum rc
setting_front_channel_id(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	if (strncmp(value, "cha_", 4) != 0 || strlen(value) < 5 ||
	    strspn(value + 4, "0123456789abcdefghijklmnopqrstuvwxyz") !=
		strlen(value + 4))
		return err_set(e, RC_INVALID, "config",
		    "'%s' is not cha_ and small letters or digits", value);
	return conf_text(c, value, out, e);
}

/* The next word of a list with blanks or commas between, or NULL. */
static const char *
next_word(const char **at, size_t *len)
{
	const char *word = *at + strspn(*at, " ,");

	*len = strcspn(word, " ,");
	*at = word + *len;
	return *len > 0 ? word : NULL;
}

enum rc
setting_numbers(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	struct front_numbers *numbers = out;
	struct address address;
	const char *at = value, *word;
	size_t len, i;

	while ((word = next_word(&at, &len)) != NULL) {
		if (address_parse(c->arena, word, len, &address, e) != RC_OK ||
		    address.channel == CHANNEL_CHAT)
			return err_set(e, RC_INVALID, "config",
			    "'%.*s' is neither +E.164 nor whatsapp:+E.164",
			    (int)len, word);
		for (i = 0; i < numbers->count; i++)
			if (strcmp(numbers->list[i], address.text) == 0)
				return err_set(e, RC_INVALID, "config",
				    "'%s' is there twice", address.text);
		if (numbers->count == CONFIG_FRONT_NUMBERS)
			return err_set(e, RC_INVALID, "config",
			    "more than %d numbers", CONFIG_FRONT_NUMBERS);
		numbers->list[numbers->count++] = address.text;
	}
	numbers->text = value;
	return RC_OK;
}

enum rc
setting_hosts(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	const char *at = value, *word;
	size_t len;

	while ((word = next_word(&at, &len)) != NULL)
		if (strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789.-") !=
			len ||
		    word[0] == '.' || memchr(word, '.', len) == NULL)
			return err_set(e, RC_INVALID, "config",
			    "'%.*s' is no host name in small letters", (int)len,
			    word);
	return conf_text(c, value, out, e);
}

enum rc
setting_content_sid(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	if (!is_sid(value, "HX"))
		return err_set(e, RC_INVALID, "config",
		    "'%s' is not HX and 32 hex digits", value);
	return conf_text(c, value, out, e);
}

enum rc
setting_path_token(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	const struct secret *token = out;
	enum rc rc;

	rc = conf_secret(c, value, out, e);
	if (rc != RC_OK)
		return rc;
	if (strspn(token->bytes,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789-_") != token->len)
		return err_set(e, RC_INVALID, "config",
		    "%s holds more than letters, digits, - and _", value);
	return RC_OK;
}

enum rc
setting_worker(
    const struct conf_context *c, const char *value, void *out, struct err *e)
{
	struct identity who;

	if (identity_parse(c->arena, value, strlen(value), &who, e) != RC_OK)
		return e->rc;
	*(const char **)out = who.text;
	return RC_OK;
}

/* A user's name, or its number, as long. */
enum rc
setting_user(
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
