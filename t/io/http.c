#include "io/http_fetch.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "t/tap.h"

/* ---- a peer that misbehaves as the path tells it ------------------------ */

static _Atomic int *requests; /* that the peer has read, shared with it */
static int listener;
static int port;
static pid_t peer;

static void
answer(int fd, const char *text)
{
	(void)!write(fd, text, strlen(text));
}

/* Reads head and body; false at the end of the connection. */
static bool
read_request(int fd, char *text, size_t size)
{
	size_t len = 0, body = 0;
	char *end = NULL, *at;
	ssize_t n;

	while (end == NULL || len < (size_t)(end - text) + 4 + body) {
		n = read(fd, text + len, size - 1 - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		text[len] = '\0';
		end = strstr(text, "\r\n\r\n");
		at = strstr(text, "Content-Length: ");
		if (end != NULL && at != NULL && at < end)
			body = strtoul(at + 16, NULL, 10);
	}
	++*requests;
	return true;
}

static void
send_big(int fd, const char *head)
{
	char block[4096];
	int i;

	memset(block, 'x', sizeof(block));
	answer(fd, head);
	for (i = 0; i < 1024; i++)
		if (write(fd, block, sizeof(block)) < 0)
			return;
}

static void
reset(int fd)
{
	const struct linger now = { .l_onoff = 1 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* One connection; false: it is to be closed. */
static bool
play(int fd, const char *text, int count)
{
	char path[64] = "", echo[8192];

	(void)sscanf(text, "%*s %63s", path);
	if (strcmp(path, "/ok") == 0 ||
	    (strcmp(path, "/dies-later") == 0 && count == 1)) {
		answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
		return true;
	}
	if (strcmp(path, "/echo") == 0) {
		(void)snprintf(echo, sizeof(echo),
		    "HTTP/1.1 201 Created\r\nContent-Length: %zu\r\n\r\n%s",
		    strlen(text), text);
		answer(fd, echo);
		return true;
	}
	if (strcmp(path, "/headers") == 0)
		answer(fd, "HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\n"
			   "Content-Type: image/png\r\nConnection: close\r\n"
			   "X-RateLimit-Limit: 50\r\n"
			   "X-RateLimit-Remaining: 3\r\n"
			   "x-ratelimit-reset: 1795176000\r\n"
			   "Content-Length: 0\r\n\r\n");
	if (strcmp(path, "/limited") == 0)
		answer(fd,
		    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n"
		    "Content-Length: 0\r\nConnection: close\r\n\r\n");
	if (strcmp(path, "/redirect") == 0)
		answer(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\n"
			   "Content-Length: 0\r\nConnection: close\r\n\r\n");
	if (strcmp(path, "/cut") == 0)
		answer(fd, "HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n"
			   "only so much");
	if (strcmp(path, "/big") == 0)
		send_big(fd, "HTTP/1.1 200 OK\r\n"
			     "Content-Length: 4194304\r\n\r\n");
	if (strcmp(path, "/big-refusal") == 0)
		send_big(fd, "HTTP/1.1 429 Too Many Requests\r\n"
			     "Retry-After: 7\r\n"
			     "Content-Length: 4194304\r\n\r\n");
	if (strcmp(path, "/reset") == 0)
		reset(fd);
	if (strcmp(path, "/hang") == 0)
		(void)pause();
	return false;
}

static void
serve_connection(int fd)
{
	char text[4000];
	int count = 0;

	while (read_request(fd, text, sizeof(text)) && play(fd, text, ++count))
		continue;
	(void)close(fd);
}

static void
run_peer(void)
{
	int fd;

	(void)signal(SIGCHLD, SIG_IGN);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			serve_connection(fd);
			_exit(0);
		}
		(void)close(fd);
	}
}

static void
start_peer(void)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);

	requests = mmap(NULL, sizeof(*requests), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(listener, 64) != 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) != 0)
		diag("no listener");
	port = ntohs(a.sin_port);
	peer = fork();
	if (peer == 0) {
		(void)setpgid(0, 0);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_peer();
		_exit(0);
	}
	(void)setpgid(peer, peer);
}

/* ---- asking it ---------------------------------------------------------- */

static struct loop *l;
static struct http_pool *pool;
static struct arena *arena;
static struct http_options options = {
	.transfers = 4,
	.connect_ms = 5000,
	.total_ms = 10000,
};

struct asked {
	struct http_call call;
	char url[128];
	bool done;
	enum rc rc;
	struct http_answer answer;
	struct err err;
};

