#include "io/fcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"

struct fcgi {
	FCGX_Request request;
	int fd;
	bool open;      /* a request is read and not yet answered */
	bool body_done; /* ... and its body to the end */
};

enum rc
fcgi_init(struct err *e)
{
	/*
	 * How long libfcgi waits for a peer to close first, in milliseconds;
	 * detached descriptors never do, this is for the case that they did.
	 */
	(void)setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "100", 0);
	if (FCGX_Init() != 0)
		return err_set(e, RC_FAULT, "fcgi", "libfcgi does not start");
	return RC_OK;
}

bool
fcgi_has_listener(void)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listening,
		   &len) == 0 &&
	       listening != 0;
}

struct fcgi *
fcgi_open(int fd)
{
	struct fcgi *f;

	f = calloc(1, sizeof(*f));
	if (f == NULL)
		fatal("out of memory");
	f->fd = fd;
	/* No listening socket: it must never accept on its own. */
	(void)FCGX_InitRequest(&f->request, -1, 0);
	return f;
}

void
fcgi_close(struct fcgi *f)
{
	if (f->open) {
		/* Not FCGX_Finish_r: that would send an answer. */
		FCGX_Free(&f->request, 0);
	}
	if (f->fd >= 0)
		(void)close(f->fd);
	free(f);
}

