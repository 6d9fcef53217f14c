/*
 * front_requests.c -- Front asks something of a channel: it is connected, an
 * agent's reply is to leave, a text has arrived there, the channel is gone.
 *
 * Contract (front.md 6).  A reply is written down, with the jobs that send it,
 * before it is answered with its ids; Twilio is never called meanwhile.  The
 * same reply again, which is an agent who presses "send" twice, has the same
 * ids and leaves once.  What cannot be sent is answered 400 with a sentence
 * for the agent; while the database is away it is 503, and the agent sees that
 * nothing was sent.
 */
#include <jansson.h>

#include "base/utf8.h"
#include "peer/front_event.h"
#include "store/event.h"
#include "store/front_call.h"
#include "web/actions.h"
#include "web/note.h"
#include "web/reply.h"

/* What Twilio takes of one text: characters, and files. */
enum { TEXT_MAX = 1600, FILES_MAX = 10 };

static enum rc
succeed(struct call *call)
{
	return reply_json(call, json_pack("{s:s}", "type", "success"));
}

/* Of functions that answer outcome and note. */
static enum rc
answer_outcome(struct call *call, const void *in, const struct rows *rows)
{
	struct event_outcome o;

	(void)in;
	if (rows == NULL)
		return succeed(call);
	event_outcome_read(rows, &o);
	call->outcome = arena_copy(call->arena, o.outcome, strlen(o.outcome));
	if (o.note != NULL)
		note_add(call, "%s", o.note);
	return succeed(call);
}

/* ---- the channel ------------------------------------------------------- */

static enum rc
ask_authorization(struct call *call, void *in)
{
	const struct front_channel *ch = call->door->channel;
	const struct front_event *event = in;

	if (event->channel_id == NULL)
		return err_set(&call->err, RC_INVALID, "missing_field",
		    "channel_id is missing");
	if (strcmp(event->channel_id, ch->channel_id) != 0)
		return err_set(&call->err, RC_INVALID, "unknown_channel",
		    "this channel is %s in Front, but [front.%s] channel_id is "
		    "%s",
		    event->channel_id, ch->name, ch->channel_id);
	front_channel_bind(
	    &call->db, ch->name, ch->channel_id, "authorization");
	return RC_OK;
}

static enum rc
answer_authorization(struct call *call, const void *in, const struct rows *rows)
{
	enum rc rc;

	rc = answer_outcome(call, in, rows);
	buf_clear(&call->reply);
	if (rc != RC_OK)
		return rc;
	return reply_json(call, json_pack("{s:s, s:s}", "type", "success",
				    "webhook_url", call->door->url));
}

const struct action front_authorization_action = {
	.word = "authorization",
	.ask = ask_authorization,
	.answer = answer_authorization,
};

static enum rc
ask_delete(struct call *call, void *in)
{
	const struct front_channel *ch = call->door->channel;
	const struct front_event *event = in;

	if (event->channel_id != NULL &&
	    strcmp(event->channel_id, ch->channel_id) != 0) {
		call->outcome = "ignored";
		note_add(call, "the channel %s that is deleted is not ours",
		    event->channel_id);
		return RC_OK;
	}
	front_channel_bind(&call->db, ch->name, ch->channel_id, "delete");
	return RC_OK;
}

const struct action front_delete_action = {
	.word = "delete",
	.ask = ask_delete,
	.answer = answer_outcome,
};

/* ---- a reply ----------------------------------------------------------- */

static const struct {
	const char *reason;
	const char *sentence;
} refusals[] = {
	{ "opted_out",
	    "The customer has opted out of messages; nothing was sent." },
	{ "own_number", "This is a number of your own." },
	{ "bad_address", "This is not a number that can get messages." },
	{ "empty", "There is neither text nor a file to send." },
	{ "no_number", "No number of this channel can write there." },
};

/* What no recipient can get. */
static enum rc
check_reply(struct call *call, const struct front_event *event)
{
	if (event->message_id == NULL)
		return err_set(&call->err, RC_INVALID, "missing_field",
		    "The message has no id.");
	if (event->recipient_count == 0)
		return err_set(&call->err, RC_INVALID, "missing_field",
		    "The message has no recipient.");
	if (event->text != NULL &&
	    utf8_count(event->text, strlen(event->text)) > TEXT_MAX)
		return err_set(&call->err, RC_INVALID, "text_too_long",
		    "The message has %zu characters, %d at most can be sent.",
		    utf8_count(event->text, strlen(event->text)), TEXT_MAX);
	if (event->file_count > FILES_MAX)
		return err_set(&call->err, RC_INVALID, "too_many_files",
		    "The message has %zu files, %d at most can be sent.",
		    event->file_count, FILES_MAX);
	return RC_OK;
}

