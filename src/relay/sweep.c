#include "relay/sweep.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/metrics.h"
#include "peer/twilio_answer.h"
#include "peer/twilio_request.h"
#include "store/text_sweep.h"

enum {
	SECOND_US = 1000 * 1000,
	EVERY_US = 300 * SECOND_US,
	/* After a round that did not come to its end. */
	AGAIN_US = 60 * SECOND_US,
	CALL_US = 10 * SECOND_US,
	PAGES_MAX = 100,
	/* Whose status callback should have come by then. */
	FATE_MS = 15 * 60 * 1000,
	FATES_MAX = 100,
	SIDS_MIN = 64,
};

/* ---- SIDs -------------------------------------------------------------- */

static int
compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool
is_in(const struct sid_set *s, const char *sid)
{
	return s->count > 0 && bsearch(&sid, s->sids, s->count,
				   sizeof(*s->sids), compare) != NULL;
}

static void
add_sid(struct sid_set *s, const char *sid)
{
	const char **more;

	if (s->count == s->size) {
		s->size = s->size > 0 ? 2 * s->size : SIDS_MIN;
		more = arena_alloc(s->arena, s->size * sizeof(*more));
		if (s->count > 0)
			memcpy(more, s->sids, s->count * sizeof(*more));
		s->sids = more;
	}
	s->sids[s->count++] = arena_copy(s->arena, sid, strlen(sid));
}

static void
clear(struct sid_set *s)
{
	arena_reset(s->arena);
	s->sids = NULL;
	s->count = 0;
	s->size = 0;
}

/* ---- a round, and its steps -------------------------------------------- */

static void
end(struct sweep *w, int64_t again_us)
{
	settings_release(w->settings);
	w->settings = NULL;
	/* A fifth sooner or later, so that relays do not meet. */
	w->next_us = clock_us() + again_us - again_us / 5 +
		     clock_backoff_us(0, again_us * 2 / 5, again_us * 2 / 5);
	arena_reset(w->arena);
}

static void
fail(struct sweep *w, const char *why)
{
	log_warn("sweep: texts could not be looked for: %s", why);
	end(w, AGAIN_US);
}

static void
rows_are_here(struct db_call *call, enum rc rc, const struct rows *rows,
    const struct err *e)
{
	struct sweep *w = OWNER_OF(call, struct sweep, db);

	w->asking = false;
	if (rc == RC_OK)
		w->on_rows(w, rows);
	else
		fail(w, e->text);
}

/* Runs w->db, bound by the caller. */
static void
ask(struct sweep *w, void (*then)(struct sweep *w, const struct rows *rows))
{
	w->on_rows = then;
	w->asking = true;
	w->db.deadline_us = clock_us() + CALL_US;
	w->db.on_done = rows_are_here;
	db_pool_submit(w->relay->db, &w->db);
}

static void
peer_answered(struct http_call *call, enum rc rc,
    const struct http_answer *answer, const struct err *e)
{
	struct sweep *w = OWNER_OF(call, struct sweep, http);
	struct peer_answer a;
	char why[64];

	w->calling = false;
	if (rc != RC_OK) {
		fail(w, e->text);
		return;
	}
	twilio_judge(w->arena, answer->status, answer->body, answer->body_len,
	    answer->retry_after, &a);
	if (a.verdict == VERDICT_DONE || a.status == 404) {
		w->on_answer(w, answer);
		return;
	}
	(void)snprintf(
	    why, sizeof(why), "status %ld, code %ld", a.status, a.code);
	fail(w, why);
}

static void
call(struct sweep *w, const struct peer_request *request,
    void (*then)(struct sweep *w, const struct http_answer *answer))
{
	w->on_answer = then;
	w->calling = true;
	w->http = (struct http_call){
		.request = {
			.method = request->method,
			.url = request->url,
			.user = w->settings->user,
			.password = w->settings->password,
		},
		.arena = w->arena,
		.on_done = peer_answered,
	};
	http_submit(w->relay->http, &w->http);
}

static struct twilio_account
account(const struct sweep *w)
{
	const struct config *c = &w->settings->config;

	return (struct twilio_account){ &c->twilio.api_base_url,
		c->twilio.account_sid };
}

/* ---- the fate of what we sent ------------------------------------------ */

static void ask_fate(struct sweep *w);

static void
fate_is_noted(struct sweep *w, const struct rows *rows)
{
	(void)rows;
	w->fate++;
	ask_fate(w);
}

static void
fate_is_here(struct sweep *w, const struct http_answer *answer)
{
	struct twilio_text t;
	struct err e;

	if (answer->status == 404 ||
	    twilio_text_read(
		w->arena, answer->body, answer->body_len, &t, &e) != RC_OK ||
	    t.status == NULL) {
		w->fate++;
		ask_fate(w);
		return;
	}
	sweep_status_bind(&w->db, t.sid, t.status, t.error_code);
	ask(w, fate_is_noted);
}

static void
ask_fate(struct sweep *w)
{
	const struct twilio_account of = account(w);
	struct peer_request request;
	struct sid_set old = w->known;

	if (w->fate < w->fate_count) {
		twilio_text_fetch(w->arena, &of, w->fates[w->fate], &request);
		call(w, &request, fate_is_here);
		return;
	}
	if (w->found > 0)
		log_warn("sweep: found=%ld texts that no webhook had brought",
		    w->found);
	if (w->seen.count > 0)
		qsort(w->seen.sids, w->seen.count, sizeof(*w->seen.sids),
		    compare);
	w->known = w->seen;
	w->seen = old;
	end(w, EVERY_US);
}

