/*
 * words.h -- the small values of Frontline's requests: identities, ids,
 * search text, page sizes, SIDs; and of the events of Conversations.
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

/* One of Twilio's words: a state, a status, a type.  NULL where none. */
struct word {
	const char *text;
};
field_parser word_parse; /* struct word */

/*
 * A number from 0 to 2147483647, in digits.  Never refused: what is none is
 * left out (text is NULL), and is_odd.
 */
struct whole {
	const char *text;
	bool is_odd;
};
field_parser whole_parse; /* struct whole */

/*
 * What a person wrote.  Never refused, nothing is lost: a NUL and each byte
 * that is not UTF-8 becomes U+FFFD.
 */
struct prose {
	const char *text;
};
field_parser prose_parse; /* struct prose */

/* Bytes as they came, for whoever judges them later; NULL where none. */
struct raw {
	const char *bytes;
	size_t len;
};
field_parser raw_parse; /* struct raw */

/* Two given letters and 32 hex digits. */
bool is_sid(const char *text, const char prefix[static 2]);

#endif
