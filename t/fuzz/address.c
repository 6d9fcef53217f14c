/*
 * address.c -- addresses, and the other small values of a request: what is
 * taken is text that PostgreSQL takes, as it came.
 */
#include <stdbool.h>

#include "base/log.h"
#include "base/utf8.h"
#include "t/fuzz/target.h"
#include "text/phone.h"
#include "text/words.h"

static bool
is_text(const char *text, const char *from, size_t len)
{
	return strlen(text) == len && memcmp(text, from, len) == 0 &&
	       utf8_is_valid(text, len);
}

/* Digits between the '+' and the end, by hand. */
static bool
slow_e164(const char *s, size_t len)
{
	size_t i;

	if (len < 1 || s[0] != '+')
		return false;
	for (i = 1; i < len; i++)
		if (strchr("0123456789", s[i]) == NULL || s[i] == '\0')
			return false;
	return len - 1 >= 2 && len - 1 <= 15 && s[1] != '0';
}

static void
look_at_address(struct arena *a, const char *s, size_t len)
{
	char shown[LOG_NUMBER_SIZE];
	struct address address;
	const char *number;
	struct err e;

	PROMISE(is_e164(s, len) == slow_e164(s, len));
	if (address_parse(a, s, len, &address, &e) != RC_OK)
		return;
	PROMISE(is_text(address.text, s, len));
	number = address.text;
	switch (address.channel) {
	case CHANNEL_WHATSAPP:
		PROMISE(strncmp(number, "whatsapp:", 9) == 0);
		number += 9;
		PROMISE(slow_e164(number, strlen(number)));
		break;
	case CHANNEL_SMS:
		PROMISE(slow_e164(number, strlen(number)));
		break;
	case CHANNEL_CHAT:
		PROMISE(number[0] != '+' && strchr(number, ':') == NULL);
		break;
	}
	log_number(shown, address.text);
	PROMISE(strlen(shown) < sizeof(shown));
	/* No more than two digits at each end of a number are shown. */
	if (address.channel != CHANNEL_CHAT && strlen(number) > 6)
		PROMISE(strstr(shown, "**") != NULL &&
			strspn(strrchr(shown, '*') + 1, "0123456789") <= 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct customer_id id = { "" };
	struct identity who = { "" };
	struct query query = { "" };
	enum channel channel = CHANNEL_SMS;
	struct arena *a;
	const char *s;
	struct err e;
	long size = 0;

	a = arena_new();
	/* Values have a NUL behind them (text/form.h). */
	s = arena_copy(a, (const char *)bytes, len);
	look_at_address(a, s, len);
	if (channel_parse(a, s, len, &channel, &e) == RC_OK)
		PROMISE(is_text(channel_name(channel), s, len));
	if (identity_parse(a, s, len, &who, &e) == RC_OK)
		PROMISE(is_text(who.text, s, len));
	if (customer_id_parse(a, s, len, &id, &e) == RC_OK)
		PROMISE(is_text(id.text, s, len));
	if (query_parse(a, s, len, &query, &e) == RC_OK)
		PROMISE(is_text(query.text, s, len));
	PROMISE(page_size_parse(a, s, len, &size, &e) == RC_OK);
	PROMISE(size >= 1 && size <= 200);
	PROMISE(!is_sid(s, "AC") || strlen(s) == 34);
	arena_free(a);
	return 0;
}
