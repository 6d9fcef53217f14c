#include "io/fcgi.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "t/tap.h"

static const struct gate_limits limits = { LIMIT_PARAMS, LIMIT_BODY };

/* A connection that we are both ends of. */
struct wire {
	struct arena *arena;
	struct fcgi *fcgi;
	int peer;
	struct err err;
};

static void
open_wire(struct wire *w)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		diag("no socket pair");
	w->arena = arena_new();
	w->fcgi = fcgi_open(ends[0]);
	w->peer = ends[1];
}

static void
close_wire(struct wire *w)
{
	fcgi_close(w->fcgi);
	(void)close(w->peer);
	arena_free(w->arena);
}

static void
add_record(struct buf *b, int type, const char *bytes, size_t len)
{
	const char head[] = { 1, (char)type, 0, 1, (char)(len >> 8),
		(char)(len & 255), 0, 0 };

	buf_add(b, head, sizeof(head));
	buf_add(b, bytes, len);
}

/* A request with those parameters (name and value in turn) and that body. */
static void
send_request(struct wire *w, const char *const *params, const char *body)
{
	static const char begin[] = { 0, 1, 1, 0, 0, 0, 0, 0 };
	struct buf b, pairs;

	buf_init(&b);
	buf_init(&pairs);
	for (; *params != NULL; params += 2) {
		buf_add_char(&pairs, (char)strlen(params[0]));
		buf_add_char(&pairs, (char)strlen(params[1]));
		buf_addf(&pairs, "%s%s", params[0], params[1]);
	}
	add_record(&b, 1, begin, sizeof(begin));
	add_record(&b, 4, pairs.bytes, pairs.len);
	add_record(&b, 4, "", 0);
	if (body[0] != '\0')
		add_record(&b, 5, body, strlen(body));
	add_record(&b, 5, "", 0);
	is_int(send(w->peer, b.bytes, b.len, 0), b.len, "a request is sent");
	buf_release(&b);
	buf_release(&pairs);
}

/* Through the gate and its parameters. */
static bool
receive(struct wire *w)
{
	struct fcgi_sight sight;

	sight = fcgi_look(w->fcgi, &limits);
	return sight.gate == GATE_READY && !sight.has_ended &&
	       fcgi_read(w->fcgi, &w->err) == RC_OK;
}

/* The text of what came back, without the records around it. */
static const char *
answer_of(struct wire *w)
{
	char bytes[1024];
	ssize_t n;
	size_t len;

	n = recv(w->peer, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 8 || bytes[1] != 6)
		return "";
	len = (size_t)(unsigned char)bytes[4] << 8 | (unsigned char)bytes[5];
	return arena_copy(w->arena, bytes + 8, len);
}

static void
test_request(void)
{
	static const char *const params[] = { "CONTENT_LENGTH", "4", "A", "1",
		"AB", "2", "A", "3", "E", "", NULL };
	const char *bytes;
	struct wire w;
	size_t len, i;

	open_wire(&w);
	for (i = 0; i < 2; i++) {
		send_request(&w, params, "body");
		ok(receive(&w), "it is let through, the same connection twice");
		is_str(fcgi_param(w.fcgi, "AB"), "2", "a parameter");
		is_str(fcgi_param(w.fcgi, "E"), "", "an empty one");
		is_str(fcgi_param(w.fcgi, "B"), NULL, "one that is missing");
		is_int(fcgi_param_count(w.fcgi, "A"), 2,
		    "one that stands there twice");
		is_int(fcgi_param_count(w.fcgi, "AB"), 1, "once");
		is_int(fcgi_param_count(w.fcgi, "B"), 0, "never");
		is_int(fcgi_body(
			   w.fcgi, w.arena, limits.body, &bytes, &len, &w.err),
		    RC_OK, "its body");
		ok(len == 4 && memcmp(bytes, "body", 4) == 0, "... as sent");
		ok(fcgi_reply(w.fcgi, "hello", 5, true), "the answer, and on");
		is_str(answer_of(&w), "hello", "... as received");
	}
	close_wire(&w);
}

