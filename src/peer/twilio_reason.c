#include "peer/twilio_reason.h"

#include <stddef.h>

static const struct {
	long code;
	const char *words;
} reasons[] = {
	{ 21211, "this is no valid number" },
	{ 21408, "messages to this country are not enabled" },
	{ 21606, "our number cannot send messages" },
	{ 21610, "the customer has opted out" },
	{ 21614, "this number takes no text messages" },
	{ 21617, "the message is too long" },
	{ 30003, "the handset cannot be reached" },
	{ 30004, "the message is blocked" },
	{ 30005, "nobody has this number" },
	{ 30006, "a landline, or a number that takes no text messages" },
	{ 30007, "the carrier has filtered the message" },
	{ 30008, "the carrier says no reason" },
	{ 30034, "our number is not registered with the carriers" },
	{ 30036, "it could not be delivered in time" },
	{ 63003, "the customer does not use WhatsApp" },
	{ 63014, "the customer has blocked us" },
	{ 63016, "on WhatsApp the customer has not written for 24 hours" },
	{ 63019, "a file could not be fetched or shown" },
	{ 63024, "the customer does not use WhatsApp" },
	{ 63033, "the customer has opted out" },
};

const char *
twilio_reason(long code)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == code)
			return reasons[i].words;
	return code != 0 ? "see Twilio's error catalogue" : "it failed";
}
