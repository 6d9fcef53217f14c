#include "text/fcgi_gate.h"

#include <stdbool.h>

#include "base/buf.h"
#include "t/tap.h"

static const struct gate_limits limits = { 4096, 1024 };

/* ---- requests ---------------------------------------------------------- */

enum { BEGIN = 1, PARAMS = 4, STDIN = 5 };

/* What a peer chooses freely when it cuts a request into records. */
struct style {
	unsigned id;
	size_t record; /* bytes of content of each record */
	unsigned padding;
	bool long_lengths; /* four bytes where one would do */
};

static const struct style plain = { 1, 65535, 0, false };

static void
add_record(struct buf *b, int type, const struct style *s, const char *bytes,
    size_t len)
{
	const char head[] = { 1, (char)type, (char)(s->id >> 8),
		(char)(s->id & 255), (char)(len >> 8), (char)(len & 255),
		(char)s->padding, 0 };

	buf_add(b, head, sizeof(head));
	buf_add(b, bytes, len);
	memset(buf_reserve(b, s->padding), 'p', s->padding);
	b->len += s->padding;
}

static void
add_stream(struct buf *b, int type, const struct style *s, const char *bytes,
    size_t len)
{
	size_t n;

	while (len > 0) {
		n = len < s->record ? len : s->record;
		add_record(b, type, s, bytes, n);
		bytes += n;
		len -= n;
	}
	add_record(b, type, s, "", 0);
}

static void
add_length(struct buf *b, size_t len, bool in_four)
{
	if (len > 127 || in_four) {
		buf_add_char(b, (char)(0x80 | len >> 24));
		buf_add_char(b, (char)(len >> 16 & 255));
		buf_add_char(b, (char)(len >> 8 & 255));
	}
	buf_add_char(b, (char)(len & 255));
}

static void
add_pair(
    struct buf *b, const struct style *s, const char *name, const char *value)
{
	add_length(b, strlen(name), s->long_lengths);
	add_length(b, strlen(value), s->long_lengths);
	buf_add_str(b, name);
	buf_add_str(b, value);
}

static void
add_begin(struct buf *b, const struct style *s)
{
	static const char begin[] = { 0, 1, 1, 0, 0, 0, 0, 0 };

	add_record(b, BEGIN, s, begin, sizeof(begin));
}

/* A request like nginx's, with a value that needs a long length. */
static void
make_request(struct buf *b, const struct style *s, size_t body_len)
{
	struct buf params, body;
	char tall[200];

	memset(tall, 'v', sizeof(tall) - 1);
	tall[sizeof(tall) - 1] = '\0';
	buf_init(&params);
	buf_init(&body);
	add_pair(&params, s, "REQUEST_METHOD", "POST");
	add_pair(&params, s, "EMPTY", "");
	add_pair(&params, s, "", "");
	add_pair(&params, s, "REQUEST_URI", tall);
	memset(buf_reserve(&body, body_len), 'b', body_len);
	add_begin(b, s);
	add_stream(b, PARAMS, s, params.bytes, params.len);
	add_stream(b, STDIN, s, body.bytes, body_len);
	buf_release(&params);
	buf_release(&body);
}

static enum gate
look(const struct buf *b)
{
	const char *why = NULL;
	enum gate g;

	g = fcgi_gate(b->bytes, b->len, &limits, &why);
	/* A refusal has a reason, and nothing else has. */
	if (why == NULL || (why[0] != '\0') != (g == GATE_BAD))
		return (enum gate) - 1;
	return g;
}

/* ---- whole requests and their beginnings ------------------------------- */

static void
test_prefixes(void)
{
	static const struct {
		const char *what;
		struct style style;
		size_t body;
	} cases[] = {
		{ "one record for each stream", { 1, 65535, 0, false }, 60 },
		{ "no body", { 1, 65535, 0, false }, 0 },
		{ "records of one byte", { 1, 1, 0, false }, 10 },
		{ "records of seven bytes, padded", { 1, 7, 9, false }, 50 },
		{ "long lengths", { 1, 3, 0, true }, 5 },
		{ "another id", { 0x0102, 100, 255, false }, 300 },
		{ "the largest body", { 1, 65535, 0, false }, 1024 },
	};
	size_t i, len, waiting;
	const char *why;
	struct buf b;

	buf_init(&b);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		make_request(&b, &cases[i].style, cases[i].body);
		is_int(look(&b), GATE_READY, "%s: the whole is ready",
		    cases[i].what);
		waiting = 0;
		for (len = 0; len < b.len; len++)
			waiting +=
			    fcgi_gate(b.bytes, len, &limits, &why) == GATE_WAIT;
		is_int(waiting, b.len, "... and every beginning waits");
		buf_add_char(&b, 1);
		is_int(look(&b), GATE_BAD, "... a byte behind it is refused");
		b.len--;
		make_request(&b, &cases[i].style, cases[i].body);
		is_int(look(&b), GATE_BAD, "... and so is a second request");
	}
	buf_release(&b);
}

