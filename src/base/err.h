/*
 * err.h -- how a function says that it failed: a closed set of codes, and one
 * text that travels up to the single place that logs or answers.
 *
 * A struct err belongs to a request, a job or a command; it has a fixed size
 * and owns nothing.  Whoever returns a code other than RC_OK has filled it.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_CHECK   __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

enum rc {
	RC_OK,
	RC_INVALID,   /* the caller's words are wrong */
	RC_REFUSED,   /* understood, and not allowed */
	RC_NOT_FOUND, /* no such thing, or none that the caller may see */
	RC_CONFLICT,  /* already there */
	RC_BUSY,      /* try again later: the database or a peer is away */
	RC_FAULT,     /* our own bug, or broken data */
};

struct err {
	enum rc rc;
	/* A short word for the answer and for counting: "bad_token". */
	const char *code;
	/* For the log and for a person; never a body, secret or full number. */
	char text[320];
};

/* Both return rc, so that a caller may write `return err_set(...)`. */
enum rc err_set(struct err *e, enum rc rc, const char *code, const char *fmt,
    ...) PRINTF(4, 5);

/* Puts a sentence in front of the one that is there; code and rc stay. */
enum rc err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);

#endif
