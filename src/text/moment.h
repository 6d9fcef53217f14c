/*
 * moment.h -- a point in time as Conversations writes it: ISO 8601, a day and
 * a time of day, with a zone or in UTC.
 */
#ifndef TEXT_MOMENT_H
#define TEXT_MOMENT_H
#include <stdbool.h>

#include "text/form.h"

/*
 * text is what PostgreSQL takes for a timestamptz; NULL where nothing was
 * given, or nothing that is a date (is_odd).
 */
struct moment {
	const char *text;
	bool is_odd;
};

/*
 * Never refuses: an event with a date that nobody can read has happened all
 * the same.  Taken are the years 2000 to 2099; a date beyond would make every
 * later event look old.
 */
field_parser moment_parse; /* struct moment */

#endif
