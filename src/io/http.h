/*
 * http.h -- one HTTP request, waited for.  The only file that knows libcurl.
 * TLS is always verified, redirects are not followed, proxies and .netrc of
 * the environment are ignored.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct http_header {
	const char *name;
	const char *value;
};

struct http_request {
	const char *url;
	const char *ca_file; /* NULL: the system's certificates */
	const struct http_header *headers;
	size_t header_count;
	const char *body; /* sent by POST */
	size_t body_len;
};

struct http_answer {
	long status;
	const char *body; /* in the arena, NUL-terminated */
	size_t body_len;
};

/* RC_BUSY where no whole answer came; its text says why. */
enum rc http_post(struct arena *a, const struct http_request *request,
    struct http_answer *out, struct err *e) MUST_CHECK;

#endif
