/*
 * front_contact.c -- gives a contact in Front the name that was found for its
 * number.
 *
 * Payload: caller_id, channel.  Source: front.md 10.  Front makes the contact
 * itself when it stores a message, so it may not be there yet; it makes it
 * under "phone" or, as the channel was set up, under "custom".  Read before it
 * is written: a name that a person typed stays.  May be repeated.
 */
#include "base/log.h"
#include "peer/front_request.h"
#include "peer/front_resource.h"
#include "relay/front.h"
#include "relay/kinds.h"
#include "store/bridge_name.h"

enum { SECOND = 1000 };

/* After each attempt that found no contact. */
static const int64_t waits_ms[] = { 5 * SECOND, 30 * SECOND, 120 * SECOND };
enum { WAITS = sizeof(waits_ms) / sizeof(waits_ms[0]) };

static const char *const sources[] = { "phone", "custom" };
enum { SOURCES = sizeof(sources) / sizeof(sources[0]) };

struct front_contact {
	const char *number;
	const char *name;
	size_t source;
};

static void fetch(struct delivery *d);

static const struct base_url *
base(const struct delivery *d)
{
	return &d->settings->config.front.api_base_url;
}

static void
is_absent(struct delivery *d, const struct peer_answer *answer)
{
	struct front_contact *c = d->state;
	const long attempt = d->job.attempt;

	if (++c->source < SOURCES) {
		fetch(d);
	} else if (attempt <= WAITS) {
		delivery_retry_in(d, &retry_not_there,
		    waits_ms[attempt > 0 ? attempt - 1 : 0],
		    delivery_reason(d, answer));
	} else {
		log_warn("front: channel %s: Front has made no contact of a "
			 "number; is its contact type Phone?",
		    d->channel->name);
		delivery_finish(
		    d, QUEUE_UNNEEDED, NULL, "Front has no such contact");
	}
}

static void
is_renamed(struct delivery *d, const struct peer_answer *answer)
{
	if (answer->verdict == VERDICT_DONE)
		delivery_finish(d, QUEUE_SENT, NULL, NULL);
	else if (answer->status == 404)
		is_absent(d, answer);
	else
		delivery_finish(
		    d, QUEUE_DEAD, NULL, delivery_reason(d, answer));
}

static void
is_fetched(struct delivery *d, const struct peer_answer *answer)
{
	const struct front_contact *c = d->state;
	const char *name;

	if (answer->status == 404) {
		is_absent(d, answer);
		return;
	}
	if (answer->verdict != VERDICT_DONE) {
		delivery_finish(
		    d, QUEUE_DEAD, NULL, delivery_reason(d, answer));
		return;
	}
	if (front_contact_read(d->arena, d->answer.body, d->answer.body_len,
		&name, &d->err) != RC_OK) {
		delivery_retry(
		    d, retry_of_verdict(VERDICT_UNKNOWN), delivery_error(d));
		return;
	}
	if (!front_name_is_free(name, c->number)) {
		delivery_finish(
		    d, QUEUE_UNNEEDED, NULL, "the contact has a name");
		return;
	}
	front_contact_rename(d->arena, base(d), sources[c->source], c->number,
	    c->name, &d->request);
	front_send(d, is_renamed);
}

static void
fetch(struct delivery *d)
{
	const struct front_contact *c = d->state;

	front_contact_fetch(
	    d->arena, base(d), sources[c->source], c->number, &d->request);
	front_send(d, is_fetched);
}

static void
contact_is_here(struct delivery *d, const struct rows *rows)
{
	struct front_contact *c = d->state;

	if (contact_read(rows, d->arena, &c->number, &c->name))
		fetch(d);
	else
		delivery_finish(d, QUEUE_UNNEEDED, NULL, "there is no name");
}

void
front_contact_start(struct delivery *d)
{
	const char *caller_id = delivery_number(d, "caller_id");

	if (caller_id == NULL) {
		delivery_finish(
		    d, QUEUE_DEAD, NULL, "the payload names no caller");
		return;
	}
	if (!front_begin(d, delivery_text(d, "channel"), true))
		return;
	if (front_core_token(d) == NULL) {
		delivery_finish(d, QUEUE_UNNEEDED, NULL,
		    "a contact needs the channel's api_token_file");
		return;
	}
	d->state = arena_alloc(d->arena, sizeof(struct front_contact));
	d->peer = &peer_front_core;
	contact_bind(&d->db, caller_id);
	delivery_ask(d, contact_is_here);
}