/* A pair may lie across records in every way. */
static void
test_straddling(void)
{
	struct buf params, b;
	size_t cut, good = 0;

	buf_init(&params);
	buf_init(&b);
	add_pair(&params, &plain, "NAME", "value");
	add_pair(&params, &(struct style){ .long_lengths = true }, "OTHER",
	    "another value");
	for (cut = 1; cut < params.len; cut++) {
		buf_clear(&b);
		add_begin(&b, &plain);
		add_record(&b, PARAMS, &plain, params.bytes, cut);
		add_record(
		    &b, PARAMS, &plain, params.bytes + cut, params.len - cut);
		add_record(&b, PARAMS, &plain, "", 0);
		add_record(&b, STDIN, &plain, "", 0);
		good += look(&b) == GATE_READY;
	}
	is_int(good, params.len - 1, "a pair may lie across two records");
	good = 0;
	for (cut = 0; cut <= params.len; cut++) {
		buf_clear(&b);
		add_begin(&b, &plain);
		add_stream(&b, PARAMS, &plain, params.bytes, cut);
		add_record(&b, STDIN, &plain, "", 0);
		/* 11 bytes are the first pair. */
		good += look(&b) == (cut == 0 || cut == 11 || cut == params.len
					    ? GATE_READY
					    : GATE_BAD);
	}
	is_int(good, params.len + 1, "but no pair may be cut off");
	buf_release(&params);
	buf_release(&b);
}

/* ---- every byte changed ------------------------------------------------ */

/*
 * 'h' a byte of a header that counts, 'l' a length of a pair, '.' a byte that
 * may be anything.  One letter for each byte of the request of test_changes().
 */
static const char map[] = "hhhhhhh."
			  "hh......" /* begin */
			  "hhhhhhh."
			  "ll........"
			  "pp" /* params, padded */
			  "hhhhhhh."
			  "pp" /* their end */
			  "hhhhhhh."
			  "...."
			  "pp" /* body */
			  "hhhhhhh."
			  "pp"; /* its end */

/*
 * A padding that swallows exactly the records behind it makes another request
 * of these bytes, and a right one: without parameters, or without a body.
 */
static bool
swallows(size_t i, int c)
{
	return (i == 6 && c == 8 + 10 + 2) || (i == 42 && c == 2 + 8 + 4 + 2);
}

static void
test_changes(void)
{
	const struct style s = { 1, 65535, 2, false };
	size_t i, ready = 0, refused = 0, free_bytes = 0, firm_bytes = 0;
	struct buf params, b;
	enum gate g;
	char was;
	int c;

	buf_init(&params);
	buf_init(&b);
	add_pair(&params, &s, "NAME", "wert");
	add_begin(&b, &plain);
	add_stream(&b, PARAMS, &s, params.bytes, params.len);
	add_stream(&b, STDIN, &s, "body", 4);
	is_int(look(&b), GATE_READY, "the request as it is");
	is_int(b.len, sizeof(map) - 1, "... of which every byte is known");
	for (i = 0; i < b.len; i++) {
		was = b.bytes[i];
		free_bytes += map[i] == '.' || map[i] == 'p';
		firm_bytes += map[i] == 'h' || map[i] == 'l';
		for (c = 0; c < 256; c++) {
			if ((char)c == was)
				continue;
			b.bytes[i] = (char)c;
			g = look(&b);
			if (map[i] == '.' || map[i] == 'p')
				ready += g == GATE_READY;
			else
				refused += swallows(i, c) == (g == GATE_READY);
		}
		b.bytes[i] = was;
	}
	is_int(ready, free_bytes * 255, "content may be anything");
	is_int(refused, firm_bytes * 255, "no header and no length may");
	buf_release(&params);
	buf_release(&b);
}

/* ---- what must be refused ---------------------------------------------- */

