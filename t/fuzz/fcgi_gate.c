/*
 * fcgi_gate.c -- the gate, against what it promises: a request that it lets
 * through is well-formed to its last byte, and none of its beginnings was.
 */
#include "text/fcgi_gate.h"

#include "t/fuzz/target.h"

static const struct gate_limits limits = { 2048, 1024 };

static size_t
slow_length(const uint8_t *pairs, size_t *at)
{
	size_t n = pairs[*at];

	if ((n & 0x80) == 0) {
		*at += 1;
		return n;
	}
	n = (n & 0x7f) << 24 | (size_t)pairs[*at + 1] << 16 |
	    (size_t)pairs[*at + 2] << 8 | pairs[*at + 3];
	*at += 4;
	return n;
}

/* Whether the pairs end where the stream does; seven spare bytes follow. */
static int
slow_pairs(const uint8_t *pairs, size_t len)
{
	size_t at = 0, name, value;

	while (at < len) {
		name = slow_length(pairs, &at);
		if (at >= len)
			return 0;
		value = slow_length(pairs, &at);
		if (at > len || name > limits.params || value > limits.params)
			return 0;
		at += name + value;
	}
	return at == len;
}

/* Reads the records one after another, as a program that trusts them would. */
static int
slow_is_whole(const uint8_t *bytes, size_t len)
{
	static uint8_t pairs[4096];
	size_t at = 0, content, params = 0, body = 0;
	int type, expect = 1;

	memset(pairs, 0, sizeof(pairs));
	for (;;) {
		if (len - at < 8 || bytes[at] != 1)
			return 0;
		type = bytes[at + 1];
		content = (size_t)bytes[at + 4] << 8 | bytes[at + 5];
		if (len - at - 8 < content + bytes[at + 6] ||
		    bytes[at + 2] != bytes[2] || bytes[at + 3] != bytes[3])
			return 0;
		if (type != expect)
			return 0;
		if (type == 1) {
			if (content != 8 || bytes[at + 8] != 0 ||
			    bytes[at + 9] != 1 ||
			    (bytes[at + 2] == 0 && bytes[at + 3] == 0))
				return 0;
			expect = 4;
		} else if (type == 4 && content > 0) {
			if (params + content > limits.params)
				return 0;
			memcpy(pairs + params, bytes + at + 8, content);
			params += content;
		} else if (type == 4) {
			expect = 5;
		} else {
			body += content;
		}
		at += 8 + content + bytes[at + 6];
		if (type == 5 && content == 0)
			return at == len && body <= limits.body &&
			       slow_pairs(pairs, params);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *why = NULL;
	enum gate g, before = GATE_WAIT;
	size_t i;

	g = fcgi_gate(bytes, len, &limits, &why);
	PROMISE(why != NULL && (why[0] != '\0') == (g == GATE_BAD));
	PROMISE((g == GATE_READY) == slow_is_whole(bytes, len));
	if (len > 600)
		return 0;
	/* A verdict other than "wait" does not get milder by more bytes. */
	for (i = 0; i < len; i++) {
		g = fcgi_gate(bytes, i, &limits, &why);
		if (before == GATE_BAD || before == GATE_READY)
			PROMISE(g == GATE_BAD);
		if (before == GATE_TOO_LARGE)
			PROMISE(g == GATE_TOO_LARGE);
		before = g;
	}
	return 0;
}
