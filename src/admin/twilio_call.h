/*
 * twilio_call.h -- one request to a REST API of Twilio with our credentials,
 * waited for, and judged in words for the person who calls frontlinectl.
 */
#ifndef ADMIN_TWILIO_CALL_H
#define ADMIN_TWILIO_CALL_H
#include "admin/command.h"
#include "io/http.h"
#include "peer/twilio_request.h"

/*
 * The credentials are the API key where one is configured, else the account
 * and its auth token.
 *
 * RC_OK: it was done, and *out is the answer, in the command's arena.
 * Otherwise c->err holds a sentence and command_fail() the exit code:
 * RC_NOT_FOUND (no such thing at Twilio), RC_REFUSED (this will never be
 * taken), RC_BUSY (not reached, credentials refused, too many requests, or
 * Twilio is unwell).
 */
enum rc twilio_call(struct command_context *c,
    const struct peer_request *request, struct http_answer *out) MUST_CHECK;

/* Of a POST whose outcome is not known, what to add to the sentence. */
const char *twilio_doubt(const struct peer_request *request);

#endif
