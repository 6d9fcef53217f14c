/*
 * front_jwt.h -- the token that proves a request to Front's Channel API: a
 * JSON Web Token (RFC 7519), signed with the application's secret.
 *
 * Source: Front's sample of an application channel (front.md 2.1).
 */
#ifndef PEER_FRONT_JWT_H
#define PEER_FRONT_JWT_H
#include <stdint.h>

#include "base/arena.h"

/* Front refuses tokens that live for longer than half a minute. */
enum { FRONT_JWT_S = 25 };

struct front_jwt {
	const char *app_uid;
	const char *channel_id;
	const char *id; /* nobody else's */
	int64_t expires_s;
};

/* The secret's bytes are the key as they are, hex or not. */
const char *front_jwt_make(
    struct arena *a, const struct front_jwt *claims, const char *secret);

#endif