static void
is_done(struct http_call *call, enum rc rc, const struct http_answer *got,
    const struct err *e)
{
	struct asked *q = OWNER_OF(call, struct asked, call);

	q->done = true;
	q->rc = rc;
	if (got != NULL)
		q->answer = *got;
	if (e != NULL)
		q->err = *e;
}

static void
submit(struct asked *q, const char *path, const char *body)
{
	*q = (struct asked){ .call = { .arena = arena, .on_done = is_done } };
	(void)snprintf(
	    q->url, sizeof(q->url), "http://127.0.0.1:%d%s", port, path);
	q->call.request = (struct http_request){
		.method = body != NULL ? "POST" : "GET",
		.url = q->url,
		.body = body,
		.body_len = body != NULL ? strlen(body) : 0,
	};
	http_submit(pool, &q->call);
}

static void
ask(struct asked *q, const char *path, const char *body)
{
	submit(q, path, body);
	while (!q->done)
		loop_wait(l);
}

static void
test_answers(void)
{
	const struct http_header headers[] = { { "X-Twilio-Test", "yes" } };
	struct asked q;

	ask(&q, "/ok", NULL);
	ok(q.rc == RC_OK && q.answer.status == 200, "a GET is answered");
	is_str(q.answer.body, "hello", "with its body");
	is_int(q.answer.body_len, 5, "of this length");
	is_int(http_pool_active(pool), 0, "nothing is under way then");

	submit(&q, "/echo", "Identity=ana%40example.com");
	http_cancel(&q.call);
	is_int(http_pool_active(pool), 0, "a cancelled call is forgotten");

	submit(&q, "/echo", "Identity=ana%40example.com");
	http_cancel(&q.call);
	q.call.request.headers = headers;
	q.call.request.header_count = 1;
	q.call.request.user = "AC1";
	q.call.request.password = "secret";
	http_submit(pool, &q.call);
	while (!q.done)
		loop_wait(l);
	is_int(q.answer.status, 201, "a POST is answered");
	ok(strstr(q.answer.body, "\r\n\r\nIdentity=ana%40example.com") != NULL,
	    "its body arrived");
	ok(strstr(q.answer.body, "X-Twilio-Test: yes\r\n") != NULL,
	    "and its header");
	ok(strstr(q.answer.body, "Authorization: Basic QUMxOnNlY3JldA==\r\n") !=
		NULL,
	    "and its credentials");
	ok(strstr(q.answer.body,
	       "Content-Type: application/x-www-form-urlencoded\r\n") != NULL,
	    "a body is a form");
	ok(strstr(q.answer.body, "Expect") == NULL,
	    "nobody asks for leave to send a body");

	ask(&q, "/limited", "x=1");
	is_int(q.answer.status, 429, "a refusal is an answer");
	is_str(q.answer.retry_after, "7", "Retry-After is handed over");

	ask(&q, "/redirect", NULL);
	is_int(q.answer.status, 302, "a redirect is not followed");
}

/* With whatever the request says beside the path. */
static void
ask_as(struct asked *q, const char *path, struct http_request how)
{
	submit(q, path, NULL);
	http_cancel(&q->call);
	how.url = q->url;
	q->call.request = how;
	http_submit(pool, &q->call);
	while (!q->done)
		loop_wait(l);
}

static void
test_methods(void)
{
	static const char *const methods[] = { "PUT", "PATCH", "DELETE" };
	const struct http_header json = { "Content-Type", "application/json" };
	struct asked q;
	char first[32];
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		ask_as(&q, "/echo",
		    (struct http_request){
			.method = methods[i],
			.headers = &json,
			.header_count = 1,
			.bearer = "abc.def",
			.body = "{\"a\":1}",
			.body_len = 7,
		    });
		(void)snprintf(first, sizeof(first), "%s /echo ", methods[i]);
		ok(strncmp(q.answer.body, first, strlen(first)) == 0,
		    "%s is sent as it is", methods[i]);
		ok(strstr(q.answer.body, "\r\n\r\n{\"a\":1}") != NULL,
		    "with its body");
	}
	ok(strstr(q.answer.body, "Authorization: Bearer abc.def\r\n") != NULL,
	    "and its token");
	ok(strstr(q.answer.body, "Content-Type: application/json\r\n") != NULL,
	    "and its type");
	ask_as(&q, "/echo", (struct http_request){ .method = "DELETE" });
	ok(strncmp(q.answer.body, "DELETE /echo ", 13) == 0,
	    "a DELETE needs no body");
	ask_as(&q, "/echo", (struct http_request){ .method = "HEAD" });
	ok(q.rc == RC_OK && q.answer.status == 201 && q.answer.body_len == 0,
	    "nobody waits for the body of a HEAD");

	ask(&q, "/headers", NULL);
	is_str(q.answer.location, "/elsewhere", "a redirect says where");
	is_str(q.answer.content_type, "image/png", "and what");
	is_str(q.answer.rate_limit, "50", "so many requests are allowed");
	is_str(q.answer.rate_remaining, "3", "so many are left");
	is_str(q.answer.rate_reset, "1795176000", "until then");
	ask(&q, "/ok", NULL);
	ok(q.answer.location == NULL && q.answer.rate_limit == NULL,
	    "what is not said is not there");
}

