/*
 * url.h -- the URLs of the configuration as values, and percent-encoding.
 * Request targets are never parsed here: a signature covers them byte for
 * byte.
 */
#ifndef TEXT_URL_H
#define TEXT_URL_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * scheme://authority[/path], without user, query or fragment and without a
 * slash at the end.  Strings live in the arena it was parsed into.
 */
struct base_url {
	const char *text;   /* as configured, trailing slash removed */
	const char *scheme; /* "https" or "http" */
	const char *host;   /* lower case; an IPv6 address in its brackets */
	const char *port;   /* NULL where none is written */
	const char *path;   /* "" or "/prefix" */
};

/*
 * Takes https anywhere and http on the loopback interface only: a request
 * that carries a credential or is proven by one must not travel in clear.
 */
enum rc base_url_parse(struct arena *a, const char *text, struct base_url *out,
    struct err *e) MUST_CHECK;

/* Everything but unreserved characters (RFC 3986) becomes %HH. */
void buf_add_url(struct buf *b, const char *bytes, size_t len);

/* A slash and one piece of a path, encoded so that it stays one. */
void buf_add_segment(struct buf *b, const char *segment);

#endif
