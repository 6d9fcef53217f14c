/*
 * request.h -- a request that we make of a peer, without who asks: what
 * twilio_request.h and front_request.h build.  All of it lives in the arena
 * that it was built in.
 */
#ifndef PEER_REQUEST_H
#define PEER_REQUEST_H
#include <stddef.h>

#include "text/form_part.h"

struct peer_request {
	const char *method; /* "GET", "POST", "PUT", "PATCH" */
	const char *url;
	const char *body;              /* NULL: none */
	const char *type;              /* of the body; NULL: a form */
	const struct form_part *parts; /* instead: multipart/form-data */
	size_t part_count;
};

#endif
