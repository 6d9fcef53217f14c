/*
 * conversation_events.c -- Conversations tells that a conversation began, was
 * changed, changed its state, or is gone.
 *
 * Contract (twilio.md 5.4): onConversationAdded, onConversationUpdated,
 * onConversationStateUpdated, onConversationRemoved.  We write it down and
 * answer {}.  They come twice and in any order; store/conversation.h.
 */
#include "store/conversation.h"
#include "web/actions.h"
#include "web/event.h"
#include "web/note.h"

/* ---- onConversationAdded ----------------------------------------------- */

struct added_fields {
	struct event_fields at;
	struct address_list address;
	struct address_list proxy_address;
	struct word state;
	struct moment created;
	struct moment updated;
};

#define FIELD_OF struct added_fields
static const struct field added_fields[] = {
	EVENT_FIELDS,
	FIELD(address, struct address_list, address_list_parse,
	    "MessagingBinding.Address", REPEATED),
	FIELD(proxy_address, struct address_list, address_list_parse,
	    "MessagingBinding.ProxyAddress", REPEATED),
	FIELD(state, struct word, word_parse, "State", OPTIONAL),
	FIELD(created, struct moment, moment_parse, "DateCreated", OPTIONAL),
	FIELD(updated, struct moment, moment_parse, "DateUpdated", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

static enum rc
ask_added(struct call *call, void *in)
{
	const struct added_fields *f = in;
	const struct conversation_added c = {
		.at = event_place(call, &f->at),
		.address = f->address.first,
		.proxy_address = f->proxy_address.first,
		.state = f->state,
		.created = f->created,
		.updated = f->updated,
	};

	note_addresses(call, "MessagingBinding.Address", &f->address);
	note_addresses(
	    call, "MessagingBinding.ProxyAddress", &f->proxy_address);
	note_moment(call, "DateCreated", &f->created);
	note_moment(call, "DateUpdated", &f->updated);
	conversation_added_bind(&call->db, &c);
	return RC_OK;
}

const struct action conversation_added_action = {
	.word = "onConversationAdded",
	.fields = added_fields,
	.size = sizeof(struct added_fields),
	.ask = ask_added,
	.answer = event_answer,
};

/* ---- onConversationUpdated --------------------------------------------- */

struct updated_fields {
	struct event_fields at;
	struct word state;
	struct moment updated;
};

#define FIELD_OF struct updated_fields
static const struct field updated_fields[] = {
	EVENT_FIELDS,
	FIELD(state, struct word, word_parse, "State", OPTIONAL),
	FIELD(updated, struct moment, moment_parse, "DateUpdated", OPTIONAL),
	FIELD_END,
};

static enum rc
ask_updated(struct call *call, void *in)
{
	const struct updated_fields *f = in;
	const struct event_place at = event_place(call, &f->at);

	note_moment(call, "DateUpdated", &f->updated);
	conversation_updated_bind(&call->db, &at, f->state, f->updated);
	return RC_OK;
}

const struct action conversation_updated_action = {
	.word = "onConversationUpdated",
	.fields = updated_fields,
	.size = sizeof(struct updated_fields),
	.ask = ask_updated,
	.answer = event_answer,
};

/* ---- onConversationStateUpdated ---------------------------------------- */

/* Without its state this event says nothing. */
static const struct field state_fields[] = {
	EVENT_FIELDS,
	FIELD(state, struct word, word_parse, "StateTo", REQUIRED),
	FIELD(updated, struct moment, moment_parse, "StateUpdated", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

static enum rc
ask_state_updated(struct call *call, void *in)
{
	const struct updated_fields *f = in;
	const struct event_place at = event_place(call, &f->at);

	note_moment(call, "StateUpdated", &f->updated);
	conversation_state_updated_bind(&call->db, &at, f->state, f->updated);
	return RC_OK;
}

const struct action conversation_state_updated_action = {
	.word = "onConversationStateUpdated",
	.fields = state_fields,
	.size = sizeof(struct updated_fields),
	.ask = ask_state_updated,
	.answer = event_answer,
};

/* ---- onConversationRemoved --------------------------------------------- */

struct removed_fields {
	struct event_fields at;
	struct moment removed;
};

#define FIELD_OF struct removed_fields
static const struct field removed_fields[] = {
	EVENT_FIELDS,
	FIELD(removed, struct moment, moment_parse, "DateRemoved", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

static enum rc
ask_removed(struct call *call, void *in)
{
	const struct removed_fields *f = in;
	const struct event_place at = event_place(call, &f->at);

	note_moment(call, "DateRemoved", &f->removed);
	conversation_removed_bind(&call->db, &at, f->removed);
	return RC_OK;
}

const struct action conversation_removed_action = {
	.word = "onConversationRemoved",
	.fields = removed_fields,
	.size = sizeof(struct removed_fields),
	.ask = ask_removed,
	.answer = event_answer,
};
