/*
 * link.h -- a URL that somebody else wrote, taken apart: where a picture lies,
 * where an answer sends us.  Nobody may be asked for anything by such a URL
 * before its host has been looked at.
 */
#ifndef TEXT_LINK_H
#define TEXT_LINK_H
#include <stdbool.h>

#include "base/arena.h"
#include "text/url.h"

struct link {
	const char *text;   /* as it was */
	bool is_https;      /* or http */
	const char *host;   /* small letters */
	const char *port;   /* NULL where none is written */
	const char *target; /* path and query; at least "/" */
};

/*
 * http or https, a host of letters, digits, dots and hyphens, no user, no
 * fragment, and nothing in it that two readers could take differently.  False
 * for anything else.
 */
bool link_parse(struct arena *a, const char *text, struct link *out);

/* Scheme, host and port of the base, and a path below its path. */
bool link_is_below(const struct link *l, const struct base_url *base);

/*
 * May it be followed from something that the base gave us?  Https to a host
 * that hosts (with blanks between) names, or that ends with "." and one of
 * them; or, where the base is http on this machine, http to the same host.
 */
bool link_may_be_followed(
    const struct link *l, const struct base_url *base, const char *hosts);

#endif
