/*
 * http_fetch.h -- one HTTPS request, waited for, for the command-line tool.
 */
#ifndef IO_HTTP_FETCH_H
#define IO_HTTP_FETCH_H
#include "io/http.h"

/* One request, waited for, on a loop of its own; the codes of on_done. */
enum rc http_fetch(struct arena *a, const struct http_options *options,
    const struct http_request *request, struct http_answer *out,
    struct err *e) MUST_CHECK;

#endif
