/*
 * front_file.h -- the addresses of files in a webhook of Front.  They are
 * called with our credentials later: taken over is only what can be nothing
 * but a file in Front (front.md section 9.4).
 */
#ifndef PEER_FRONT_FILE_H
#define PEER_FRONT_FILE_H
#include <stdbool.h>

#include "base/arena.h"
#include "text/url.h"

/* Front's own names of things: the prefix, then small letters and digits. */
bool is_front_id(const char *text, const char *prefix);

/*
 * The address, put together anew from the parts that were recognised, or NULL.
 * The host is one of Front's, or that of the configured API.
 */
const char *front_file_url(
    struct arena *a, const struct base_url *api, const char *url);

#endif
