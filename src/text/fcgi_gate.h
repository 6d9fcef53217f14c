/*
 * fcgi_gate.h -- is there exactly one whole, well-formed FastCGI request at
 * the start of these bytes, and nothing behind it?
 *
 * libfcgi reads a connection with blocking reads and trusts what it reads;
 * one half-sent request would stop every other client of the process.  So
 * nothing reaches it before the gate has seen all of a request (by MSG_PEEK)
 * and checked every length in it.  Record layout: FastCGI 1.0, section 3.
 */
#ifndef TEXT_FCGI_GATE_H
#define TEXT_FCGI_GATE_H
#include <stddef.h>

enum gate {
	GATE_WAIT,      /* well-formed so far, more must come */
	GATE_READY,     /* one whole request */
	GATE_TOO_LARGE, /* the parameters are whole, the body exceeds the limit */
	GATE_BAD,       /* anything else; *why names it */
};

struct gate_limits {
	size_t params; /* bytes of all parameters together */
	size_t body;
};

/* Whole requests within the limits are never longer than this. */
size_t fcgi_gate_room(const struct gate_limits *limits);

enum gate fcgi_gate(const void *bytes, size_t len,
    const struct gate_limits *limits, const char **why);

#endif