static void
test_refusals(void)
{
	static const struct {
		const char *what;
		int type;
		char content[9];
		size_t len;
		unsigned id;
	} starts[] = {
		{ "an empty begin", BEGIN, "", 0, 1 },
		{ "a begin too short", BEGIN, "\0\1\1\0\0\0\0", 7, 1 },
		{ "a begin too long", BEGIN, "\0\1\1\0\0\0\0\0", 9, 1 },
		{ "an authorizer", BEGIN, "\0\2\1\0\0\0\0", 8, 1 },
		{ "a filter", BEGIN, "\0\3\1\0\0\0\0", 8, 1 },
		{ "role 257", BEGIN, "\1\1\1\0\0\0\0", 8, 1 },
		{ "request id 0", BEGIN, "\0\1\1\0\0\0\0", 8, 0 },
		{ "an abort", 2, "", 0, 1 },
		{ "an end", 3, "\0\0\0\0\0\0\0", 8, 1 },
		{ "parameters first", PARAMS, "\1\1ab", 4, 1 },
		{ "a body first", STDIN, "ab", 2, 1 },
		{ "data", 8, "ab", 2, 1 },
		{ "a question for values", 9, "", 0, 0 },
		{ "an unknown type", 99, "", 0, 1 },
	};
	struct style s = plain;
	struct buf b;
	size_t i;

	buf_init(&b);
	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		buf_clear(&b);
		s.id = starts[i].id;
		add_record(
		    &b, starts[i].type, &s, starts[i].content, starts[i].len);
		is_int(look(&b), GATE_BAD, "%s", starts[i].what);
	}
	buf_clear(&b);
	buf_add_str(&b, "GET / HTTP/1.1\r\n");
	is_int(look(&b), GATE_BAD, "HTTP");
	b.len = 1;
	is_int(look(&b), GATE_BAD, "its first byte is enough");
	buf_release(&b);
}

static void
test_midway(void)
{
	const struct style other = { 2, 65535, 0, false };
	static const int types[] = { BEGIN, 2, 3, STDIN, 8, 9 };
	struct buf b;
	size_t i, before;

	buf_init(&b);
	add_begin(&b, &plain);
	add_record(&b, PARAMS, &plain, "\1\1ab", 4);
	before = b.len;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		buf_truncate(&b, before);
		add_record(&b, types[i], &plain, "", 0);
		is_int(
		    look(&b), GATE_BAD, "type %d among parameters", types[i]);
	}
	buf_truncate(&b, before);
	add_record(&b, PARAMS, &other, "", 0);
	is_int(look(&b), GATE_BAD, "another id among parameters");
	b.len = before + 4;
	is_int(look(&b), GATE_BAD, "... seen before the record is whole");
	buf_truncate(&b, before);
	add_record(&b, PARAMS, &plain, "", 0);
	before = b.len;
	add_record(&b, PARAMS, &plain, "\1\1ab", 4);
	is_int(look(&b), GATE_BAD, "parameters again");
	buf_truncate(&b, before);
	add_record(&b, STDIN, &plain, "x", 1);
	add_record(&b, 2, &plain, "", 0);
	is_int(look(&b), GATE_BAD, "an abort in the body");
	buf_release(&b);
}

static void
test_sizes(void)
{
	static const unsigned char huge[][10] = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'a', 'b' },
		{ 0xff, 0xff, 0xff, 0xff, 1, 'a', 'b' },
		{ 1, 0xff, 0xff, 0xff, 0xff, 'a', 'b' },
		{ 0x80, 0, 0x10, 1, 1, 'a', 'b' },
	};
	struct buf params, b;
	size_t i;

	buf_init(&params);
	buf_init(&b);
	for (i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
		buf_clear(&b);
		add_begin(&b, &plain);
		add_record(
		    &b, PARAMS, &plain, (const char *)huge[i], sizeof(huge[i]));
		is_int(look(&b), GATE_BAD, "an absurd length, number %zu", i);
	}
	memset(buf_reserve(&params, 4200), 'v', 4200);
	params.bytes[4095 - 4] = '\0';
	for (i = 0; i < 2; i++) {
		buf_clear(&b);
		buf_add(&b, "\1\x80\0", 3);
		buf_add_char(&b, (char)((4090 + i) >> 8));
		buf_add_char(&b, (char)((4090 + i) & 255));
		buf_add(&b, params.bytes, 4091 + i);
		buf_clear(&params);
		buf_add(&params, b.bytes, b.len);
		buf_clear(&b);
		add_begin(&b, &plain);
		add_stream(&b, PARAMS, &plain, params.bytes, params.len);
		add_stream(&b, STDIN, &plain, "", 0);
		is_int(look(&b), i == 0 ? GATE_READY : GATE_BAD,
		    "%zu bytes of parameters", params.len);
	}
	for (i = 1; i < 3; i++) {
		buf_clear(&b);
		make_request(&b, &plain, limits.body + i);
		is_int(look(&b), GATE_TOO_LARGE, "a body %zu too large", i);
		b.len -= 8;
		is_int(look(&b), GATE_TOO_LARGE, "... before its end");
		b.len -= limits.body;
		is_int(look(&b), GATE_TOO_LARGE, "... by its header alone");
	}
	buf_clear(&b);
	make_request(&b, &(struct style){ 1, 1, 0, false }, limits.body + 1);
	is_int(look(&b), GATE_TOO_LARGE, "a body too large, byte by byte");
	ok(fcgi_gate_room(&limits) > limits.params + limits.body,
	    "there is room for the largest request");
	buf_release(&params);
	buf_release(&b);
}

int
main(void)
{
	test_prefixes();
	test_straddling();
	test_changes();
	test_refusals();
	test_midway();
	test_sizes();
	return done_testing();
}
