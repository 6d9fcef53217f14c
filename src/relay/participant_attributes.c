/*
 * participant_attributes.c -- ties a customer to a participant: customer_id,
 * display_name and avatar go into the participant's attributes, which the
 * Frontline app shows the details by.
 *
 * Payload: conversation_sid, service_sid (or null), participant_sid,
 * customer_id, display_name and avatar (or null).  Source: twilio.md 4.7, 5.5,
 * 7.7.  Attributes are replaced whole, so they are read before they are
 * written, again for each attempt; what is there is never overwritten, and
 * attributes that are no JSON object are left alone.  May be repeated: the
 * second time there is nothing to add.
 */
#include "base/log.h"
#include "peer/twilio_attributes.h"
#include "peer/twilio_resource.h"
#include "relay/kinds.h"

struct participant_attributes {
	struct twilio_conversation conversation;
	const char *participant_sid;
};

static const char *
error_text(struct delivery *d)
{
	return arena_copy(d->arena, d->err.text, strlen(d->err.text));
}

static void
give_up(struct delivery *d, const struct peer_answer *answer)
{
	/* Without a code it is not Twilio that knows no such thing. */
	const bool gone = answer->verdict == VERDICT_GONE ||
			  (answer->status == 404 && answer->code != 0);

	delivery_finish(d, gone ? QUEUE_UNNEEDED : QUEUE_DEAD, NULL,
	    delivery_reason(d, answer));
}

static void
is_updated(struct delivery *d, const struct peer_answer *answer)
{
	const struct participant_attributes *p = d->state;

	if (answer->verdict == VERDICT_DONE)
		delivery_finish(d, QUEUE_SENT, p->participant_sid, NULL);
	else
		give_up(d, answer);
}

static void
merge(struct delivery *d, const char *text)
{
	const struct participant_attributes *p = d->state;
	const struct twilio_customer_attributes add = {
		.customer_id = delivery_text(d, "customer_id"),
		.display_name = delivery_text(d, "display_name"),
		.avatar = delivery_text(d, "avatar"),
	};
	const char *merged;

	switch (
	    twilio_attributes_merge(d->arena, text, &add, &merged, &d->err)) {
	case RC_OK:
		break;
	case RC_INVALID:
		log_warn("job=%s %s: %s", d->job.job_id, p->participant_sid,
		    d->err.text);
		delivery_finish(d, QUEUE_UNNEEDED, NULL, error_text(d));
		return;
	case RC_REFUSED:
	case RC_NOT_FOUND:
	case RC_CONFLICT:
	case RC_BUSY:
	case RC_FAULT:
		delivery_finish(d, QUEUE_DEAD, NULL, error_text(d));
		return;
	}
	if (merged == NULL) {
		delivery_finish(
		    d, QUEUE_UNNEEDED, p->participant_sid, "all is there");
		return;
	}
	twilio_participant_update(d->arena, &p->conversation,
	    p->participant_sid, merged, &d->request);
	delivery_send(d, is_updated);
}

static void
is_fetched(struct delivery *d, const struct peer_answer *answer)
{
	struct twilio_participant participant;

	if (answer->verdict != VERDICT_DONE)
		give_up(d, answer);
	else if (twilio_participant_read(d->arena, d->answer.body,
		     d->answer.body_len, &participant, &d->err) == RC_OK)
		merge(d, participant.attributes);
	else
		delivery_retry(
		    d, retry_of_verdict(VERDICT_UNKNOWN), error_text(d));
}

void
participant_attributes_start(struct delivery *d)
{
	struct participant_attributes *p = arena_alloc(d->arena, sizeof(*p));

	d->state = p;
	if (!delivery_conversation(d, &p->conversation))
		return;
	p->participant_sid = delivery_text(d, "participant_sid");
	if (p->participant_sid == NULL) {
		delivery_finish(
		    d, QUEUE_DEAD, NULL, "the payload names no participant");
		return;
	}
	twilio_participant_fetch(
	    d->arena, &p->conversation, p->participant_sid, &d->request);
	delivery_send(d, is_fetched);
}
