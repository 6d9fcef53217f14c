#include "relay/download.h"

#include "text/link.h"

enum { HOPS = 3, FETCH_MS = 30 * 1000 };

static void
end(struct delivery *d, enum download_result result, const char *why)
{
	struct download *w = d->download;

	w->result = result;
	w->why = why;
	w->then(d, w);
}

static void is_here(struct delivery *d);

/* Without credentials, and not into our own network. */
static void
follow(struct delivery *d)
{
	struct download *w = d->download;
	struct link l;

	if (d->answer.location == NULL ||
	    !link_parse(d->arena, d->answer.location, &l)) {
		end(d, DOWNLOAD_REFUSED, "the redirect is no link");
		return;
	}
	if (!link_may_be_followed(&l, w->base, w->hosts)) {
		end(d, DOWNLOAD_REFUSED, "the redirect leads elsewhere");
		return;
	}
	if (++w->hops > HOPS) {
		end(d, DOWNLOAD_REFUSED, "too many redirects");
		return;
	}
	d->fetch = (struct http_request){
		.url = l.text,
		.answer_max = w->max,
		.total_ms = FETCH_MS,
		.public_only = strcmp(l.host, w->base->host) != 0,
	};
	delivery_fetch(d, is_here);
}

static void
is_here(struct delivery *d)
{
	struct download *w = d->download;
	const long status = d->answer.status;

	if (d->http_rc != RC_OK) {
		if (strcmp(d->err.code, "too_large") == 0)
			end(d, DOWNLOAD_TOO_LARGE, "it is too large");
		else if (strcmp(d->err.code, "not_public") == 0)
			end(d, DOWNLOAD_REFUSED, "not a public address");
		else
			end(d, DOWNLOAD_AGAIN, delivery_error(d));
	} else if (status >= 200 && status < 300) {
		w->bytes = d->answer.body;
		w->len = d->answer.body_len;
		w->type = d->answer.content_type;
		end(d, DOWNLOAD_GOOD, NULL);
	} else if (status >= 300 && status < 400) {
		follow(d);
	} else if (status == 400 || status == 410 || status == 413) {
		end(d, DOWNLOAD_REFUSED, "its host refuses it");
	} else {
		/* 404, too: it may not be there yet; a link may be too old. */
		end(d, DOWNLOAD_AGAIN, "its host does not give it");
	}
}

void
download_begin(struct delivery *d, struct download *w,
    void (*then)(struct delivery *d, struct download *w))
{
	struct link l;

	d->download = w;
	w->then = then;
	if (!link_parse(d->arena, w->url, &l)) {
		end(d, DOWNLOAD_REFUSED, "no link");
		return;
	}
	d->fetch = (struct http_request){
		.url = w->url,
		.user = w->user,
		.password = w->password,
		.bearer = w->bearer,
		.answer_max = w->max,
		.total_ms = FETCH_MS,
		.public_only = strcmp(l.host, w->base->host) != 0,
	};
	delivery_fetch(d, is_here);
}
