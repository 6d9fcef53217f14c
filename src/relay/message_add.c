/*
 * message_add.c -- says something in a conversation: the automatic reply of a
 * routing rule.
 *
 * Payload: conversation_sid, service_sid (or null), body.  Source: twilio.md
 * 7.1, 7.8; reliability.md 1.4.  Must not be repeated, and Twilio has no key
 * that would make it harmless.  So the message bears our job's number in its
 * attributes, and where the fate of a request is not known, the list of
 * messages is searched for it: not before the destination's settle time, for
 * the request may still be on its way, and when it is not there once more
 * after the resend time, for lists lag behind.  Only then is it sent again.
 */
#include "peer/twilio_resource.h"
#include "relay/kinds.h"

/* The attribute that finds our own message again. */
static const char mark_key[] = "frontline_job";

enum { PAGES_MAX = 20 };

struct message_add {
	struct twilio_conversation conversation;
	unsigned pages;
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
is_sent(struct delivery *d, const struct peer_answer *answer)
{
	struct twilio_message message;

	if (answer->verdict != VERDICT_DONE)
		give_up(d, answer);
	else if (twilio_message_read(d->arena, d->answer.body,
		     d->answer.body_len, &message, &d->err) == RC_OK)
		delivery_finish(d, QUEUE_SENT, message.sid, NULL);
	else
		delivery_retry(
		    d, retry_of_verdict(VERDICT_UNKNOWN), error_text(d));
}

static void
send_message(struct delivery *d)
{
	const struct message_add *m = d->state;
	const char *body = delivery_text(d, "body");
	char *attributes;
	json_t *mark;
	size_t len;

	if (body == NULL) {
		delivery_finish(d, QUEUE_DEAD, NULL, "the payload has no body");
		return;
	}
	mark = json_pack("{s:s}", mark_key, d->job.job_id);
	len = json_dumpb(mark, NULL, 0, JSON_COMPACT);
	attributes = arena_alloc(d->arena, len + 1);
	(void)json_dumpb(mark, attributes, len, JSON_COMPACT);
	json_decref(mark);
	twilio_message_add(
	    d->arena, &m->conversation, body, attributes, &d->request);
	delivery_send(d, is_sent);
}

static void
is_searched(struct delivery *d, const struct peer_answer *answer)
{
	struct message_add *m = d->state;
	const char *sid = NULL, *next = NULL;

	if (answer->verdict != VERDICT_DONE) {
		give_up(d, answer);
		return;
	}
	if (twilio_message_find(d->arena, d->answer.body, d->answer.body_len,
		mark_key, d->job.job_id, &sid, &next, &d->err) != RC_OK) {
		delivery_retry(
		    d, retry_of_verdict(VERDICT_UNKNOWN), error_text(d));
		return;
	}
	if (sid != NULL)
		delivery_finish(d, QUEUE_RECONCILED, sid, NULL);
	else if (next != NULL && ++m->pages < PAGES_MAX &&
		 twilio_next_page(
		     d->arena, m->conversation.base, next, &d->request))
		delivery_send(d, is_searched);
	else if (d->job.resend_ms > 0)
		delivery_wait(d, d->job.resend_ms, "not in the list yet");
	else
		send_message(d);
}

void
message_add_start(struct delivery *d)
{
	struct message_add *m = arena_alloc(d->arena, sizeof(*m));

	d->state = m;
	if (!delivery_conversation(d, &m->conversation))
		return;
	if (!d->job.uncertain) {
		send_message(d);
		return;
	}
	if (d->job.unsettled_ms > 0) {
		delivery_wait(d, d->job.unsettled_ms,
		    "a request may still be on its way");
		return;
	}
	twilio_message_list(d->arena, &m->conversation, &d->request);
	delivery_send(d, is_searched);
}