static const struct form_part parts[] = {
	{ .name = "sender[handle]", .bytes = "+15125550123", .len = 12 },
	{ .name = "body", .bytes = "@/etc/passwd", .len = 12 },
	{ .name = "empty", .bytes = "", .len = 0 },
	{ .name = "attachments[0]",
	    .filename = "a\"b.png",
	    .type = "image/png",
	    .bytes = "one\0two",
	    .len = 7 },
};

static const struct http_request form = {
	.method = "POST",
	.parts = parts,
	.part_count = sizeof(parts) / sizeof(parts[0]),
};

static void
test_forms(void)
{
	const char *body;
	struct asked q;

	ask_as(&q, "/echo", form);
	body = q.answer.body;
	is_int(q.answer.status, 201, "a form with a file is sent");
	ok(strstr(body, "Content-Type: multipart/form-data; boundary=") != NULL,
	    "as such");
	ok(strstr(body, "name=\"sender[handle]\"\r\n\r\n+15125550123\r\n") !=
		NULL,
	    "a field with its name");
	ok(strstr(body, "name=\"body\"\r\n\r\n@/etc/passwd\r\n") != NULL,
	    "no value names a file");
	ok(strstr(body, "name=\"empty\"\r\n\r\n\r\n") != NULL,
	    "a field may be empty");
	ok(strstr(body, "name=\"attachments[0]\"; filename=\"a%22b.png\"\r\n"
			"Content-Type: image/png\r\n\r\none") != NULL,
	    "a file with its name and type");
	ask_as(&q, "/echo", form);
	ok(strstr(q.answer.body, "+15125550123\r\n") != NULL,
	    "the same parts make another form");
}

static void
test_limits(void)
{
	struct asked q;

	ask_as(&q, "/ok",
	    (struct http_request){ .method = "GET", .answer_max = 4 });
	ok(q.rc == RC_BUSY && strcmp(q.err.code, "too_large") == 0,
	    "an answer of five bytes where four are allowed");
	ask_as(&q, "/ok",
	    (struct http_request){ .method = "GET", .answer_max = 5 });
	is_str(q.answer.body, "hello", "five are enough");
	ask_as(&q, "/big",
	    (struct http_request){ .method = "GET", .answer_max = 4194304 });
	is_int(q.answer.body_len, 4194304, "more than usual, where allowed");
	ask_as(&q, "/hang",
	    (struct http_request){ .method = "GET", .total_ms = 2000 });
	is_str(q.err.code, "uncertain", "a request may have less time");

	ask_as(&q, "/ok",
	    (struct http_request){ .method = "GET", .public_only = true });
	ok(q.rc == RC_BUSY && strcmp(q.err.code, "not_public") == 0,
	    "our own network is no public address");
}

static void
test_many(void)
{
	struct asked q[20];
	size_t i, right = 0;
	int open;

	for (i = 0; i < 20; i++)
		submit(&q[i], "/ok", NULL);
	is_int(http_pool_active(pool), 20, "twenty at a time");
	for (open = 20; open > 0;) {
		loop_wait(l);
		for (open = 0, i = 0; i < 20; i++)
			open += !q[i].done;
	}
	for (i = 0; i < 20; i++)
		right += q[i].rc == RC_OK && q[i].answer.status == 200;
	is_int(right, 20, "are all answered over four connections");
}

