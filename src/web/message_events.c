/*
 * message_events.c -- Conversations tells that something was written, changed
 * or removed, and how far it got.
 *
 * Contract (twilio.md 5.4): onMessageAdded, onMessageUpdated,
 * onMessageRemoved, onDeliveryUpdated.  We write it down and answer {}.  Any
 * of them may be the first to tell of a message.
 *
 * What a customer wrote must not be lost: of a damaged Body only the damaged
 * bytes are replaced, and damaged Media are left out.
 */
#include "store/message.h"

#include <jansson.h>

#include "web/actions.h"
#include "web/event.h"
#include "web/note.h"

struct message_fields {
	struct event_fields at;
	struct sid message;
	struct whole index;
	struct identity author;
	struct prose body;
	struct raw media;
	struct moment created;
	struct moment changed;
};

#define FIELD_OF struct message_fields
#define MESSAGE_FIELDS                                                         \
	EVENT_FIELDS,                                                          \
	    FIELD(message, struct sid, message_sid_parse, "MessageSid",        \
		REQUIRED),                                                     \
	    FIELD(index, struct whole, whole_parse, "Index", OPTIONAL),        \
	    FIELD(                                                             \
		author, struct identity, identity_parse, "Author", OPTIONAL),  \
	    FIELD(body, struct prose, prose_parse, "Body", OPTIONAL),          \
	    FIELD(media, struct raw, raw_parse, "Media", OPTIONAL),            \
	    FIELD(                                                             \
		created, struct moment, moment_parse, "DateCreated", OPTIONAL)

static const struct field added_fields[] = {
	MESSAGE_FIELDS,
	FIELD_END,
};

static const struct field updated_fields[] = {
	MESSAGE_FIELDS,
	FIELD(changed, struct moment, moment_parse, "DateUpdated", OPTIONAL),
	FIELD_END,
};

static const struct field removed_fields[] = {
	MESSAGE_FIELDS,
	FIELD(changed, struct moment, moment_parse, "DateRemoved", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

/*
 * PostgreSQL's parser has no bound on how deep arrays may lie in each other
 * but its stack; jansson's has, and takes nothing that PostgreSQL refuses.
 */
static const char *
media_in(struct call *call, const struct raw *media)
{
	json_t *value;
	bool is_array;

	if (media->len == 0)
		return NULL;
	value = json_loadb(media->bytes, media->len, 0, NULL);
	is_array = json_is_array(value);
	json_decref(value);
	if (is_array)
		return media->bytes;
	note_add(call, "Media is no JSON array and was left out");
	return NULL;
}

static struct message_event
event_of(struct call *call, const struct message_fields *f)
{
	note_whole(call, "Index", &f->index);
	note_moment(call, "DateCreated", &f->created);
	note_moment(call, "the date of the change", &f->changed);
	return (struct message_event){
		.at = event_place(call, &f->at),
		.message = f->message,
		.index = f->index,
		.author = f->author,
		.body = f->body,
		.media = media_in(call, &f->media),
		.created = f->created,
		.changed = f->changed,
	};
}

static enum rc
ask_added(struct call *call, void *in)
{
	const struct message_event m = event_of(call, in);

	message_added_bind(&call->db, &m);
	return RC_OK;
}

static enum rc
ask_updated(struct call *call, void *in)
{
	const struct message_event m = event_of(call, in);

	message_updated_bind(&call->db, &m);
	return RC_OK;
}

static enum rc
ask_removed(struct call *call, void *in)
{
	const struct message_event m = event_of(call, in);

	message_removed_bind(&call->db, &m);
	return RC_OK;
}

const struct action message_added_action = {
	.word = "onMessageAdded",
	.fields = added_fields,
	.size = sizeof(struct message_fields),
	.ask = ask_added,
	.answer = event_answer,
};

const struct action message_updated_action = {
	.word = "onMessageUpdated",
	.fields = updated_fields,
	.size = sizeof(struct message_fields),
	.ask = ask_updated,
	.answer = event_answer,
};

const struct action message_removed_action = {
	.word = "onMessageRemoved",
	.fields = removed_fields,
	.size = sizeof(struct message_fields),
	.ask = ask_removed,
	.answer = event_answer,
};

/* ---- onDeliveryUpdated ------------------------------------------------- */

/* Twilio's pages say Status, its samples DeliveryStatus. */
struct delivery_fields {
	struct event_fields at;
	struct sid message;
	struct word status;
	struct word delivery_status;
	struct whole error_code;
	struct moment created;
	struct moment updated;
};

#define FIELD_OF struct delivery_fields
static const struct field delivery_fields[] = {
	EVENT_FIELDS,
	FIELD(message, struct sid, message_sid_parse, "MessageSid", REQUIRED),
	FIELD(status, struct word, word_parse, "Status", OPTIONAL),
	FIELD(delivery_status, struct word, word_parse, "DeliveryStatus",
	    OPTIONAL),
	FIELD(error_code, struct whole, whole_parse, "ErrorCode", OPTIONAL),
	FIELD(created, struct moment, moment_parse, "DateCreated", OPTIONAL),
	FIELD(updated, struct moment, moment_parse, "DateUpdated", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

static enum rc
ask_delivery(struct call *call, void *in)
{
	const struct delivery_fields *f = in;
	const struct message_delivery d = {
		.at = event_place(call, &f->at),
		.message = f->message,
		.status =
		    f->status.text != NULL ? f->status : f->delivery_status,
		.error_code = f->error_code,
		.changed = f->updated.text != NULL ? f->updated : f->created,
	};

	if (d.status.text == NULL)
		return err_set(&call->err, RC_INVALID, "missing_field",
		    "Status is missing");
	note_whole(call, "ErrorCode", &f->error_code);
	note_moment(call, "DateCreated", &f->created);
	note_moment(call, "DateUpdated", &f->updated);
	message_delivery_bind(&call->db, &d);
	return RC_OK;
}

const struct action message_delivery_action = {
	.word = "onDeliveryUpdated",
	.fields = delivery_fields,
	.size = sizeof(struct delivery_fields),
	.ask = ask_delivery,
	.answer = event_answer,
};