struct fcgi_sight
fcgi_look(const struct fcgi *f, const struct gate_limits *limits)
{
	/* One process, one thread, one look at a time. */
	static char bytes[LIMIT_PARAMS + LIMIT_BODY + 32 * 1024];
	struct fcgi_sight sight = { .gate = GATE_WAIT, .why = "" };
	const size_t room = fcgi_gate_room(limits);
	ssize_t n;

	if (room > sizeof(bytes))
		fatal("BUG: gate limits beyond the largest request");
	n = recv(f->fd, bytes, room, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0) {
		sight.has_ended =
		    n == 0 ||
		    (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
		return sight;
	}
	sight.len = (size_t)n;
	sight.gate = fcgi_gate(bytes, sight.len, limits, &sight.why);
	if (sight.gate == GATE_WAIT && sight.len == room) {
		sight.gate = GATE_BAD;
		sight.why = "too many small records";
	}
	return sight;
}

enum rc
fcgi_read(struct fcgi *f, struct err *e)
{
	f->request.ipcFd = f->fd;
	/* Otherwise it would close the descriptor before it reads. */
	f->request.keepConnection = 1;
	/* The descriptor is ours: no shutdown and no waiting at its end. */
	(void)FCGX_Detach(&f->request);
	if (FCGX_Accept_r(&f->request) != 0) {
		/* It closed the descriptor, and tried to accept another. */
		f->fd = f->request.ipcFd;
		return err_set(
		    e, RC_FAULT, "fcgi", "libfcgi refused the request");
	}
	f->open = true;
	f->body_done = false;
	return RC_OK;
}

const char *
fcgi_param(const struct fcgi *f, const char *name)
{
	return FCGX_GetParam(name, f->request.envp);
}

size_t
fcgi_param_count(const struct fcgi *f, const char *name)
{
	size_t len = strlen(name), count = 0;
	char **p;

	for (p = f->request.envp; *p != NULL; p++)
		count += strncmp(*p, name, len) == 0 && (*p)[len] == '=';
	return count;
}

/* The announced length, or -1 where it is none. */
static long
announced_len(const struct fcgi *f)
{
	const char *text = fcgi_param(f, "CONTENT_LENGTH");
	char *end;
	long n;

	if (text == NULL || text[0] == '\0')
		return 0;
	errno = 0;
	n = strtol(text, &end, 10);
	return errno != 0 || *end != '\0' || n < 0 ? -1 : n;
}

/* Reads until size bytes are there or the stream ends. */
static size_t
read_stream(FCGX_Stream *in, char *to, size_t size)
{
	size_t used = 0;
	int n;

	while (used < size) {
		n = FCGX_GetStr(to + used, (int)(size - used), in);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	return used;
}

enum rc
fcgi_body(struct fcgi *f, struct arena *a, size_t most, const char **bytes,
    size_t *len, struct err *e)
{
	const long want = announced_len(f);
	char *to, rest[512];
	size_t used, n;

	if (want < 0 || (size_t)want > most)
		return err_set(e, RC_INVALID, "bad_body",
		    "Content-Length does not fit the body");
	to = arena_alloc(a, (size_t)want + 1);
	used = read_stream(f->request.in, to, (size_t)want);
	*bytes = to;
	*len = used;
	while ((n = read_stream(f->request.in, rest, sizeof(rest))) > 0)
		used += n;
	f->body_done = FCGX_GetError(f->request.in) == 0;
	if (!f->body_done)
		return err_set(e, RC_INVALID, "bad_body",
		    "the body broke off after %zu bytes", used);
	if (used != (size_t)want)
		return err_set(e, RC_INVALID, "bad_body",
		    "%zu bytes came where Content-Length says %ld", used, want);
	return RC_OK;
}

/*
 * A descriptor closed with unread bytes makes the kernel reset the peer, who
 * might then not read the answer.
 */
static void
drain(int fd)
{
	char bytes[4096];
	int rounds;

	for (rounds = 0; rounds < 64; rounds++)
		if (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
			return;
}

bool
fcgi_reply(struct fcgi *f, const char *bytes, size_t len, bool keep)
{
	f->open = false;
	(void)FCGX_PutStr(bytes, (int)len, f->request.out);
	if (!keep || !f->body_done) {
		f->request.keepConnection = 0;
		drain(f->fd);
	}
	FCGX_Finish_r(&f->request);
	/* -1 where it closed the connection. */
	f->fd = f->request.ipcFd;
	return f->fd >= 0;
}

/* ---- self-test --------------------------------------------------------- */

enum { SELF_TEST_RECORD = 8 * 1024 };

static void
add_record(struct buf *b, int type, const char *bytes, size_t len)
{
	const char head[] = { 1, (char)type, 0, 1, (char)(len >> 8),
		(char)(len & 255), 0, 0 };

	buf_add(b, head, sizeof(head));
	buf_add(b, bytes, len);
}

static void
add_param(struct buf *b, const char *name, const char *value, size_t value_len)
{
	const char lengths[] = { (char)strlen(name),
		(char)(0x80 | (value_len >> 24)), (char)(value_len >> 16 & 255),
		(char)(value_len >> 8 & 255), (char)(value_len & 255) };

	buf_add(b, lengths, sizeof(lengths));
	buf_add_str(b, name);
	buf_add(b, value, value_len);
}

static void
add_stream(struct buf *b, int type, const char *bytes, size_t len)
{
	size_t n;

	while (len > 0) {
		n = len < SELF_TEST_RECORD ? len : SELF_TEST_RECORD;
		add_record(b, type, bytes, n);
		bytes += n;
		len -= n;
	}
	add_record(b, type, "", 0);
}

/* A request as nginx sends it, with a body of that many bytes. */
static void
make_request(struct buf *out, size_t body_len, size_t filler)
{
	static const char begin[8] = { 0, 1, 1, 0, 0, 0, 0, 0 };
	struct buf params, body;
	char number[24];

	buf_init(&params);
	buf_init(&body);
	memset(buf_reserve(&body, body_len + filler), 'x', body_len + filler);
	(void)snprintf(number, sizeof(number), "%zu", body_len);
	add_param(&params, "CONTENT_LENGTH", number, strlen(number));
	add_param(&params, "FILLER", body.bytes, filler);
	add_record(out, 1, begin, sizeof(begin));
	add_stream(out, 4, params.bytes, params.len);
	add_stream(out, 5, body.bytes, body_len);
	buf_release(&params);
	buf_release(&body);
}

/* One request through the pair; what names the step that fails. */
static const char *
try_request(struct fcgi *f, int peer, const struct gate_limits *limits,
    size_t body_len, size_t filler, struct arena *a)
{
	char answer[256];
	const char *body;
	struct buf request;
	struct err e;
	ssize_t sent;
	size_t len = 0;
	bool whole;

	buf_init(&request);
	make_request(&request, body_len, filler);
	sent =
	    send(peer, request.bytes, request.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	whole = sent == (ssize_t)request.len;
	buf_release(&request);
	if (!whole)
		return "the largest request does not fit into a socket buffer "
		       "(sysctl net.core.wmem_default)";
	if (fcgi_look(f, limits).gate != GATE_READY)
		return "the gate does not see a whole request";
	if (fcgi_read(f, &e) != RC_OK || fcgi_param(f, "FILLER") == NULL ||
	    strlen(fcgi_param(f, "FILLER")) != filler)
		return "libfcgi does not read the parameters";
	if (fcgi_body(f, a, limits->body, &body, &len, &e) != RC_OK ||
	    len != body_len)
		return "libfcgi does not read the body";
	if (!fcgi_reply(f, "Status: 204\r\n\r\n", 15, true))
		return "libfcgi does not keep the connection";
	if (recv(peer, answer, sizeof(answer), MSG_DONTWAIT) <= 0 ||
	    answer[1] != 6)
		return "libfcgi does not write the answer";
	return NULL;
}

enum rc
fcgi_self_test(const struct gate_limits *limits, struct err *e)
{
	const char *wrong;
	struct arena *a;
	struct fcgi *f;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return err_set(e, RC_FAULT, "self_test", "socketpair: %s",
		    strerror(errno));
	a = arena_new();
	f = fcgi_open(pair[0]);
	wrong = try_request(f, pair[1], limits, 0, 0, a);
	if (wrong == NULL)
		wrong = try_request(
		    f, pair[1], limits, limits->body, limits->params - 128, a);
	if (wrong == NULL)
		wrong = try_request(f, pair[1], limits, 1000, 200, a);
	fcgi_close(f);
	(void)close(pair[1]);
	arena_free(a);
	if (wrong != NULL)
		return err_set(
		    e, RC_FAULT, "self_test", "self-test: %s", wrong);
	return RC_OK;
}