/* reliability.md 1.6: how far did a request get? */
static void
is_uncertain(struct asked *q, const char *path)
{
	const int before = *requests;
	int ms;

	ask(q, path, "x=1");
	is_int(q->rc, RC_BUSY, "%s is no answer", path);
	is_str(q->err.code, "uncertain", "%s: perhaps it was taken", path);
	/* Our patience may have been shorter than the peer took to read it. */
	for (ms = 0; *requests == before && ms < 20000; ms++)
		(void)usleep(1000);
	is_int(*requests - before, 1, "%s: it was sent once", path);
}

static void
test_failures(void)
{
	struct asked q;

	is_uncertain(&q, "/close");
	is_uncertain(&q, "/reset");
	is_uncertain(&q, "/cut");
	http_pool_free(pool);
	options.total_ms = 3000;
	pool = http_pool_new(l, &options);
	is_uncertain(&q, "/hang");
	/* Else only the rate of a peer that drips would end it. */
	ok(strstr(q.err.text, "timed out") != NULL,
	    "a call ends when its time is over");
	http_pool_free(pool);
	options.total_ms = 10000;
	pool = http_pool_new(l, &options);

	ask(&q, "/big-refusal", NULL);
	ok(q.rc == RC_OK && q.answer.status == 429,
	    "a refusal of 4 MiB is one");
	is_str(q.answer.retry_after, "7", "with its headers");
	is_int(q.answer.body_len, 0, "and no body");
	ask(&q, "/big", NULL);
	ok(q.rc == RC_BUSY && strcmp(q.err.code, "uncertain") == 0,
	    "an answer of 4 MB is given up");
}

static void
test_not_sent(void)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	const int open_port = port;
	struct asked q;
	int fd;

	/* Bound and not listening: nobody else gets it, and it refuses. */
	fd = socket(AF_INET, SOCK_STREAM, 0);
	(void)bind(fd, (struct sockaddr *)&a, sizeof(a));
	(void)getsockname(fd, (struct sockaddr *)&a, &len);
	port = ntohs(a.sin_port);
	ask(&q, "/ok", "x=1");
	is_int(q.rc, RC_BUSY, "a closed port is no answer");
	is_str(q.err.code, "not_sent", "and nothing was sent");
	(void)close(fd);

	port = open_port;
	submit(&q, "/ok", "x=1");
	http_cancel(&q.call);
	(void)snprintf(q.url, sizeof(q.url), "ftp://127.0.0.1:%d/ok", port);
	http_submit(pool, &q.call);
	while (!q.done)
		loop_wait(l);
	is_str(q.err.code, "not_sent", "nothing but HTTP is spoken");
}

/*
 * A kept connection that dies under a request: libcurl would send a POST
 * again, unasked.
 */
static void
test_kept_connection(void)
{
	struct asked q;
	int before = *requests;

	http_pool_free(pool);
	options.transfers = 1;
	pool = http_pool_new(l, &options);
	ask(&q, "/dies-later", "x=1");
	is_int(q.answer.status, 200, "the first POST is answered");
	ask(&q, "/dies-later", "x=1");
	is_int(q.rc, RC_BUSY, "the second one's connection dies");
	is_str(q.err.code, "uncertain", "it may have been taken");
	is_int(*requests - before, 2, "two calls, two POSTs");

	before = *requests;
	ask_as(&q, "/dies-later", form);
	is_int(q.answer.status, 200, "the first form is answered");
	ask_as(&q, "/dies-later", form);
	is_str(q.err.code, "uncertain", "the second one may have been taken");
	is_int(*requests - before, 2, "two calls, two forms");
}

static void
test_fetch(void)
{
	struct http_request request = { .method = "GET" };
	struct http_answer got;
	char url[128];
	struct err e;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/ok", port);
	request.url = url;
	ok(http_fetch(arena, &options, &request, &got, &e) == RC_OK &&
		got.status == 200,
	    "a request may be waited for");
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/close", port);
	ok(http_fetch(arena, &options, &request, &got, &e) == RC_BUSY &&
		strncmp(e.text, url, strlen(url)) == 0,
	    "its failure names the URL");
}

int
main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	start_peer();
	arena = arena_new();
	l = loop_new();
	pool = http_pool_new(l, &options);
	test_answers();
	test_methods();
	test_forms();
	test_limits();
	test_many();
	test_failures();
	test_not_sent();
	test_kept_connection();
	http_pool_free(pool);
	test_fetch();
	loop_free(l);
	arena_free(arena);
	(void)kill(-peer, SIGKILL);
	(void)waitpid(peer, NULL, 0);
	return done_testing();
}
