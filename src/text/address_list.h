/*
 * address_list.h -- the address field of a binding.  As a rule it holds one
 * address; of a group MMS it holds a list, whose form Twilio does not tell:
 * the field repeated, a JSON array, or commas are all taken.
 */
#ifndef TEXT_ADDRESS_LIST_H
#define TEXT_ADDRESS_LIST_H
#include "text/form.h"

/*
 * Addresses of any prefix, and senders that are no number at all: text of at
 * most LIMIT_ADDRESS characters each.
 */
struct address_list {
	const char *first; /* NULL where there is none */
	unsigned count;
};

/*
 * Adds to the struct, so that a field that is REPEATED is one list.  Commas
 * part addresses only where each piece is a number with or without a prefix;
 * elsewhere they belong to the text, as do brackets around anything but
 * strings.  RC_INVALID: NUL, no UTF-8, or too long.
 */
field_parser address_list_parse; /* struct address_list */

#endif
