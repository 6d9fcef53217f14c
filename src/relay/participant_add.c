/*
 * participant_add.c -- brings a worker into a conversation.
 *
 * Payload: conversation_sid, service_sid (or null), identity.  Source:
 * twilio.md 4.6, 7.7.  May be repeated: who is there already is 50433, which
 * is success.  What is done over REST makes no webhook, so the participant is
 * written down here.
 *
 * 50416, the address pair is in another conversation: the other one becomes
 * the pair's, and gets the worker (frontline.note_conflict).  A conversation
 * that is closed or not there is closed in our database, too.  A worker whom
 * Twilio will never take is refused for this conversation, and the sweep
 * finds another.
 */
#include "base/log.h"
#include "peer/twilio_resource.h"
#include "relay/kinds.h"
#include "store/repair.h"

enum { PAGES_MAX = 10 };

struct participant_add {
	struct twilio_conversation conversation;
	const char *identity;
	const char *why;           /* of the end that comes */
	const char *participant;   /* SID */
	const char *proxy_address; /* in the search for the other one */
	const char *other;
	unsigned pages;
	enum queue_outcome outcome;
};

/* ---- it is there ------------------------------------------------------- */

static void
is_noted(struct delivery *d, const struct rows *rows)
{
	const struct participant_add *p = d->state;

	(void)rows;
	delivery_finish(d, p->outcome, p->participant, p->why);
}

static void
note(struct delivery *d, const struct twilio_participant *participant)
{
	struct participant_add *p = d->state;

	p->participant = participant->sid;
	repair_worker_added_bind(&d->db, p->conversation.sid, participant->sid,
	    p->identity, participant->date_created);
	delivery_ask(d, is_noted);
}

static void
is_fetched(struct delivery *d, const struct peer_answer *answer)
{
	struct participant_add *p = d->state;
	struct twilio_participant participant;

	/* The worker is in, which is what counts. */
	if (answer->verdict != VERDICT_DONE ||
	    twilio_participant_read(d->arena, d->answer.body,
		d->answer.body_len, &participant, &d->err) != RC_OK)
		delivery_finish(d, p->outcome, NULL, p->why);
	else
		note(d, &participant);
}

/* ---- it is in another conversation ------------------------------------- */

static void
conflict_is_noted(struct delivery *d, const struct rows *rows)
{
	const struct participant_add *p = d->state;

	(void)rows;
	delivery_finish(d, QUEUE_UNNEEDED, p->other, p->why);
}

static void
note_conflict(struct delivery *d, const char *other)
{
	struct participant_add *p = d->state;
	char why[128];

	p->other = other;
	(void)snprintf(why, sizeof(why), "the address pair is in %s", other);
	p->why = arena_copy(d->arena, why, strlen(why));
	repair_conflict_bind(&d->db, p->conversation.sid, other);
	delivery_ask(d, conflict_is_noted);
}

static void
other_is_searched(struct delivery *d, const struct peer_answer *answer)
{
	struct participant_add *p = d->state;
	const char *next = NULL, *sid = NULL;

	if (answer->verdict != VERDICT_DONE) {
		delivery_finish(
		    d, QUEUE_DEAD, NULL, delivery_reason(d, answer));
		return;
	}
	if (twilio_conversation_find(d->arena, d->answer.body,
		d->answer.body_len, p->proxy_address, &sid, &next,
		&d->err) != RC_OK) {
		delivery_retry(d, retry_of_verdict(VERDICT_UNKNOWN),
		    arena_copy(d->arena, d->err.text, strlen(d->err.text)));
		return;
	}
	if (sid != NULL && strcmp(sid, p->conversation.sid) != 0)
		note_conflict(d, sid);
	else if (next != NULL && ++p->pages < PAGES_MAX &&
		 twilio_next_page(
		     d->arena, p->conversation.base, next, &d->request))
		delivery_send(d, other_is_searched);
	else
		delivery_retry(d, retry_of_verdict(VERDICT_UNKNOWN), p->why);
}

static void
pair_is_known(struct delivery *d, const struct rows *rows)
{
	struct participant_add *p = d->state;
	const char *address, *proxy_address;

	if (!repair_pair_read(rows, &address, &proxy_address)) {
		delivery_finish(d, QUEUE_DEAD, NULL, p->why);
		return;
	}
	p->proxy_address =
	    arena_copy(d->arena, proxy_address, strlen(proxy_address));
	twilio_conversations_of(
	    d->arena, &p->conversation, address, &d->request);
	delivery_send(d, other_is_searched);
}

static void
find_other(struct delivery *d, const struct peer_answer *answer)
{
	struct participant_add *p = d->state;
	const char *other;

	p->why = delivery_reason(d, answer);
	other = twilio_conversation_in(
	    d->arena, answer->message, p->conversation.sid);
	if (other != NULL) {
		note_conflict(d, other);
		return;
	}
	repair_pair_bind(&d->db, p->conversation.sid);
	delivery_ask(d, pair_is_known);
}

/* ---- it cannot be ------------------------------------------------------ */

static void
give_up(struct delivery *d, const struct peer_answer *answer)
{
	struct participant_add *p = d->state;

	p->why = delivery_reason(d, answer);
	p->outcome = QUEUE_DEAD;
	if (answer->verdict == VERDICT_GONE ||
	    (answer->status == 404 && answer->code != 0)) {
		p->outcome = QUEUE_UNNEEDED;
		repair_gone_bind(&d->db, p->conversation.sid);
		delivery_ask(d, is_noted);
	} else if (answer->code != 0) {
		repair_worker_refused_bind(
		    &d->db, p->conversation.sid, p->identity);
		delivery_ask(d, is_noted);
	} else {
		/* Not Twilio's words: no reason to take anything off. */
		delivery_finish(d, p->outcome, NULL, p->why);
	}
}

/* ---- the request ------------------------------------------------------- */

static void
is_added(struct delivery *d, const struct peer_answer *answer)
{
	struct participant_add *p = d->state;
	struct twilio_participant participant;

	if (answer->verdict == VERDICT_TAKEN_BY) {
		find_other(d, answer);
		return;
	}
	if (answer->verdict != VERDICT_DONE) {
		give_up(d, answer);
		return;
	}
	if (answer->code != 0) {
		p->outcome = QUEUE_UNNEEDED;
		p->why = delivery_reason(d, answer);
		twilio_participant_fetch(
		    d->arena, &p->conversation, p->identity, &d->request);
		delivery_send(d, is_fetched);
		return;
	}
	p->outcome = QUEUE_SENT;
	if (twilio_participant_read(d->arena, d->answer.body,
		d->answer.body_len, &participant, &d->err) == RC_OK)
		note(d, &participant);
	else
		delivery_retry(d, retry_of_verdict(VERDICT_UNKNOWN),
		    arena_copy(d->arena, d->err.text, strlen(d->err.text)));
}

void
participant_add_start(struct delivery *d)
{
	struct participant_add *p = arena_alloc(d->arena, sizeof(*p));

	d->state = p;
	if (!delivery_conversation(d, &p->conversation))
		return;
	p->identity = delivery_text(d, "identity");
	if (p->identity == NULL) {
		delivery_finish(
		    d, QUEUE_DEAD, NULL, "the payload names no worker");
		return;
	}
	twilio_participant_add(
	    d->arena, &p->conversation, p->identity, &d->request);
	delivery_send(d, is_added);
}
