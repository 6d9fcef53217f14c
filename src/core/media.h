/*
 * media.h -- files that go along with a text: what one is, and whether the
 * way there takes it.
 *
 * Source: twilio.md 7.2, 7.5; front.md 3.5, 9.
 */
#ifndef CORE_MEDIA_H
#define CORE_MEDIA_H
#include <stdbool.h>
#include <stddef.h>

enum {
	/* The largest file that a customer may send us, ... */
	MEDIA_SMS_IN = 5 * 1024 * 1024,
	MEDIA_WHATSAPP_IN = 16 * 1024 * 1024,
	/* ... all files of one post to Front, which allows 25 MB, ... */
	MEDIA_FRONT = 24 * 1024 * 1024,
	/* ... and the largest that an agent may send. */
	MEDIA_OUT = 16 * 1024 * 1024,
	MEDIA_TYPE = 64,
};

/*
 * The type that the first bytes show, or else the one that was said, without
 * its parameters and in small letters; "application/octet-stream" where that
 * is none.
 */
void media_type(const char *bytes, size_t len, const char *said,
    char out[static MEDIA_TYPE]);

/* ".jpg", ...; "" where nobody knows. */
const char *media_suffix(const char *type);

/*
 * NULL where a file may be sent by "sms" or "whatsapp"; else why not, in words
 * for the agent.
 */
const char *media_refusal(const char *kind, const char *type, size_t len);

#endif
