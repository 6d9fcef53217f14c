/*
 * limits.h -- every bound of the program that is not a setting, with its
 * reason.  Sizes are bytes.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
	/*
	 * Frontline refuses an answer of more than "64k" (Twilio error 48003),
	 * whichever of the two thousands that means.
	 * A list is cut below it and goes on by token.
	 */
	LIMIT_REPLY = 64000,

	/* The longest name of a form field; Twilio's longest has 34. */
	LIMIT_FIELD_NAME = 128,

	/*
	 * All FastCGI parameters of one request.  nginx hands over at most
	 * its header buffers (4 x 8k by default) and some thirty of its own.
	 */
	LIMIT_PARAMS = 48 * 1024,

	/*
	 * The largest max_body_bytes that may be configured: one whole
	 * request must fit into the receive buffer of a unix socket (208k by
	 * default, half of it eaten by bookkeeping), because the gate looks
	 * at it there.
	 */
	LIMIT_BODY = 64 * 1024,

	/* A Frontline identity (Twilio: at most 256 characters). */
	LIMIT_IDENTITY = 256,

	/* A customer_id on the wire. */
	LIMIT_CUSTOMER_ID = 256,

	/* An address of a conversation, in characters (Twilio: 256). */
	LIMIT_ADDRESS = 256,

	/* A state, a status, a type: one word of Twilio's. */
	LIMIT_WORD = 64,

	/*
	 * A conversation's friendly name in characters, of UTF-16 as well, and
	 * its attributes (Twilio's limits; more fails the conversation).
	 */
	LIMIT_FRIENDLY_NAME = 256,
	LIMIT_ATTRIBUTES = 16 * 1024,

	/* Search text, in characters. */
	LIMIT_QUERY = 200,

	/* PageSize, and its value when it is missing or no number. */
	LIMIT_PAGE_SIZE = 200,
	DEFAULT_PAGE_SIZE = 30,

	/* Connections of nginx that one responder process keeps. */
	LIMIT_CONNECTIONS = 512,

	/*
	 * Requests that wait for a database connection in one process; more
	 * would wait for so long that an error now is the better answer.
	 */
	LIMIT_WAITING = 256,

	/*
	 * A statement of a responder process that was not answered for so
	 * long hangs: the role's statement_timeout is 700 ms.
	 */
	LIMIT_PATIENCE_MS = 850,

	/* A secret file: an auth token has 32 characters. */
	LIMIT_SECRET = 512,
};
#endif
