/*
 * twilio_media.h -- the addresses of pictures in a webhook of the Messages
 * API.  They come out of a request's body and are called with our credentials
 * later: taken over is only what can be nothing but a picture of that message.
 */
#ifndef PEER_TWILIO_MEDIA_H
#define PEER_TWILIO_MEDIA_H
#include "base/arena.h"
#include "text/crypto.h"
#include "text/url.h"

/* Which message of which account; api is the configured Messages API. */
struct twilio_media_source {
	const struct base_url *api;
	const char *account_sid;
	const char *message_sid;
};

/*
 * The address, put together anew from the parts that were recognised, or NULL:
 * another host than api.twilio.com or the configured one, another account or
 * message, or anything in front of, behind or between.
 */
const char *twilio_media_url(struct arena *a,
    const struct twilio_media_source *source, const struct span *url);

#endif
