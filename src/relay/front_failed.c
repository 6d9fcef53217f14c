/*
 * front_failed.c -- an agent's message did not get through: says so in Front.
 *
 * Payload: text_id.  Source: front.md 8.  An application channel has a call
 * for it, by the ids that we answered when the agent pressed send; Front may
 * not have stored those yet, so a 404 is asked again for some minutes, and a
 * comment in the conversation says it then.  A legacy channel has the comment
 * alone.  May be repeated: a message cannot fail twice, and a comment that is
 * there twice does no harm.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "peer/front_request.h"
#include "peer/twilio_reason.h"
#include "relay/front.h"
#include "relay/kinds.h"

enum { SECOND = 1000, REASON_MAX = 200 };

/* After each attempt that met 404. */
static const int64_t waits_ms[] = { 2 * SECOND, 5 * SECOND, 15 * SECOND,
	60 * SECOND, 300 * SECOND };
enum { WAITS = sizeof(waits_ms) / sizeof(waits_ms[0]) };

/* "30003 unreachable handset" */
static const char *
make_reason(struct delivery *d, const struct bridge_text *text)
{
	const char *words = text->reason;
	char out[REASON_MAX];

	if (words == NULL)
		words = twilio_reason(text->error_code != NULL
					  ? strtol(text->error_code, NULL, 10)
					  : 0);
	(void)snprintf(out, sizeof(out), "%s%s%s",
	    text->error_code != NULL ? text->error_code : "",
	    text->error_code != NULL ? " " : "", words);
	return arena_copy(d->arena, out, utf8_whole(out, strlen(out)));
}

static void
is_said(struct delivery *d, const struct peer_answer *answer)
{
	if (answer->verdict == VERDICT_DONE)
		delivery_finish(d, QUEUE_SENT, NULL, "as a comment");
	else
		delivery_finish(
		    d, QUEUE_DEAD, NULL, delivery_reason(d, answer));
}

static void
say(struct delivery *d, const struct bridge_text *text)
{
	char words[REASON_MAX + 64];

	(void)snprintf(words, sizeof(words),
	    "This message was not delivered: %s", make_reason(d, text));
	front_say(d, text->front_conversation_id,
	    arena_copy(d->arena, words, strlen(words)), is_said);
}

static void
is_told(struct delivery *d, const struct peer_answer *answer)
{
	const struct bridge_text *text = d->state;
	const long attempt = d->job.attempt;

	if (answer->verdict == VERDICT_DONE) {
		delivery_finish(d, QUEUE_SENT, NULL, NULL);
	} else if (answer->status != 404) {
		delivery_finish(
		    d, QUEUE_DEAD, NULL, delivery_reason(d, answer));
	} else if (attempt <= WAITS) {
		delivery_retry_in(d, &retry_not_there,
		    waits_ms[attempt > 0 ? attempt - 1 : 0],
		    delivery_reason(d, answer));
	} else {
		say(d, text);
	}
}

static void
tell(struct delivery *d, const struct bridge_text *text)
{
	if (d->channel->mode == FRONT_MODE_CUSTOM) {
		say(d, text);
		return;
	}
	d->state = arena_alloc(d->arena, sizeof(*text));
	*(struct bridge_text *)d->state = *text;
	front_failed(d->arena, &d->settings->config.front.api_base_url,
	    d->channel->channel_id, text->conversation_key, text->external_id,
	    make_reason(d, text), &d->request);
	front_send(d, is_told);
}

void
front_failed_start(struct delivery *d)
{
	front_begin_text(d, false, tell);
}
