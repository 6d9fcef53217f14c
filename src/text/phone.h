/*
 * phone.h -- numbers and addresses as Twilio writes them.  A value of these
 * types exists only where its parser made it.
 */
#ifndef TEXT_PHONE_H
#define TEXT_PHONE_H
#include <stdbool.h>
#include <stddef.h>

#include "text/form.h"

/* Twilio's channel types; chat has an identity for an address. */
enum channel { CHANNEL_SMS = 1, CHANNEL_WHATSAPP, CHANNEL_CHAT };

/* "sms", "whatsapp", "chat". */
const char *channel_name(enum channel c);
field_parser channel_parse; /* enum channel */

/* '+', then 2 to 15 digits, the first not 0 (ITU-T E.164). */
bool is_e164(const char *bytes, size_t len);

/* "+14155550142", "whatsapp:+14155550142", or a chat identity. */
struct address {
	const char *text;
	enum channel channel;
};
field_parser address_parse; /* struct address */

#endif
