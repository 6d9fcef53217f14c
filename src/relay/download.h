/*
 * download.h -- one file from a peer: asked for with credentials, and fetched
 * without them from wherever the answer sends us, if that may be.
 */
#ifndef RELAY_DOWNLOAD_H
#define RELAY_DOWNLOAD_H
#include "relay/delivery.h"

enum download_result {
	DOWNLOAD_GOOD,
	DOWNLOAD_AGAIN,     /* not now */
	DOWNLOAD_TOO_LARGE, /* more than max */
	DOWNLOAD_REFUSED,   /* never */
};

/* A picture that could not be had is tried for by so many attempts. */
enum { DOWNLOAD_ATTEMPTS = 4 };

struct download {
	const char *url; /* built by us: credentials go there */
	const char *user;
	const char *password;
	const char *bearer;
	const struct base_url *base; /* whose word the address is */
	const char *hosts;           /* to which it may send us */
	size_t max;                  /* bytes */

	/* The outcome. */
	enum download_result result;
	const char *why; /* of all but GOOD */
	const char *bytes;
	size_t len;
	const char *type; /* as the answer says, or NULL */

	unsigned hops;
	void (*then)(struct delivery *d, struct download *w);
};

void download_begin(struct delivery *d, struct download *w,
    void (*then)(struct delivery *d, struct download *w));

#endif
