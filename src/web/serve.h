/*
 * serve.h -- the pipeline of one request: match the path, read the body,
 * split it, authenticate, find the action, parse its fields, ask the
 * database, render, count it, log one line.
 */
#ifndef WEB_SERVE_H
#define WEB_SERVE_H
#include "io/fcgi.h"
#include "web/call.h"

/*
 * Starts on a request whose parameters were read.  call is zeroed but for
 * arena, service, reply and on_finished, which is called when the reply
 * stands in call->reply, perhaps before this returns.  too_large: the gate
 * saw a body over the limit.
 */
void serve(struct call *call, struct fcgi *f, bool too_large);

/* Counts the request, and writes its line. */
void serve_end(const struct call *call);

#endif
