/*
 * front_door.h -- the configured channels of Front as a request meets them:
 * by the token in its path, or by a number of ours.
 */
#ifndef WEB_FRONT_DOOR_H
#define WEB_FRONT_DOOR_H
#include "core/config.h"
#include "peer/front_signature.h"

struct front_door {
	const struct front_channel *channel;
	struct front_signing signing;
	unsigned char token_digest[SHA256_LEN];
	const char *numbers; /* the channel's, a JSON array */
	const char *url;     /* where Front finds this channel */
};

struct front_doors {
	struct front_door list[CONFIG_FRONT_CHANNELS];
	size_t count;
};

/* Borrows from the configuration. */
void front_doors_init(
    struct front_doors *doors, struct arena *a, const struct config *config);

/*
 * The channel whose path token this is, or NULL.  It takes as long for every
 * token of that length, known or not.
 */
const struct front_door *front_door_find(
    const struct front_doors *doors, const char *token);

/* The name of the channel that has this address of ours, or NULL. */
const char *front_channel_of(const struct config *config, const char *address);

#endif
