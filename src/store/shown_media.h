/*
 * shown_media.h -- the pictures that Twilio may fetch from us for a while.
 */
#ifndef STORE_SHOWN_MEDIA_H
#define STORE_SHOWN_MEDIA_H
#include "io/db_pool.h"

extern const struct stmt shown_media_stmt;
void shown_media_bind(struct db_call *call, const char *token);

struct shown_media {
	const char *content_type; /* as whoever sent it named it */
	const char *bytes;
	size_t len;
};

/* False where there is none under that token, or its time is over. */
bool shown_media_read(const struct rows *rows, struct shown_media *out);

#endif
