#include "io/http_fetch.h"

#include <stdbool.h>

struct fetch {
	struct http_call call;
	bool done;
	enum rc rc;
	struct http_answer *answer;
	struct err *e;
};

static void
fetch_is_done(struct http_call *call, enum rc rc,
    const struct http_answer *answer, const struct err *e)
{
	struct fetch *f = OWNER_OF(call, struct fetch, call);

	f->done = true;
	f->rc = rc;
	if (answer != NULL)
		*f->answer = *answer;
	if (e != NULL)
		*f->e = *e;
}

enum rc
http_fetch(struct arena *a, const struct http_options *options,
    const struct http_request *request, struct http_answer *out, struct err *e)
{
	struct fetch f = {
		.call = {
			.request = *request,
			.arena = a,
			.on_done = fetch_is_done,
		},
		.answer = out,
		.e = e,
	};
	struct http_pool *p;
	struct loop *l;

	l = loop_new();
	p = http_pool_new(l, options);
	http_submit(p, &f.call);
	while (!f.done)
		loop_wait(l);
	http_pool_free(p);
	loop_free(l);
	if (f.rc != RC_OK)
		return err_wrap(e, "%s", request->url);
	return RC_OK;
}
