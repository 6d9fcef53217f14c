/*
 * http.h -- HTTPS requests that are not waited for: submit, be called back.
 * The only file that knows libcurl; it knows URLs and bytes, not Twilio.
 *
 * TLS is always verified; redirects are not followed; proxies and .netrc of
 * the environment are ignored; an answer has a size and a time.  A request
 * with a body is never sent again by libcurl itself when a kept connection
 * turns out to be dead: its body, or each part of it, can be read once only.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/loop.h"
#include "text/form_part.h"

struct http_pool;
struct http_sending;

struct http_options {
	const char *ca_file; /* NULL: the system's certificates */
	long transfers;      /* at most at once; more wait for one to end */
	long connect_ms;
	long total_ms;
};

struct http_header {
	const char *name;
	const char *value;
};

/* Borrowed until on_done or http_cancel(). */
struct http_request {
	const char *method; /* GET, HEAD, POST, PUT, PATCH, DELETE */
	const char *url;
	const struct http_header *headers;
	size_t header_count;
	const char *user; /* of Basic authentication, or NULL */
	const char *password;
	const char *bearer; /* the token of a Bearer, or NULL */
	const char *body;   /* a form unless a header says otherwise, or NULL */
	size_t body_len;
	const struct form_part *parts; /* instead: multipart/form-data */
	size_t part_count;
	size_t answer_max; /* bytes of the answer's body; 0: 1 MiB */
	long total_ms;     /* 0: the pool's */
	/*
	 * Only an address of the public internet will do, whatever DNS says:
	 * for a host that somebody else has named.
	 */
	bool public_only;
};

/* Texts of headers are NULL where there is no such header. */
struct http_answer {
	long status;
	const char *body; /* NUL-terminated */
	size_t body_len;
	const char *retry_after;
	const char *location;
	const char *content_type;
	const char *rate_limit;     /* x-ratelimit-limit, */
	const char *rate_remaining; /* -remaining, */
	const char *rate_reset;     /* -reset */
};

/*
 * Filled by the caller, who keeps it in place until on_done or
 * http_cancel().  rc RC_OK: an answer came, whatever its status; it lives in
 * the arena, and from 400 on without its body where that was too long.
 * Otherwise RC_BUSY, and e->code says how far it got:
 *   "not_sent"   not one byte of the request left
 *   "uncertain"  it may have been taken
 *   "bad_peer"   the peer's certificate is wrong, and nothing was sent
 *   "not_public" the address is not of the public internet; nothing was sent
 *   "too_large"  the answer passed answer_max, where that is given
 */
struct http_call {
	struct http_request request;
	struct arena *arena;
	void (*on_done)(struct http_call *call, enum rc rc,
	    const struct http_answer *answer, const struct err *e);

	/* The pool's own. */
	struct http_pool *pool;
	void *easy;                   /* CURL */
	void *headers;                /* struct curl_slist */
	void *received;               /* struct buf */
	void *form;                   /* curl_mime */
	struct http_sending *sending; /* for each part */
	size_t sent;                  /* of the body */
	bool refused;                 /* the address */
	bool overflowed;
	char why[256];
};

struct http_pool *http_pool_new(
    struct loop *l, const struct http_options *options);
/* No transfer may be under way. */
void http_pool_free(struct http_pool *p);

/* on_done is never called before this returns. */
void http_submit(struct http_pool *p, struct http_call *call);
void http_cancel(struct http_call *call);
size_t http_pool_active(const struct http_pool *p);

#endif
