/*
 * friendly_name.h -- what a conversation is called after its customer.  Pure.
 */
#ifndef CORE_FRIENDLY_NAME_H
#define CORE_FRIENDLY_NAME_H
#include "base/buf.h"
#include "core/config.h"

struct friendly_name {
	enum name_style style;
	bool masking; /* Frontline hides the last four digits of numbers */
	const char *customer_id;  /* NULL: nobody has the address */
	const char *display_name; /* with it never NULL */
	const char *first_name;   /* either may be NULL */
	const char *last_name;
	const char *address;
};

/*
 * Adds the name, at most LIMIT_FRIENDLY_NAME characters:
 *   full           the display name
 *   first_initial  "Ines O.", from first and last name; without a first name
 *                  from the first and last word of the display name
 *   pseudonym      "Customer 1041", by customer_id
 * Nobody's address stands for itself; where numbers are masked or customers
 * have pseudonyms, without its last four digits, and if it is no number,
 * "Unknown customer".
 */
void friendly_name_format(struct buf *out, const struct friendly_name *n);

#endif
