/*
 * text_send.c -- sends what an agent wrote: an SMS, an MMS or a WhatsApp
 * message.
 *
 * Payload: text_id.  Source: twilio.md 7.1-7.4; reliability.md 1.4-1.6.  Must
 * not be repeated, and Twilio has no key that would make it harmless.  So the
 * request names itself in its StatusCallback, whose path is signed: a call
 * there says that it has arrived, and under which SID.  Where nothing is said,
 * the list of messages is searched, first when nothing can be on its way any
 * more, again when the list has caught up; only then it is sent again, or held
 * ([front] uncertain).
 *
 * Whatever happens, the agent learns of it: a text that is given up, refused
 * or held is failed, and Front is told by a job of its own.
 */
#include "relay/text_send.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"
#include "relay/kinds.h"

/* A text that waited for longer says nothing any more. */
enum { VALID_S = 4 * 3600, REASON_MAX = 200 };

static void
is_noted(struct delivery *d, const struct rows *rows)
{
	const struct text_send *s = d->state;

	(void)rows;
	delivery_finish(d, s->outcome, s->sid, s->why);
}

void
text_refuse(struct delivery *d, enum queue_outcome outcome,
    const char *error_code, const char *reason)
{
	struct text_send *s = d->state;

	s->outcome = outcome;
	if (s->why == NULL)
		s->why = reason;
	bridge_refused_bind(&d->db, s->text_id, error_code, reason);
	delivery_ask(d, is_noted);
}

/* ---- the request ------------------------------------------------------- */

