#include "text/fcgi_gate.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	RECORD_HEADER = 8,
	FCGI_VERSION = 1,
	TYPE_BEGIN = 1,
	TYPE_PARAMS = 4,
	TYPE_STDIN = 5,
	ROLE_RESPONDER = 1,
	/*
	 * Records of nginx hold up to 32k; this leaves room for peers that cut
	 * a request into many more, each with a header and padding.
	 */
	OVERHEAD = 16 * 1024,
};

struct record {
	unsigned type;
	unsigned id;
	size_t content_len;
	size_t padding_len;
	const unsigned char *content;
};

/*
 * Walks the name-value pairs across the records that carry them: first the
 * two lengths, each one byte or four with the top bit set, then that many
 * bytes.
 */
struct pair_walk {
	uint32_t lengths[2];
	unsigned which; /* 0: name length, 1: value length, 2: bytes */
	unsigned need;  /* further bytes of a four-byte length */
	uint32_t skip;  /* bytes of the pair still to come */
};

size_t
fcgi_gate_room(const struct gate_limits *limits)
{
	return limits->params + limits->body + OVERHEAD;
}

static bool
next_record(const unsigned char **at, size_t *len, struct record *r)
{
	const unsigned char *h = *at;
	size_t whole;

	if (*len < RECORD_HEADER)
		return false;
	r->type = h[1];
	r->id = (unsigned)h[2] << 8 | h[3];
	r->content_len = (size_t)h[4] << 8 | h[5];
	r->padding_len = h[6];
	r->content = h + RECORD_HEADER;
	whole = RECORD_HEADER + r->content_len + r->padding_len;
	if (*len < whole)
		return false;
	*at += whole;
	*len -= whole;
	return true;
}

/* False where a pair is longer than everything that is allowed. */
static bool
walk_pairs(
    struct pair_walk *w, const unsigned char *bytes, size_t len, size_t limit)
{
	size_t take;

	while (len > 0) {
		if (w->which == 2) {
			take = w->skip < len ? w->skip : len;
			w->skip -= (uint32_t)take;
			bytes += take;
			len -= take;
			if (w->skip == 0)
				w->which = 0;
			continue;
		}
		if (w->need > 0) {
			w->lengths[w->which] =
			    w->lengths[w->which] << 8 | *bytes;
			w->need--;
		} else if ((*bytes & 0x80) != 0) {
			w->lengths[w->which] = *bytes & 0x7f;
			w->need = 3;
		} else {
			w->lengths[w->which] = *bytes;
		}
		bytes++;
		len--;
		if (w->need > 0)
			continue;
		if (w->lengths[w->which] > limit)
			return false;
		if (++w->which == 2) {
			w->skip = w->lengths[0] + w->lengths[1];
			if (w->skip == 0)
				w->which = 0;
		}
	}
	return true;
}

static bool
begin_is_good(const struct record *r)
{
	return r->type == TYPE_BEGIN && r->id != 0 && r->content_len == 8 &&
	       r->content[0] == 0 && r->content[1] == ROLE_RESPONDER;
}

static enum gate
bad(const char **why, const char *reason)
{
	*why = reason;
	return GATE_BAD;
}

/*
 * What is not yet a whole record must still look like one, and its header
 * tells whether it will be too long.
 */
static enum gate
rest_may_grow(const unsigned char *at, size_t len, unsigned type, unsigned id,
    size_t room, const char **why)
{
	if (len > 0 && at[0] != FCGI_VERSION)
		return bad(why, "no FastCGI 1.0 record");
	if (len > 1 && at[1] != type)
		return bad(why, "a record out of order");
	if (type != TYPE_BEGIN && len > 3 &&
	    ((unsigned)at[2] << 8 | at[3]) != id)
		return bad(why, "a second request in the midst of one");
	if (type == TYPE_BEGIN || len < RECORD_HEADER ||
	    ((size_t)at[4] << 8 | at[5]) <= room)
		return GATE_WAIT;
	if (type == TYPE_STDIN)
		return GATE_TOO_LARGE;
	return bad(why, "too many parameters");
}

enum gate
fcgi_gate(const void *bytes, size_t len, const struct gate_limits *limits,
    const char **why)
{
	const unsigned char *at = bytes;
	struct pair_walk pairs = { .which = 0 };
	unsigned expect = TYPE_BEGIN, id = 0;
	size_t params = 0, body = 0;
	struct record r;
	const unsigned char *start;

	*why = "";
	for (;;) {
		start = at;
		if (!next_record(&at, &len, &r))
			return rest_may_grow(at, len, expect, id,
			    expect == TYPE_PARAMS ? limits->params - params
						  : limits->body - body,
			    why);
		if (start[0] != FCGI_VERSION)
			return bad(why, "no FastCGI 1.0 record");
		if (expect == TYPE_BEGIN) {
			if (!begin_is_good(&r))
				return bad(why, "no request for a responder");
			id = r.id;
			expect = TYPE_PARAMS;
			continue;
		}
		if (r.id != id)
			return bad(why, "a second request in the midst of one");
		if (r.type != expect)
			return bad(why, "a record out of order");
		if (expect == TYPE_PARAMS && r.content_len == 0) {
			if (pairs.which != 0 || pairs.need != 0)
				return bad(why, "a parameter is cut off");
			expect = TYPE_STDIN;
		} else if (expect == TYPE_PARAMS) {
			params += r.content_len;
			if (params > limits->params)
				return bad(why, "too many parameters");
			if (!walk_pairs(&pairs, r.content, r.content_len,
				limits->params))
				return bad(why, "a parameter is too long");
		} else if (r.content_len > 0) {
			body += r.content_len;
			if (body > limits->body)
				return GATE_TOO_LARGE;
		} else if (len > 0) {
			return bad(why, "bytes behind the request");
		} else {
			return GATE_READY;
		}
	}
}
