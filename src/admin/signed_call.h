/*
 * signed_call.h -- one request as Twilio would send it: a form, signed with
 * the auth token, through the public URL, TLS and nginx.
 */
#ifndef ADMIN_SIGNED_CALL_H
#define ADMIN_SIGNED_CALL_H
#include <jansson.h>

#include "admin/command.h"
#include "io/http.h"
#include "text/form.h"
#include "text/url.h"

/*
 * The answer as it came, and as a value that lives in the context's arena.
 * RC_BUSY where none came; RC_REFUSED with its sentence where it is no 200
 * (answer is filled then).
 */
enum rc signed_call(struct command_context *c, const struct base_url *base,
    const char *path, const struct form *form, struct http_answer *answer,
    json_t **value) MUST_CHECK;

#endif
