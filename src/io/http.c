#include "io/http.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "io/public_address.h"

enum {
	ANSWER_MAX = 1024 * 1024,
	/* Bytes that the peer's host does not acknowledge are given up. */
	UNACKNOWLEDGED_MS = 20 * 1000,
	/* A kept connection that rested longer is likely to be dead. */
	KEPT_S = 30,
	/* A peer that drips: less than a byte a second for so long. */
	DRIP_S = 15,
};

/* A socket of libcurl's, for as long as it wants it watched. */
struct watch {
	struct http_pool *pool;
	struct loop_source source;
	struct watch *next; /* of those that are closed */
};

struct http_pool {
	struct loop *loop;
	struct http_options options;
	CURLM *multi;
	struct loop_timer timer;
	struct watch *closed; /* events of this round may still name them */
	struct loop_timer sweep;
	size_t active;
};

/* ---- one transfer ------------------------------------------------------ */

static size_t
take_bytes(char *bytes, size_t one, size_t count, void *user)
{
	struct http_call *call = user;
	const size_t max = call->request.answer_max;
	struct buf *b = call->received;

	(void)one;
	if (b->len + count > (max > 0 ? max : ANSWER_MAX)) {
		call->overflowed = true;
		return 0;
	}
	buf_add(b, bytes, count);
	return count;
}

/*
 * Hands the body out, once.  There is no function to rewind it, on purpose:
 * libcurl would send a POST again, unasked, when a kept connection dies
 * before the first byte of the answer.
 */
static size_t
give_bytes(char *to, size_t one, size_t count, void *user)
{
	struct http_call *call = user;
	size_t left = call->request.body_len - call->sent;
	size_t n = one * count < left ? one * count : left;

	if (n > 0)
		memcpy(to, call->request.body + call->sent, n);
	call->sent += n;
	return n;
}

/* A part of a form, and how much of it has been handed out. */
struct http_sending {
	const struct form_part *part;
	size_t sent;
};

/* As give_bytes(): once, so that no form is sent twice. */
static size_t
give_part(char *to, size_t one, size_t count, void *user)
{
	struct http_sending *s = user;
	size_t left = s->part->len - s->sent;
	size_t n = one * count < left ? one * count : left;

	if (n > 0)
		memcpy(to, s->part->bytes + s->sent, n);
	s->sent += n;
	return n;
}

static void
set_form(CURL *c, struct http_call *call)
{
	const struct http_request *r = &call->request;
	curl_mimepart *part;
	bool good = true;
	size_t i;

	call->form = curl_mime_init(c);
	call->sending = calloc(r->part_count, sizeof(*call->sending));
	if (call->form == NULL || call->sending == NULL)
		fatal("out of memory");
	for (i = 0; i < r->part_count; i++) {
		const struct form_part *p = &r->parts[i];

		call->sending[i].part = p;
		part = curl_mime_addpart(call->form);
		good = good && part != NULL &&
		       curl_mime_name(part, p->name) == CURLE_OK &&
		       curl_mime_filename(part, p->filename) == CURLE_OK &&
		       curl_mime_type(part, p->type) == CURLE_OK &&
		       curl_mime_data_cb(part, (curl_off_t)p->len, give_part,
			   NULL, NULL, &call->sending[i]) == CURLE_OK;
	}
	if (!good)
		fatal("out of memory");
	(void)curl_easy_setopt(c, CURLOPT_MIMEPOST, call->form);
}

static void
add_header(struct http_call *call, const char *name, const char *value)
{
	struct curl_slist *list;
	struct buf line;

	buf_init(&line);
	buf_addf(&line, "%s: %s", name, value);
	list = curl_slist_append(call->headers, line.bytes);
	buf_release(&line);
	if (list == NULL)
		fatal("out of memory");
	call->headers = list;
}

/* Also bounds how long the kernel repeats what a dead process has sent. */
static int
set_socket(void *user, curl_socket_t fd, curlsocktype purpose)
{
	const unsigned ms = UNACKNOWLEDGED_MS;

	(void)user;
	(void)purpose;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	return CURL_SOCKOPT_OK;
}

/* After DNS has answered: a name proves nothing about where it leads. */
static curl_socket_t
open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_call *call = user;

	(void)purpose;
	if (!is_public_address(&address->addr)) {
		call->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
}

static void
set_limits(CURL *c, const struct http_options *o)
{
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http");
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	(void)curl_easy_setopt(
	    c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (o->ca_file != NULL)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, o->ca_file);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, o->connect_ms);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, o->total_ms);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)DRIP_S);
	(void)curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, (long)KEPT_S);
	(void)curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, set_socket);
}

