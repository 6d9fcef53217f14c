/*
 * reply.h -- answers: JSON of a value, a small JSON error, and the headers.
 */
#ifndef WEB_REPLY_H
#define WEB_REPLY_H
#include <jansson.h>

#include "web/call.h"

/* Gives a reference to the call: it goes with the request. */
void reply_keep_json(struct call *call, json_t *value);

/* Appends the value as JSON; false where it cannot be encoded. */
bool reply_dump_json(struct buf *to, const json_t *value);

/*
 * Makes 200 with the value, whose reference it takes.  RC_FAULT where it
 * cannot be encoded.
 */
enum rc reply_json(struct call *call, json_t *value) MUST_CHECK;

/* Makes 200 with {}, whatever was there before. */
void reply_empty(struct call *call);

/*
 * Makes 200 with TwiML that does nothing.  Never text/plain instead: Twilio
 * would send that to the customer.
 */
void reply_twiml(struct call *call);

/* Makes 204. */
void reply_nothing(struct call *call);

/*
 * Makes the answer for call->err: status by its code, and a body that says
 * no more than the caller may know.
 */
void reply_error(struct call *call);

/* Puts the CGI headers and the body one after the other; no body of a HEAD. */
void reply_format(const struct call *call, struct buf *out);

#endif
