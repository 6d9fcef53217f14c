/*
 * routes.h -- THE table: every path that the responder answers.  There is no
 * default authentication; a row without one does not pass t/web/routes.
 */
#ifndef WEB_ROUTES_H
#define WEB_ROUTES_H
#include <stddef.h>

#include "web/call.h"

extern const struct route routes[];
extern const size_t route_count;

/*
 * The route of a request target, or NULL.  The path is compared byte for
 * byte: it is signed as it stands, and nothing is decoded or tidied.  Behind
 * a path that ends with a slash stands one more part, which is not empty.
 */
const struct route *route_find(const char *target);

#endif
