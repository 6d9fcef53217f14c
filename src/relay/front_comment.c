/*
 * front_comment.c -- tells agents something about a message: a picture that
 * could not go along, a delivery after all.
 *
 * Payload: text_id, reason.  Source: front.md 8, 9.  May be repeated: a
 * comment that is there twice does no harm.
 */
#include "relay/front.h"
#include "relay/kinds.h"

static void
is_said(struct delivery *d, const struct peer_answer *answer)
{
	if (answer->verdict == VERDICT_DONE)
		delivery_finish(d, QUEUE_SENT, NULL, NULL);
	else
		delivery_finish(
		    d, QUEUE_DEAD, NULL, delivery_reason(d, answer));
}

static void
say(struct delivery *d, const struct bridge_text *text)
{
	const char *words = delivery_text(d, "reason");

	if (words == NULL)
		delivery_finish(
		    d, QUEUE_DEAD, NULL, "the payload has no reason");
	else
		front_say(d, text->front_conversation_id, words, is_said);
}

void
front_comment_start(struct delivery *d)
{
	front_begin_text(d, false, say);
}
