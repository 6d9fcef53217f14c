#include "io/http.h"

#include <curl/curl.h>

#include "base/buf.h"
#include "base/log.h"

enum {
	CONNECT_MS = 5000,
	TOTAL_MS = 15000,
	ANSWER_MAX = 1024 * 1024,
};

static size_t
take_bytes(char *bytes, size_t one, size_t count, void *user)
{
	struct buf *b = user;

	(void)one;
	if (b->len + count > ANSWER_MAX)
		return 0;
	buf_add(b, bytes, count);
	return count;
}

static void
drop_handle(void *handle)
{
	curl_easy_cleanup(handle);
}

static void
drop_list(void *handle)
{
	curl_slist_free_all(handle);
}

static struct curl_slist *
header_list(struct arena *a, const struct http_request *request)
{
	/* Without it libcurl waits a second for leave to send a body. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:"), *more;
	struct buf line;
	size_t i;

	for (i = 0; list != NULL && i < request->header_count; i++) {
		buf_init(&line);
		buf_addf(&line, "%s: %s", request->headers[i].name,
		    request->headers[i].value);
		more = curl_slist_append(list, line.bytes);
		buf_release(&line);
		if (more == NULL)
			curl_slist_free_all(list);
		list = more;
	}
	if (list == NULL)
		fatal("out of memory");
	arena_defer(a, drop_list, list);
	return list;
}

static void
set_options(CURL *c, const struct http_request *request,
    struct curl_slist *headers, struct buf *body)
{
	(void)curl_easy_setopt(c, CURLOPT_URL, request->url);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http");
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	(void)curl_easy_setopt(
	    c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (request->ca_file != NULL)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, request->ca_file);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
	(void)curl_easy_setopt(
	    c, CURLOPT_POSTFIELDSIZE, (long)request->body_len);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, request->body);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_bytes);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
}

enum rc
http_post(struct arena *a, const struct http_request *request,
    struct http_answer *out, struct err *e)
{
	char why[CURL_ERROR_SIZE] = "";
	struct buf body;
	CURLcode code;
	CURL *c;

	c = curl_easy_init();
	if (c == NULL)
		fatal("libcurl does not start");
	arena_defer(a, drop_handle, c);
	buf_init(&body);
	set_options(c, request, header_list(a, request), &body);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	code = curl_easy_perform(c);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, NULL);
	if (code == CURLE_OK) {
		(void)curl_easy_getinfo(
		    c, CURLINFO_RESPONSE_CODE, &out->status);
		out->body = arena_copy(a, body.bytes, body.len);
		out->body_len = body.len;
	}
	buf_release(&body);
	if (code != CURLE_OK)
		return err_set(e, RC_BUSY, "unavailable", "%s: %s",
		    request->url,
		    why[0] != '\0' ? why : curl_easy_strerror(code));
	return RC_OK;
}
