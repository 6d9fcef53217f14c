#include <stdlib.h>

#include "peer/twilio_request.h"
#include "relay/text_send.h"

enum {
	PAGES_MAX = 20,
	/* Clocks differ; a request takes a while. */
	SLACK_S = 60,
	LATE_S = 120,
};

static int64_t
apart(int64_t left, int64_t right)
{
	return left > right ? left - right : right - left;
}

/*
 * Created since it can have been sent, and not long after it was the last time:
 * the same words of another's while the job waited are not it.
 */
static bool
is_candidate(const struct delivery *d, const struct twilio_text *t)
{
	const struct text_send *s = d->state;

	if (t->direction == NULL || strcmp(t->direction, "outbound-api") != 0 ||
	    t->to == NULL || strcmp(t->to, s->text.to) != 0 ||
	    (t->from != NULL && strcmp(t->from, s->text.from) != 0))
		return false;
	if (t->created_s != 0 && (t->created_s < d->job.sent_from_s - SLACK_S ||
				     t->created_s > d->job.marked_s + LATE_S))
		return false;
	/* A template has words of its own. */
	return !s->text.session_open ||
	       twilio_body_is_same(t->body, s->text.body);
}

static void
add_candidate(struct delivery *d, const struct twilio_text *t)
{
	struct text_send *s = d->state;
	size_t i;

	if (s->candidate_count == TEXT_CANDIDATES)
		return;
	/* The nearest in time comes first. */
	for (i = s->candidate_count; i > 0; i--) {
		if (apart(s->candidates[i - 1].created_s, d->job.marked_s) <=
		    apart(t->created_s, d->job.marked_s))
			break;
		s->candidates[i] = s->candidates[i - 1];
	}
	s->candidates[i] = *t;
	s->candidate_count++;
}

static void try_next(struct delivery *d);

/* Not news: it is another text of ours. */
static void
is_tried(struct delivery *d, const struct rows *rows)
{
	struct text_send *s = d->state;

	if (bridge_is_news(rows)) {
		delivery_finish(
		    d, QUEUE_RECONCILED, s->candidates[s->candidate].sid, NULL);
		return;
	}
	s->candidate++;
	try_next(d);
}

static void
try_next(struct delivery *d)
{
	const struct text_send *s = d->state;
	const struct twilio_text *t = &s->candidates[s->candidate];

	if (s->candidate == s->candidate_count) {
		s->is_absent(d);
		return;
	}
	bridge_sent_bind(&d->db, s->text_id, t->sid, t->status);
	delivery_ask(d, is_tried);
}

static void
is_listed(struct delivery *d, const struct peer_answer *answer)
{
	struct text_send *s = d->state;
	struct twilio_text_page page;
	size_t i;

	if (answer->verdict != VERDICT_DONE) {
		text_refuse(
		    d, QUEUE_DEAD, NULL, "nobody can say whether it was sent");
		return;
	}
	if (twilio_text_page_read(d->arena, d->answer.body, d->answer.body_len,
		&page, &d->err) != RC_OK) {
		delivery_retry(
		    d, retry_of_verdict(VERDICT_UNKNOWN), delivery_error(d));
		return;
	}
	for (i = 0; i < page.count; i++)
		if (is_candidate(d, &page.texts[i]))
			add_candidate(d, &page.texts[i]);
	if (page.next != NULL && ++s->pages < PAGES_MAX &&
	    twilio_next_page(d->arena, s->account.base, page.next, &d->request))
		delivery_send(d, is_listed);
	else
		try_next(d);
}

void
text_find(struct delivery *d, void (*is_absent)(struct delivery *d))
{
	struct text_send *s = d->state;

	s->is_absent = is_absent;
	twilio_text_list(
	    d->arena, &s->account, s->text.to, s->text.from, NULL, &d->request);
	delivery_send(d, is_listed);
}