static enum rc
ask_reply(struct call *call, void *in)
{
	const struct front_event *event = in;
	const char *tag = call->service->config.front.first_response_tag;
	const struct front_reply r = {
		.channel = call->door->channel->name,
		.numbers = call->door->numbers,
		.message_id = event->message_id,
		.is_autoreply = event->kind == FRONT_AUTOREPLY,
		.recipients = event->recipients,
		.body = event->text,
		.files = event->files,
		.author = event->author,
		.conversation_id = event->conversation_id,
		.conversation_keys = event->conversation_keys,
		.tag = tag != NULL,
		.sent = event->sent,
	};
	enum rc rc;

	/* An echo of what we have posted would go back to its sender. */
	if (event->is_inbound) {
		call->outcome = "ignored";
		note_add(call, "a message that came in is no reply");
		return RC_OK;
	}
	rc = check_reply(call, event);
	if (rc != RC_OK)
		return rc;
	if (event->files_left_out > 0)
		note_add(call, "%zu files are not in Front and were left out",
		    event->files_left_out);
	front_reply_bind(&call->db, &r);
	return RC_OK;
}

/* Nobody gets it; Front shows the sentence to the agent. */
static enum rc
refuse_reply(struct call *call, const char *reason)
{
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (reason != NULL && strcmp(refusals[i].reason, reason) == 0)
			return err_set(&call->err, RC_INVALID,
			    refusals[i].reason, "%s", refusals[i].sentence);
	return err_set(
	    &call->err, RC_INVALID, "refused", "The message cannot be sent.");
}

/*
 * Front keeps one pair of ids for a message, whatever the number of its
 * recipients: those of the first.
 */
static enum rc
answer_reply(struct call *call, const void *in, const struct rows *rows)
{
	const int count = rows != NULL ? rows_count(rows) : 0;
	struct front_answer first, one;
	int i, refused = 0;

	(void)in;
	if (rows == NULL)
		return succeed(call);
	if (count == 0)
		return err_set(&call->err, RC_FAULT, "fault",
		    "the database does not answer for any recipient");
	front_answer_read(rows, 0, &first);
	for (i = 0; i < count; i++) {
		front_answer_read(rows, i, &one);
		refused += one.reason != NULL;
	}
	if (first.external_id == NULL)
		return refuse_reply(call, first.reason);
	call->outcome =
	    arena_copy(call->arena, first.outcome, strlen(first.outcome));
	call->rows = count;
	if (refused > 0)
		note_add(
		    call, "%d of %d recipients do not get it", refused, count);
	return reply_json(
	    call, json_pack("{s:s, s:s, s:s}", "type", "success", "external_id",
		      first.external_id, "external_conversation_id",
		      first.conversation_key));
}

const struct action front_message_action = {
	.word = "message",
	.ask = ask_reply,
	.answer = answer_reply,
};

const struct action front_autoreply_action = {
	.word = "message_autoreply",
	.ask = ask_reply,
	.answer = answer_reply,
};

/* ---- what arrived in Front --------------------------------------------- */

static enum rc
ask_imported(struct call *call, void *in)
{
	const struct front_event *event = in;
	const struct front_import i = {
		.channel = call->door->channel->name,
		.message_sid = event->message_sid,
		.conversation_keys = event->conversation_keys,
		.message_id = event->message_id,
		.conversation_id = event->conversation_id,
		.body = event->text,
		.at = event->sent,
	};

	front_import_bind(&call->db, &i);
	return RC_OK;
}

const struct action front_imported_action = {
	.word = "message_imported",
	.ask = ask_imported,
	.answer = answer_outcome,
};

/* ---- what we have no use for ------------------------------------------- */

static enum rc
answer_other(struct call *call, const void *in, const struct rows *rows)
{
	const struct front_event *event = in;

	(void)rows;
	call->outcome = "ignored";
	if (event->type != NULL)
		note_add(call, "Front calls it '%s'", event->type);
	return succeed(call);
}

const struct action front_other_action = {
	.word = "other",
	.answer = answer_other,
};