static void
set_body(CURL *c, struct http_call *call)
{
	const struct http_request *r = &call->request;

	if (r->parts != NULL) {
		set_form(c, call);
	} else if (r->body != NULL || strcmp(r->method, "POST") == 0) {
		(void)curl_easy_setopt(c, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(
		    c, CURLOPT_POSTFIELDSIZE, (long)r->body_len);
		(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, give_bytes);
		(void)curl_easy_setopt(c, CURLOPT_READDATA, call);
	} else if (strcmp(r->method, "HEAD") == 0) {
		(void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	}
	if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "POST") != 0 &&
	    strcmp(r->method, "HEAD") != 0)
		(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
}

static void
set_request(CURL *c, struct http_call *call)
{
	const struct http_request *r = &call->request;
	size_t i;

	(void)curl_easy_setopt(c, CURLOPT_URL, r->url);
	/* Who asked for "..", an identity of that name, means no other path. */
	(void)curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	/* Without it libcurl waits a second for leave to send a body. */
	add_header(call, "Expect", "");
	for (i = 0; i < r->header_count; i++)
		add_header(call, r->headers[i].name, r->headers[i].value);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, call->headers);
	if (r->user != NULL) {
		(void)curl_easy_setopt(
		    c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		(void)curl_easy_setopt(c, CURLOPT_USERNAME, r->user);
		(void)curl_easy_setopt(c, CURLOPT_PASSWORD, r->password);
	}
	if (r->bearer != NULL) {
		(void)curl_easy_setopt(
		    c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		(void)curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, r->bearer);
	}
	if (r->total_ms > 0)
		(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, r->total_ms);
	if (r->public_only) {
		(void)curl_easy_setopt(
		    c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
		(void)curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, call);
		/* Another request's connection has not been looked at. */
		(void)curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	}
	set_body(c, call);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_bytes);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, call);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, call->why);
	(void)curl_easy_setopt(c, CURLOPT_PRIVATE, call);
}

static void
drop_transfer(struct http_call *call)
{
	struct buf *b = call->received;

	(void)curl_multi_remove_handle(call->pool->multi, call->easy);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	curl_mime_free(call->form);
	free(call->sending);
	buf_release(b);
	free(b);
	call->easy = NULL;
	call->headers = NULL;
	call->form = NULL;
	call->sending = NULL;
	call->received = NULL;
	call->pool->active--;
}

static const char *
read_header(struct http_call *call, const char *name)
{
	struct curl_header *h;

	if (curl_easy_header(call->easy, name, 0, CURLH_HEADER, -1, &h) !=
	    CURLHE_OK)
		return NULL;
	return arena_copy(call->arena, h->value, strlen(h->value));
}

static void
read_answer(struct http_call *call, struct http_answer *out)
{
	const struct buf *b = call->received;

	*out = (struct http_answer){
		.body = arena_copy(call->arena, b->bytes, b->len),
		.body_len = b->len,
		.retry_after = read_header(call, "Retry-After"),
		.location = read_header(call, "Location"),
		.content_type = read_header(call, "Content-Type"),
		.rate_limit = read_header(call, "X-RateLimit-Limit"),
		.rate_remaining = read_header(call, "X-RateLimit-Remaining"),
		.rate_reset = read_header(call, "X-RateLimit-Reset"),
	};
	(void)curl_easy_getinfo(
	    call->easy, CURLINFO_RESPONSE_CODE, &out->status);
}

/* How far did it get?  (reliability.md 1.6, measured) */
static enum rc
read_failure(struct http_call *call, CURLcode code, struct err *e)
{
	const char *why =
	    call->why[0] != '\0' ? call->why : curl_easy_strerror(code);
	const char *word = "uncertain";
	long request_size = 0;

	(void)curl_easy_getinfo(
	    call->easy, CURLINFO_REQUEST_SIZE, &request_size);
	if (code == CURLE_PEER_FAILED_VERIFICATION ||
	    code == CURLE_SSL_CACERT_BADFILE)
		word = "bad_peer";
	else if (call->refused && request_size == 0)
		word = "not_public";
	else if (call->overflowed && call->request.answer_max > 0)
		word = "too_large";
	else if (request_size == 0)
		word = "not_sent";
	return err_set(e, RC_BUSY, word, "%s", why);
}

