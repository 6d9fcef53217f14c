/*
 * lookup_name.c -- asks Twilio Lookup whose number it is.
 *
 * Payload: caller_id, channel.  Source: twilio.md 7.10.  Twilio charges for
 * each request, so the answer that there is no name is kept as well, and the
 * database says whether one must be asked at all.  A name goes on to Front.
 */
#include "peer/twilio_lookup.h"
#include "relay/kinds.h"
#include "store/bridge_name.h"

struct lookup_name {
	struct caller_answer answer;
};

static void
is_noted(struct delivery *d, const struct rows *rows)
{
	const struct lookup_name *l = d->state;

	(void)rows;
	delivery_finish(d, QUEUE_SENT, NULL,
	    l->answer.name == NULL ? "nobody has a name for it" : NULL);
}

static void
is_answered(struct delivery *d, const struct peer_answer *answer)
{
	struct lookup_name *l = d->state;
	struct twilio_caller caller = { .name = NULL };

	if (answer->verdict == VERDICT_DONE) {
		if (twilio_caller_read(d->arena, d->answer.body,
			d->answer.body_len, &caller, &d->err) != RC_OK) {
			delivery_retry(d, retry_of_verdict(VERDICT_UNKNOWN),
			    delivery_error(d));
			return;
		}
	} else if (!twilio_has_no_caller(answer)) {
		delivery_finish(
		    d, QUEUE_DEAD, NULL, delivery_reason(d, answer));
		return;
	}
	l->answer.name = caller.name;
	l->answer.type = caller.type;
	caller_note_bind(&d->db, &l->answer);
	delivery_ask(d, is_noted);
}

static void
number_is_here(struct delivery *d, const struct rows *rows)
{
	const char *number = caller_ask_read(rows, d->arena);

	if (number == NULL) {
		delivery_finish(
		    d, QUEUE_UNNEEDED, NULL, "nobody needs it any more");
		return;
	}
	twilio_lookup(d->arena, &d->settings->config.twilio.lookups_base_url,
	    number, &d->request);
	delivery_send(d, is_answered);
}

void
lookup_name_start(struct delivery *d)
{
	struct lookup_name *l = arena_alloc(d->arena, sizeof(*l));

	d->state = l;
	l->answer.caller_id = delivery_number(d, "caller_id");
	l->answer.channel = delivery_text(d, "channel");
	if (l->answer.caller_id == NULL) {
		delivery_finish(
		    d, QUEUE_DEAD, NULL, "the payload names no caller");
		return;
	}
	caller_ask_bind(&d->db, d->arena, l->answer.caller_id,
	    d->settings->config.lookup.cache_days);
	delivery_ask(d, number_is_here);
}
