#include "relay/front.h"

#include "base/clock.h"
#include "base/log.h"
#include "peer/front_request.h"

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	/* Front takes five requests a second for one channel. */
	APART_US = 250 * 1000,
	/* A reset that is further away is not believed. */
	RESET_MAX_S = 120,
};

/* ---- limits ------------------------------------------------------------ */

void
front_note_rate(struct front *f, const struct front_rate *rate, int64_t now_s)
{
	const int64_t left_s = rate->reset_s - now_s;

	if (rate->limit <= 0 || rate->remaining < 0)
		return;
	f->scarce = rate->remaining * 10 <= rate->limit && left_s > 0 &&
		    left_s <= RESET_MAX_S;
	if (f->scarce)
		f->until_us = clock_us() + (left_s + 1) * SECOND * 1000;
}

/* There are as many as channels; one whose name is gone makes room. */
static struct front_pace *
find_pace(struct delivery *d)
{
	struct front *f = d->destination->relay->front;
	const char *name = d->channel->name;
	struct front_pace *p, *oldest = f->paces;
	size_t i;

	for (i = 0; i < f->count; i++) {
		p = &f->paces[i];
		if (strcmp(p->name, name) == 0)
			return p;
		if (p->next_us < oldest->next_us)
			oldest = p;
	}
	p = f->count < CONFIG_FRONT_CHANNELS ? &f->paces[f->count++] : oldest;
	*p = (struct front_pace){ .next_us = 0 };
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	return p;
}

int64_t
front_hold(struct delivery *d, int64_t for_ms, bool alarms)
{
	struct front_pace *p = find_pace(d);
	const int64_t now_us = clock_us();

	if (p->held_us <= now_us) {
		p->held_us = now_us + for_ms * 1000;
		if (alarms)
			log_error("front: channel %s: Front refuses our "
				  "credentials, left alone for %lld ms",
			    p->name, (long long)for_ms);
		else
			log_warn("front: channel %s: too many requests, left "
				 "alone for %lld ms",
			    p->name, (long long)for_ms);
	}
	return (p->held_us - now_us) / 1000 + 1;
}

static void
turn_has_come(struct delivery *d)
{
	delivery_send(d, d->on_answer);
}

void
front_send(struct delivery *d,
    void (*then)(struct delivery *d, const struct peer_answer *answer))
{
	struct front_pace *p = find_pace(d);
	const int64_t now_us = clock_us();
	int64_t at_us;

	if (p->held_us > now_us) {
		delivery_wait(
		    d, (p->held_us - now_us) / 1000 + 1, "the channel is held");
		return;
	}
	at_us = p->next_us > now_us ? p->next_us : now_us;
	p->next_us = at_us + APART_US;
	d->on_answer = then;
	if (at_us > now_us)
		delivery_pause(d, at_us, turn_has_come);
	else
		turn_has_come(d);
}

/* ---- the beginning ----------------------------------------------------- */

bool
front_begin(struct delivery *d, const char *channel, bool is_extra)
{
	const struct config *c = &d->settings->config;
	const struct front *f = d->destination->relay->front;
	const int64_t now_us = clock_us();
	size_t i;

	for (i = 0; channel != NULL && i < c->front.channel_count; i++)
		if (strcmp(c->front.channels[i].name, channel) == 0)
			d->channel = &c->front.channels[i];
	if (d->channel == NULL) {
		delivery_wait(
		    d, MINUTE, "the configuration has no such channel");
		return false;
	}
	if (is_extra && f->scarce && f->until_us > now_us) {
		delivery_wait(d, (f->until_us - now_us) / 1000 + 1,
		    "what is left of the limit is for messages");
		return false;
	}
	return true;
}

struct text_begin {
	struct bridge_text text;
	bool is_extra;
	void (*then)(struct delivery *d, const struct bridge_text *text);
};

static void
text_is_here(struct delivery *d, const struct rows *rows)
{
	struct text_begin *b = d->state;

	if (!bridge_text_read(rows, d->arena, &b->text)) {
		delivery_finish(
		    d, QUEUE_UNNEEDED, NULL, "the text is there no more");
		return;
	}
	if (front_begin(d, b->text.channel, b->is_extra))
		b->then(d, &b->text);
}

void
front_begin_text(struct delivery *d, bool is_extra,
    void (*then)(struct delivery *d, const struct bridge_text *text))
{
	struct text_begin *b = arena_alloc(d->arena, sizeof(*b));
	const char *text_id = delivery_number(d, "text_id");

	b->is_extra = is_extra;
	b->then = then;
	d->state = b;
	if (text_id == NULL) {
		delivery_finish(
		    d, QUEUE_DEAD, NULL, "the payload names no text");
		return;
	}
	bridge_text_bind(&d->db, text_id);
	delivery_ask(d, text_is_here);
}

void
front_say(struct delivery *d, const char *conversation_id, const char *words,
    void (*then)(struct delivery *d, const struct peer_answer *answer))
{
	if (conversation_id == NULL) {
		delivery_finish(d, QUEUE_DEAD, NULL,
		    "nobody knows its conversation in Front");
		return;
	}
	if (front_core_token(d) == NULL) {
		delivery_finish(d, QUEUE_DEAD, NULL,
		    "a comment needs the channel's api_token_file");
		return;
	}
	d->peer = &peer_front_core;
	front_comment(d->arena, &d->settings->config.front.api_base_url,
	    conversation_id, words, &d->request);
	front_send(d, then);
}