static void
test_body_length(void)
{
	static const struct {
		const char *announced, *body;
		enum rc rc;
		bool kept;
	} cases[] = {
		{ "", "", RC_OK, true },
		{ "0", "", RC_OK, true },
		{ "4", "body", RC_OK, true },
		{ "5", "body", RC_INVALID, true },
		{ "3", "body", RC_INVALID, true },
		{ "", "body", RC_INVALID, true },
		{ "-4", "body", RC_INVALID, false },
		{ "4x", "body", RC_INVALID, false },
		{ "65537", "body", RC_INVALID, false },
		{ "99999999999999999999", "body", RC_INVALID, false },
		{ "18446744073709551620", "body", RC_INVALID, false },
	};
	const char *params[] = { "CONTENT_LENGTH", NULL, NULL };
	const char *bytes;
	struct wire w;
	size_t i, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_wire(&w);
		params[1] = cases[i].announced;
		send_request(&w, params, cases[i].body);
		ok(receive(&w), "Content-Length '%s' before '%s'",
		    cases[i].announced, cases[i].body);
		is_int(fcgi_body(
			   w.fcgi, w.arena, limits.body, &bytes, &len, &w.err),
		    cases[i].rc, "... its body");
		is_int(fcgi_reply(w.fcgi, "x", 1, true), cases[i].kept,
		    "... the connection stays if the body was read");
		is_str(answer_of(&w), "x", "... and the answer comes");
		close_wire(&w);
	}
}

static void
test_end(void)
{
	static const char *const params[] = { "CONTENT_LENGTH", "4", NULL };
	struct fcgi_sight sight;
	const char *bytes;
	struct wire w;
	size_t len;

	open_wire(&w);
	sight = fcgi_look(w.fcgi, &limits);
	ok(sight.gate == GATE_WAIT && sight.len == 0 && !sight.has_ended,
	    "nothing there yet");
	is_int(send(w.peer, "\1\1", 2, 0), 2, "two bytes of a request");
	sight = fcgi_look(w.fcgi, &limits);
	ok(sight.gate == GATE_WAIT && sight.len == 2, "are seen");
	sight = fcgi_look(w.fcgi, &limits);
	is_int(sight.len, 2, "and not taken");
	close_wire(&w);

	open_wire(&w);
	is_int(send(w.peer, "GET /", 5, 0), 5, "something else");
	sight = fcgi_look(w.fcgi, &limits);
	ok(sight.gate == GATE_BAD && sight.why[0] != '\0',
	    "is refused with a reason");
	close_wire(&w);

	open_wire(&w);
	send_request(&w, params, "body");
	ok(receive(&w), "a request whose body is not read");
	ok(!fcgi_reply(w.fcgi, "late", 4, true), "closes the connection");
	is_str(answer_of(&w), "late", "behind its answer");
	close_wire(&w);

	open_wire(&w);
	send_request(&w, params, "body");
	ok(receive(&w) && fcgi_body(w.fcgi, w.arena, limits.body, &bytes, &len,
			      &w.err) == RC_OK,
	    "a request that is the last");
	ok(!fcgi_reply(w.fcgi, "last", 4, false), "closes the connection too");
	is_str(answer_of(&w), "last", "behind its answer");
	close_wire(&w);

	open_wire(&w);
	send_request(&w, params, "body");
	ok(receive(&w), "a request that is dropped");
	close_wire(&w);

	open_wire(&w);
	(void)shutdown(w.peer, SHUT_WR);
	sight = fcgi_look(w.fcgi, &limits);
	ok(sight.gate == GATE_WAIT && sight.has_ended, "a peer that has gone");
	close_wire(&w);
}

int
main(void)
{
	struct err e = { .text = "" };

	is_int(fcgi_init(&e), RC_OK, "libfcgi starts");
	is_int(fcgi_self_test(&limits, &e), RC_OK, "the self-test passes %s",
	    e.text);
	test_request();
	test_body_length();
	test_end();
	return done_testing();
}
