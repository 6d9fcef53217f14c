#include "text/phone.h"

#include "base/utf8.h"

enum { CHAT_IDENTITY_MAX = 256 };

static const char *const channel_names[] = {
	[CHANNEL_SMS] = "sms",
	[CHANNEL_WHATSAPP] = "whatsapp",
	[CHANNEL_CHAT] = "chat",
};

const char *
channel_name(enum channel c)
{
	return channel_names[c];
}

enum rc
channel_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	int c;

	(void)a;
	for (c = CHANNEL_SMS; c <= CHANNEL_CHAT; c++)
		if (strlen(channel_names[c]) == len &&
		    memcmp(channel_names[c], bytes, len) == 0) {
			*(enum channel *)out = (enum channel)c;
			return RC_OK;
		}
	return err_set(
	    e, RC_INVALID, "bad_field", "is none of sms, whatsapp and chat");
}

bool
is_e164(const char *bytes, size_t len)
{
	size_t i;

	if (len < 3 || len > 16 || bytes[0] != '+' || bytes[1] == '0')
		return false;
	for (i = 1; i < len; i++)
		if (bytes[i] < '0' || bytes[i] > '9')
			return false;
	return true;
}

enum rc
address_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	static const char prefix[] = "whatsapp:";
	const size_t prefix_len = sizeof(prefix) - 1;
	struct address *address = out;

	if (is_e164(bytes, len))
		address->channel = CHANNEL_SMS;
	else if (len > prefix_len && memcmp(bytes, prefix, prefix_len) == 0 &&
		 is_e164(bytes + prefix_len, len - prefix_len))
		address->channel = CHANNEL_WHATSAPP;
	else if (bytes[0] != '+' && memchr(bytes, ':', len) == NULL &&
		 memchr(bytes, '\0', len) == NULL &&
		 utf8_is_valid(bytes, len) &&
		 utf8_count(bytes, len) <= CHAT_IDENTITY_MAX)
		address->channel = CHANNEL_CHAT;
	else
		return err_set(e, RC_INVALID, "bad_field",
		    "is neither +E.164, whatsapp:+E.164 nor a chat identity");
	address->text = arena_copy(a, bytes, len);
	return RC_OK;
}