/* Its status says all of a refusal, however much is said about it. */
static bool
is_long_refusal(struct http_call *call)
{
	long status = 0;

	(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	if (!call->overflowed || call->request.answer_max > 0 || status < 400)
		return false;
	buf_clear(call->received);
	return true;
}

static void
finish(struct http_call *call, CURLcode code)
{
	struct http_answer answer;
	struct err e;
	enum rc rc = RC_OK;

	if (code == CURLE_OK || is_long_refusal(call))
		read_answer(call, &answer);
	else
		rc = read_failure(call, code, &e);
	drop_transfer(call);
	call->on_done(
	    call, rc, rc == RC_OK ? &answer : NULL, rc == RC_OK ? NULL : &e);
}

/* ---- libcurl and the loop ---------------------------------------------- */

static void
collect(struct http_pool *p)
{
	struct http_call *call;
	CURLMsg *m;
	CURLcode code;
	int left;

	while ((m = curl_multi_info_read(p->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		call = NULL;
		code = m->data.result;
		(void)curl_easy_getinfo(
		    m->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		if (call != NULL)
			finish(call, code);
	}
}

static void
socket_is_ready(struct loop_source *s, uint32_t events)
{
	struct watch *w = OWNER_OF(s, struct watch, source);
	struct http_pool *p = w->pool;
	int what = 0, running;

	if ((events & EPOLLIN) != 0)
		what |= CURL_CSELECT_IN;
	if ((events & EPOLLOUT) != 0)
		what |= CURL_CSELECT_OUT;
	if ((events & (EPOLLERR | EPOLLHUP)) != 0)
		what |= CURL_CSELECT_ERR;
	(void)curl_multi_socket_action(p->multi, s->fd, what, &running);
	collect(p);
}

static void
free_closed(struct loop_timer *t)
{
	struct http_pool *p = OWNER_OF(t, struct http_pool, sweep);
	struct watch *w;

	while ((w = p->closed) != NULL) {
		p->closed = w->next;
		free(w);
	}
}

static int
watch_socket(
    CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
	struct http_pool *p = user;
	struct watch *w = socket_user;
	uint32_t events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w == NULL)
			return 0;
		loop_remove(p->loop, &w->source);
		w->next = p->closed;
		p->closed = w;
		loop_timer_set(p->loop, &p->sweep, clock_us() + 1000);
		return 0;
	}
	if (w == NULL) {
		w = calloc(1, sizeof(*w));
		if (w == NULL)
			fatal("out of memory");
		w->pool = p;
		w->source.fd = fd;
		w->source.on_ready = socket_is_ready;
		(void)curl_multi_assign(p->multi, fd, w);
	}
	if ((what & CURL_POLL_IN) != 0)
		events |= EPOLLIN;
	if ((what & CURL_POLL_OUT) != 0)
		events |= EPOLLOUT;
	loop_change(p->loop, &w->source, events);
	return 0;
}

static void
timer_is_due(struct loop_timer *t)
{
	struct http_pool *p = OWNER_OF(t, struct http_pool, timer);
	int running;

	(void)curl_multi_socket_action(
	    p->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(p);
}

static int
set_timer(CURLM *multi, long ms, void *user)
{
	struct http_pool *p = user;

	(void)multi;
	if (ms < 0)
		loop_timer_stop(p->loop, &p->timer);
	else
		loop_timer_set(
		    p->loop, &p->timer, clock_us() + (int64_t)ms * 1000 + 1);
	return 0;
}

/* ---- life cycle -------------------------------------------------------- */

struct http_pool *
http_pool_new(struct loop *l, const struct http_options *options)
{
	struct http_pool *p;

	p = calloc(1, sizeof(*p));
	if (p == NULL)
		fatal("out of memory");
	p->loop = l;
	p->options = *options;
	p->timer.on_due = timer_is_due;
	p->sweep.on_due = free_closed;
	/* libcurl would write the keys of each connection to that file. */
	(void)unsetenv("SSLKEYLOGFILE");
	p->multi = curl_multi_init();
	if (p->multi == NULL)
		fatal("libcurl does not start");
	(void)curl_multi_setopt(
	    p->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	(void)curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	(void)curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	(void)curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
	(void)curl_multi_setopt(
	    p->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, options->transfers);
	return p;
}

void
http_pool_free(struct http_pool *p)
{
	(void)curl_multi_cleanup(p->multi);
	loop_timer_stop(p->loop, &p->timer);
	loop_timer_stop(p->loop, &p->sweep);
	free_closed(&p->sweep);
	free(p);
}

void
http_submit(struct http_pool *p, struct http_call *call)
{
	struct buf *b;

	b = calloc(1, sizeof(*b));
	call->easy = curl_easy_init();
	if (b == NULL || call->easy == NULL)
		fatal("out of memory");
	buf_init(b);
	call->pool = p;
	call->received = b;
	call->headers = NULL;
	call->form = NULL;
	call->sending = NULL;
	call->sent = 0;
	call->refused = false;
	call->overflowed = false;
	call->why[0] = '\0';
	set_limits(call->easy, &p->options);
	set_request(call->easy, call);
	p->active++;
	if (curl_multi_add_handle(p->multi, call->easy) != CURLM_OK)
		fatal("BUG: libcurl takes no transfer");
}

void
http_cancel(struct http_call *call)
{
	if (call->easy != NULL)
		drop_transfer(call);
}

size_t
http_pool_active(const struct http_pool *p)
{
	return p->active;
}
