/*
 * delivery_words.c -- what a job says, and what is said of it.
 */
#include <ctype.h>

#include "relay/delivery.h"

/* Room for a whole message: half a character would be refused by PostgreSQL. */
enum { REASON_MAX = 320 };

/* ---- its payload ------------------------------------------------------- */

const char *
delivery_text(const struct delivery *d, const char *key)
{
	return json_string_value(json_object_get(d->payload, key));
}

const char *
delivery_number(struct delivery *d, const char *key)
{
	const json_t *value = json_object_get(d->payload, key);

	if (!json_is_integer(value))
		return NULL;
	return db_number(d->arena, json_integer_value(value));
}

bool
delivery_conversation(struct delivery *d, struct twilio_conversation *out)
{
	*out = (struct twilio_conversation){
		.base = &d->settings->config.twilio.conversations_base_url,
		.service_sid = delivery_text(d, "service_sid"),
		.sid = delivery_text(d, "conversation_sid"),
	};
	if (out->sid != NULL)
		return true;
	delivery_finish(
	    d, QUEUE_DEAD, NULL, "the payload names no conversation");
	return false;
}

/* ---- reasons ----------------------------------------------------------- */

const char *
delivery_error(struct delivery *d)
{
	return arena_copy(d->arena, d->err.text, strlen(d->err.text));
}

/* A copy in which numbers are masked: the last two digits stay. */
static const char *
mask_numbers(struct arena *a, const char *text)
{
	char *out = arena_copy(a, text, strlen(text));
	size_t i = 0, digits;

	while (out[i] != '\0') {
		digits = strspn(out + i, "0123456789");
		if (digits >= 7 &&
		    (i == 0 || !isalnum((unsigned char)out[i - 1])))
			memset(out + i, '*', digits - 2);
		i += digits > 0 ? digits : 1;
	}
	for (i = 0; out[i] != '\0'; i++)
		if (out[i] == '"')
			out[i] = '\'';
	return out;
}

const char *
delivery_reason(struct delivery *d, const struct peer_answer *answer)
{
	char text[REASON_MAX];

	(void)snprintf(text, sizeof(text), "status %ld%s%.0ld%s%s",
	    answer->status, answer->code != 0 ? ", code " : "", answer->code,
	    answer->message[0] != '\0' ? ": " : "",
	    mask_numbers(d->arena, answer->message));
	return arena_copy(d->arena, text, strlen(text));
}