/* Not the customer's fault: others will not get theirs either. */
static bool
is_ours(long code)
{
	static const long codes[] = { 21212, 21408, 21603, 21606, 21659, 21660,
		21661, 21701, 21702, 21703, 21704, 21705, 63007 };
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

static void
is_refused(struct delivery *d, const struct peer_answer *answer)
{
	struct text_send *s = d->state;
	char reason[REASON_MAX];
	const char *code = NULL;

	if (answer->code != 0)
		code = db_number(d->arena, answer->code);
	(void)snprintf(reason, sizeof(reason), "%s",
	    answer->message[0] != '\0' ? answer->message
				       : "Twilio does not take it");
	s->why = delivery_reason(d, answer);
	if (is_ours(answer->code))
		log_error("job=%s our number or account may not send this: %s",
		    d->job.job_id, s->why);
	text_refuse(d, QUEUE_UNNEEDED, code,
	    arena_copy(d->arena, reason, utf8_whole(reason, strlen(reason))));
}

static void
is_sent(struct delivery *d, const struct peer_answer *answer)
{
	struct text_send *s = d->state;
	struct twilio_text text;

	d->prepare = NULL;
	if (answer->verdict != VERDICT_DONE) {
		is_refused(d, answer);
		return;
	}
	if (twilio_text_read(d->arena, d->answer.body, d->answer.body_len,
		&text, &d->err) != RC_OK) {
		delivery_retry(
		    d, retry_of_verdict(VERDICT_UNKNOWN), delivery_error(d));
		return;
	}
	s->outcome = QUEUE_SENT;
	s->sid = text.sid;
	bridge_sent_bind(&d->db, s->text_id, text.sid, text.status);
	delivery_ask(d, is_noted);
}

/* Anew for each mark, since the request bears its name. */
static void
prepare(struct delivery *d)
{
	const struct text_send *s = d->state;
	const struct config *c = &d->settings->config;
	struct twilio_sending out = {
		.to = s->text.to,
		.from = s->text.from,
		.body = s->text.body,
		.media_count = s->media_count,
		.valid_s = VALID_S,
	};
	struct buf url;

	if (!s->text.session_open)
		out.content_sid = c->front.whatsapp_template;
	memcpy(out.media, s->media, sizeof(out.media));
	buf_init(&url);
	buf_addf(&url, "%s/twilio/status/%s", c->service.public_base_url.text,
	    d->uuid);
	out.status_callback = arena_copy(d->arena, url.bytes, url.len);
	buf_release(&url);
	twilio_text_send(d->arena, &s->account, &out, &d->request);
}

static void
send_text(struct delivery *d)
{
	const struct text_send *s = d->state;
	const char *body = s->text.body;

	if (s->text.session_open && s->media_count == 0 &&
	    (body == NULL || body[strspn(body, " \t\r\n")] == '\0')) {
		text_refuse(d, QUEUE_UNNEEDED, NULL,
		    "nothing of the message can be sent");
		return;
	}
	d->prepare = prepare;
	d->total_ms = 0;
	delivery_send(d, is_sent);
}

/* ---- may it be sent? --------------------------------------------------- */

static void
template_is_told(struct delivery *d, const struct rows *rows)
{
	(void)rows;
	send_text(d);
}

static void
go_on(struct delivery *d)
{
	struct text_send *s = d->state;

	if (s->text.opted_out) {
		text_refuse(
		    d, QUEUE_UNNEEDED, NULL, "the customer has opted out");
		return;
	}
	if (s->text.session_open) {
		text_files_prepare(d, send_text);
		return;
	}
	if (d->settings->config.front.whatsapp_template == NULL) {
		text_refuse(d, QUEUE_UNNEEDED, NULL,
		    "on WhatsApp the customer has not written for 24 hours");
		return;
	}
	bridge_left_out_bind(&d->db, s->text_id,
	    "On WhatsApp the customer has not written for 24 hours. They get "
	    "the template that opens the conversation again, and not these "
	    "words.");
	delivery_ask(d, template_is_told);
}

static void
is_absent(struct delivery *d)
{
	if (d->job.resend_ms > 0)
		delivery_wait(d, d->job.resend_ms, "not in the list yet");
	else if (d->settings->config.front.uncertain == FRONT_UNCERTAIN_HOLD)
		text_refuse(
		    d, QUEUE_DEAD, NULL, "nobody can say whether it was sent");
	else
		go_on(d);
}

static void
text_is_here(struct delivery *d, const struct rows *rows)
{
	struct text_send *s = d->state;

	if (!bridge_sending_read(rows, d->arena, &s->text))
		delivery_finish(
		    d, QUEUE_UNNEEDED, NULL, "the text is there no more");
	else if (s->text.message_sid != NULL)
		delivery_finish(d,
		    d->job.uncertain ? QUEUE_RECONCILED : QUEUE_UNNEEDED,
		    s->text.message_sid, NULL);
	else if (s->text.status != NULL &&
		 strcmp(s->text.status, "failed") == 0)
		delivery_finish(d, QUEUE_UNNEEDED, NULL, "it was given up");
	else if (!d->job.uncertain)
		go_on(d);
	else if (d->job.unsettled_ms > 0)
		delivery_wait(d, d->job.unsettled_ms,
		    "a request may still be on its way");
	else
		text_find(d, is_absent);
}

/* ---- the beginning, and other ends ------------------------------------- */

static bool
begin(struct delivery *d)
{
	struct text_send *s = arena_alloc(d->arena, sizeof(*s));
	const struct config *c = &d->settings->config;

	d->state = s;
	s->account = (struct twilio_account){ &c->twilio.api_base_url,
		c->twilio.account_sid };
	s->text_id = delivery_number(d, "text_id");
	if (s->text_id != NULL)
		return true;
	delivery_finish(d, QUEUE_DEAD, NULL, "the payload names no text");
	return false;
}

void
text_send_start(struct delivery *d)
{
	struct text_send *s;

	if (!begin(d))
		return;
	s = d->state;
	bridge_sending_bind(&d->db, s->text_id);
	delivery_ask(d, text_is_here);
}

static void
is_given_up(struct delivery *d, const struct rows *rows)
{
	struct text_send *s = d->state;
	const char *why = "it could not be sent in time";

	if (!bridge_sending_read(rows, d->arena, &s->text)) {
		delivery_finish(
		    d, QUEUE_UNNEEDED, NULL, "the text is there no more");
		return;
	}
	/* Only the end of the job was not written down. */
	if (s->text.message_sid != NULL) {
		delivery_finish(d, QUEUE_RECONCILED, s->text.message_sid, NULL);
		return;
	}
	if (d->job.uncertain)
		why = "it was not sent in time, or nobody can say whether it "
		      "was";
	else if (strcmp(d->job.give_up, "crashes") == 0)
		why = "every attempt to send it broke off";
	text_refuse(d, QUEUE_DEAD, NULL, why);
}

void
text_send_give_up(struct delivery *d)
{
	const struct text_send *s;

	if (!begin(d))
		return;
	s = d->state;
	bridge_sending_bind(&d->db, s->text_id);
	delivery_ask(d, is_given_up);
}

/* Its status callback has come. */
void
text_send_believe(struct delivery *d)
{
	struct text_send *s;

	if (!begin(d))
		return;
	s = d->state;
	s->outcome = QUEUE_RECONCILED;
	s->sid = d->job.evidence;
	bridge_sent_bind(&d->db, s->text_id, s->sid, NULL);
	delivery_ask(d, is_noted);
}