static void
fates_are_here(struct sweep *w, const struct rows *rows)
{
	const int n = rows_count(rows);
	int i;

	w->fates = arena_alloc(w->arena, ((size_t)n + 1) * sizeof(*w->fates));
	w->fate_count = (size_t)n;
	w->fate = 0;
	for (i = 0; i < n; i++)
		w->fates[i] = sweep_fate_read(rows, i, w->arena);
	ask_fate(w);
}

/* ---- what customers wrote ---------------------------------------------- */

static void take_next(struct sweep *w);
static void ask_number(struct sweep *w);

static const struct front_channel *
channel(const struct sweep *w)
{
	return &w->settings->config.front.channels[w->channel];
}

static void
text_is_taken(struct sweep *w, const struct rows *rows)
{
	const struct twilio_text *t = &w->page.texts[w->text++];

	if (sweep_text_is_new(rows)) {
		w->found++;
		metrics_add(METRIC_SWEEP_FINDS, "text", 1);
	}
	add_sid(&w->seen, t->sid);
	take_next(w);
}

static void
take(struct sweep *w, const char *media)
{
	const struct twilio_text *t = &w->page.texts[w->text];
	const struct config *c = &w->settings->config;
	const struct sweep_text text = {
		.channel = channel(w)->name,
		.message_sid = t->sid,
		.from = t->from,
		.to = t->to,
		.body = t->body,
		.media = media,
		.lookup = c->lookup.enabled,
		.cache_days = c->lookup.cache_days,
		.received_s = t->sent_s != 0 ? t->sent_s : t->created_s,
	};

	sweep_text_bind(&w->db, w->arena, &text);
	ask(w, text_is_taken);
}

static void
media_are_here(struct sweep *w, const struct http_answer *answer)
{
	const struct twilio_account of = account(w);
	const char *media = NULL;
	struct err e;

	if (answer->status != 404 &&
	    twilio_media_read(w->arena, &of, answer->body, answer->body_len,
		&media, &e) != RC_OK) {
		fail(w, e.text);
		return;
	}
	take(w, media);
}

static void texts_are_here(struct sweep *w, const struct http_answer *answer);

/* The next page of this number, or the next number. */
static void
go_on(struct sweep *w)
{
	const struct twilio_account of = account(w);
	struct peer_request request;

	if (w->page.next != NULL && ++w->pages < PAGES_MAX &&
	    twilio_next_page(w->arena, of.base, w->page.next, &request)) {
		call(w, &request, texts_are_here);
		return;
	}
	w->number++;
	ask_number(w);
}

static void
take_next(struct sweep *w)
{
	const struct twilio_account of = account(w);
	const struct twilio_text *t;
	struct peer_request request;

	for (; w->text < w->page.count; w->text++) {
		t = &w->page.texts[w->text];
		if (t->direction == NULL ||
		    strcmp(t->direction, "inbound") != 0 || t->from == NULL ||
		    t->to == NULL)
			continue;
		if (is_in(&w->known, t->sid)) {
			add_sid(&w->seen, t->sid);
			continue;
		}
		if (t->num_media == 0) {
			take(w, NULL);
			return;
		}
		twilio_media_list(w->arena, &of, t->sid, &request);
		call(w, &request, media_are_here);
		return;
	}
	go_on(w);
}

static void
texts_are_here(struct sweep *w, const struct http_answer *answer)
{
	struct err e;

	w->text = 0;
	if (twilio_text_page_read(w->arena, answer->body, answer->body_len,
		&w->page, &e) != RC_OK)
		fail(w, e.text);
	else
		take_next(w);
}

static void
since_is_here(struct sweep *w, const struct rows *rows)
{
	const char *number = channel(w)->numbers.list[w->number];
	const struct twilio_account of = account(w);
	struct peer_request request;

	w->since = sweep_since_read(rows, w->arena);
	twilio_text_list(w->arena, &of, number, NULL, w->since, &request);
	call(w, &request, texts_are_here);
}

static void
ask_number(struct sweep *w)
{
	const struct config *c = &w->settings->config;

	while (w->channel < c->front.channel_count &&
	       w->number >= channel(w)->numbers.count) {
		w->channel++;
		w->number = 0;
	}
	w->pages = 0;
	if (w->channel < c->front.channel_count) {
		sweep_since_bind(&w->db, channel(w)->numbers.list[w->number]);
		ask(w, since_is_here);
	} else {
		sweep_fates_bind(&w->db, w->arena, FATE_MS, FATES_MAX);
		ask(w, fates_are_here);
	}
}

/* ---- life -------------------------------------------------------------- */

void
sweep_init(struct sweep *w, struct relay *r)
{
	*w = (struct sweep){ .relay = r, .arena = arena_new() };
	w->known.arena = arena_new();
	w->seen.arena = arena_new();
}

void
sweep_free(struct sweep *w)
{
	if (w->asking)
		db_pool_cancel(w->relay->db, &w->db);
	if (w->calling)
		http_cancel(&w->http);
	if (w->settings != NULL)
		settings_release(w->settings);
	arena_free(w->arena);
	arena_free(w->known.arena);
	arena_free(w->seen.arena);
}

void
sweep_tend(struct sweep *w, int64_t now_us)
{
	if (now_us < sweep_next_us(w))
		return;
	w->settings = settings_hold(w->relay->settings);
	w->channel = 0;
	w->number = 0;
	w->found = 0;
	clear(&w->seen);
	ask_number(w);
}

/* Without a channel there is nobody to look for. */
int64_t
sweep_next_us(const struct sweep *w)
{
	if (w->settings != NULL || w->relay->draining ||
	    w->relay->settings->config.front.channel_count == 0)
		return INT64_MAX;
	return w->next_us;
}
