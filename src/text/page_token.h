/*
 * page_token.h -- where a page of customers ended, as the opaque text that
 * Frontline sends back: base64url of a version, a check sum, the
 * customer_id and its sort key.
 *
 * The check sum finds damage; it is no proof of origin and needs none: the
 * request is signed, and a token grants nothing that the worker may not see.
 */
#ifndef TEXT_PAGE_TOKEN_H
#define TEXT_PAGE_TOKEN_H
#include "text/form.h"

struct page_token {
	const char *customer_id; /* NULL: none was given */
	const char *sort_name;
};

char *page_token_format(struct arena *a, const struct page_token *t);
/* RC_INVALID, code "bad_token", for anything that format() did not write. */
field_parser page_token_parse; /* struct page_token */

#endif
