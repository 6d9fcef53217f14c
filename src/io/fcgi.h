/*
 * fcgi.h -- libfcgi as the codec of FastCGI records over a connection that
 * somebody else accepted and watches.
 *
 * libfcgi would accept and wait by itself; here it is given a connected
 * descriptor only when the gate (text/fcgi_gate.h) has seen that a whole
 * request lies there, so its blocking reads never block.  That means writing
 * two members of FCGX_Request which its header calls private; fcgi_self_test()
 * proves at every start that it still works with the library installed.
 *
 * The descriptor must be blocking: libfcgi takes EAGAIN and EINTR for the end
 * of the connection.
 */
#ifndef IO_FCGI_H
#define IO_FCGI_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "text/fcgi_gate.h"

/* One connection, and the request that is read from it. */
struct fcgi;

/* Once, before anything else; signals must be blocked already. */
enum rc fcgi_init(struct err *e) MUST_CHECK;

/* Is descriptor 0 a listening socket, as a FastCGI program is given one? */
bool fcgi_has_listener(void);

/* Takes over the descriptor. */
struct fcgi *fcgi_open(int fd);
/* Closes the descriptor; a request that is under way is dropped. */
void fcgi_close(struct fcgi *f);

/* What lies in the receive queue. */
struct fcgi_sight {
	enum gate gate;
	size_t len;      /* bytes, 0: nothing yet */
	bool has_ended;  /* the peer will send no more */
	const char *why; /* of GATE_BAD */
};

/* Looks at what has arrived without taking it. */
struct fcgi_sight fcgi_look(
    const struct fcgi *f, const struct gate_limits *limits);

/*
 * Reads the parameters of a request that the gate let through.  RC_FAULT:
 * libfcgi refused it, and the connection is to be closed.
 */
enum rc fcgi_read(struct fcgi *f, struct err *e) MUST_CHECK;

/* A parameter of the request, valid until fcgi_reply(), or NULL. */
const char *fcgi_param(const struct fcgi *f, const char *name);
/* How often it stands there: nginx hands a repeated header over twice. */
size_t fcgi_param_count(const struct fcgi *f, const char *name);

/*
 * Reads the body to the end of the stream, not to CONTENT_LENGTH: an unread
 * end would be taken for the start of the next request.  RC_INVALID where it
 * is not as long as announced.
 */
enum rc fcgi_body(struct fcgi *f, struct arena *a, size_t most,
    const char **bytes, size_t *len, struct err *e) MUST_CHECK;

/*
 * Writes the answer, headers included, and ends the request.  False where the
 * connection is closed now: the peer asked for it or is gone, the body was not
 * read to its end, or keep is false.
 */
bool fcgi_reply(
    struct fcgi *f, const char *bytes, size_t len, bool keep) MUST_CHECK;

/*
 * Sends requests through a socket pair, a largest one and two in a row, and
 * reads them back by the functions above.
 */
enum rc fcgi_self_test(
    const struct gate_limits *limits, struct err *e) MUST_CHECK;

#endif
