/*
 * twilio_text.h -- messages of Twilio's older interface: asking for one to be
 * sent, and reading what came of it, of it and of those that others sent.
 * Conversations has messages of its own (twilio_request.h).
 *
 * Source: Twilio's OpenAPI documents (twilio.md 7.1, 7.2, 7.4, 7.5).
 */
#ifndef PEER_TWILIO_TEXT_H
#define PEER_TWILIO_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "peer/request.h"
#include "text/url.h"

/* The interface and the account in it. */
struct twilio_account {
	const struct base_url *base;
	const char *sid;
};

enum { TWILIO_TEXT_MEDIA = 10 };

/* What is NULL is left out. */
struct twilio_sending {
	const char *to;
	const char *from;
	const char *body;
	const char *content_sid; /* instead of a body and pictures */
	const char *media[TWILIO_TEXT_MEDIA]; /* URLs */
	size_t media_count;
	const char *status_callback;
	long valid_s;
};
void twilio_text_send(struct arena *a, const struct twilio_account *account,
    const struct twilio_sending *s, struct peer_request *out);

void twilio_text_fetch(struct arena *a, const struct twilio_account *account,
    const char *sid, struct peer_request *out);
/*
 * A hundred to a page: a thousand may be more than an answer holds.  Either address may be NULL.  since: a day such as
 * 2026-11-20, or NULL; one that was not sent yet is left out by it.
 */
void twilio_text_list(struct arena *a, const struct twilio_account *account,
    const char *to, const char *from, const char *since,
    struct peer_request *out);
void twilio_media_list(struct arena *a, const struct twilio_account *account,
    const char *sid, struct peer_request *out);

/* What may be NULL is, where the answer has null or nothing. */
struct twilio_text {
	const char *sid;
	const char *status;
	const char *direction;
	const char *to;
	const char *from;
	const char *body;
	int64_t created_s; /* since 1970; 0: nobody could read it */
	int64_t sent_s;
	long num_media;
	const char *error_code; /* in digits, or NULL */
};

/* RC_BUSY where an answer is not what it should be. */
enum rc twilio_text_read(struct arena *a, const char *body, size_t len,
    struct twilio_text *out, struct err *e) MUST_CHECK;

/* One page; *next is the link to the page behind it, or NULL. */
struct twilio_text_page {
	struct twilio_text *texts;
	size_t count;
	const char *next;
};
enum rc twilio_text_page_read(struct arena *a, const char *body, size_t len,
    struct twilio_text_page *out, struct err *e) MUST_CHECK;

/*
 * The pictures of a message, as a webhook would name them: a JSON array of
 * {"url", "content_type"}.
 */
enum rc twilio_media_read(struct arena *a, const struct twilio_account *account,
    const char *body, size_t len, const char **media, struct err *e) MUST_CHECK;

/* Seconds since 1970 of "Fri, 20 Nov 2026 09:15:44 +0000"; 0: not a date. */
int64_t twilio_date_read(const char *text);

/* Do two bodies say the same, but for blanks at the end? */
bool twilio_body_is_same(const char *left, const char *right);

#endif
