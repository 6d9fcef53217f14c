/*
 * sid.h -- Twilio's names of things: two letters and 32 hex digits.
 */
#ifndef TEXT_SID_H
#define TEXT_SID_H
#include "text/form.h"

/* Made only by its parsers; digits in small letters, as Twilio writes them. */
struct sid {
	const char *text; /* NULL where there is none */
};

field_parser conversation_sid_parse; /* CH */
field_parser participant_sid_parse;  /* MB */
field_parser message_sid_parse;      /* IM */
field_parser service_sid_parse;      /* IS */
field_parser text_sid_parse;         /* SM or MM: one text, in or out */

#endif
