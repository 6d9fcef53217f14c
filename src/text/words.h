/*
 * words.h -- the small values of Frontline's requests: identities, ids,
 * search text, page sizes, SIDs.
 */
#ifndef TEXT_WORDS_H
#define TEXT_WORDS_H
#include <stdbool.h>
#include <stddef.h>

#include "text/form.h"

/* A worker: the identity of a Frontline app user, case-sensitive. */
struct identity {
	const char *text;
};
field_parser identity_parse; /* struct identity */

/* A customer_id: "not restricted to any particular format". */
struct customer_id {
	const char *text;
};
field_parser customer_id_parse; /* struct customer_id */

/* What the worker typed into the search field; NULL where nothing. */
struct query {
	const char *text;
};
field_parser query_parse; /* struct query */

/*
 * PageSize: never refused.  What is no number, or below 1, is the default;
 * what is too large is the largest.
 */
field_parser page_size_parse; /* long */

/* Two given letters and 32 hex digits. */
bool is_sid(const char *text, const char prefix[static 2]);

#endif
