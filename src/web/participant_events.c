/*
 * participant_events.c -- Conversations tells who came into a conversation
 * and who left it.
 *
 * Contract (twilio.md 5.4, 5.5): onParticipantAdded, onParticipantRemoved.  A
 * participant has an Identity (a worker) or an address (the customer).  The
 * customer's attributes are completed by a job that the database enqueues, not
 * here; we write it down and answer {}.
 */
#include "store/participant.h"

#include <jansson.h>

#include "base/limits.h"
#include "text/phone.h"
#include "web/actions.h"
#include "web/event.h"
#include "web/note.h"
#include "web/reply.h"

/* ---- onParticipantAdded ------------------------------------------------ */

struct added_fields {
	struct event_fields at;
	struct sid participant;
	struct identity identity;
	struct address_list address;
	struct address_list proxy_address;
	struct word type;
	struct raw attributes;
	struct moment created;
};

#define FIELD_OF struct added_fields
static const struct field added_fields[] = {
	EVENT_FIELDS,
	FIELD(participant, struct sid, participant_sid_parse, "ParticipantSid",
	    REQUIRED),
	FIELD(identity, struct identity, identity_parse, "Identity", OPTIONAL),
	FIELD(address, struct address_list, address_list_parse,
	    "MessagingBinding.Address", REPEATED),
	FIELD(proxy_address, struct address_list, address_list_parse,
	    "MessagingBinding.ProxyAddress", REPEATED),
	FIELD(type, struct word, word_parse, "MessagingBinding.Type", OPTIONAL),
	FIELD(attributes, struct raw, raw_parse, "Attributes", OPTIONAL),
	FIELD(created, struct moment, moment_parse, "DateCreated", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

/* The customer_id in the attributes, which anybody may have written. */
static const char *
customer_in(struct call *call, const struct raw *attributes)
{
	struct customer_id id = { NULL };
	const json_t *member;
	json_t *all;
	char digits[32];
	struct err e;

	if (attributes->len == 0)
		return NULL;
	all = json_loadb(attributes->bytes, attributes->len, 0, NULL);
	if (all == NULL) {
		note_add(call, "Attributes is no JSON object");
		return NULL;
	}
	reply_keep_json(call, all);
	member = json_object_get(all, "customer_id");
	if (json_is_integer(member)) {
		(void)snprintf(digits, sizeof(digits), "%lld",
		    (long long)json_integer_value(member));
		return arena_copy(call->arena, digits, strlen(digits));
	}
	/* What is too long to be one of ours is none. */
	if (!json_is_string(member) || json_string_length(member) == 0 ||
	    customer_id_parse(call->arena, json_string_value(member),
		json_string_length(member), &id, &e) != RC_OK)
		return NULL;
	return id.text;
}

/*
 * Twilio writes whatsapp: in front of both addresses; Type says the same, and
 * where only it does, the pair must still be the one that others tell of.
 */
static const char *
with_prefix(struct call *call, struct word type, const char *address)
{
	static const char prefix[] = "whatsapp:";
	const size_t prefix_len = sizeof(prefix) - 1;
	char *whole;
	size_t len;

	if (address == NULL || type.text == NULL ||
	    strcasecmp(type.text, "whatsapp") != 0)
		return address;
	len = strlen(address);
	if (!is_e164(address, len))
		return address;
	whole = arena_alloc(call->arena, prefix_len + len + 1);
	memcpy(whole, prefix, prefix_len);
	memcpy(whole + prefix_len, address, len);
	return whole;
}

static enum rc
ask_added(struct call *call, void *in)
{
	const struct added_fields *f = in;
	const struct participant_added p = {
		.at = event_place(call, &f->at),
		.participant = f->participant,
		.identity = f->identity,
		.address = with_prefix(call, f->type, f->address.first),
		.proxy_address =
		    with_prefix(call, f->type, f->proxy_address.first),
		.customer_id = customer_in(call, &f->attributes),
		.created = f->created,
	};

	note_addresses(call, "MessagingBinding.Address", &f->address);
	note_addresses(
	    call, "MessagingBinding.ProxyAddress", &f->proxy_address);
	note_moment(call, "DateCreated", &f->created);
	participant_added_bind(&call->db, &p);
	return RC_OK;
}

const struct action participant_added_action = {
	.word = "onParticipantAdded",
	.fields = added_fields,
	.size = sizeof(struct added_fields),
	.ask = ask_added,
	.answer = event_answer,
};

/* ---- onParticipantRemoved ---------------------------------------------- */

struct removed_fields {
	struct event_fields at;
	struct sid participant;
	struct identity identity;
	struct moment removed;
};

#define FIELD_OF struct removed_fields
static const struct field removed_fields[] = {
	EVENT_FIELDS,
	FIELD(participant, struct sid, participant_sid_parse, "ParticipantSid",
	    REQUIRED),
	FIELD(identity, struct identity, identity_parse, "Identity", OPTIONAL),
	FIELD(removed, struct moment, moment_parse, "DateRemoved", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

static enum rc
ask_removed(struct call *call, void *in)
{
	const struct removed_fields *f = in;
	const struct participant_removed p = {
		.at = event_place(call, &f->at),
		.participant = f->participant,
		.identity = f->identity,
		.removed = f->removed,
	};

	note_moment(call, "DateRemoved", &f->removed);
	participant_removed_bind(&call->db, &p);
	return RC_OK;
}

const struct action participant_removed_action = {
	.word = "onParticipantRemoved",
	.fields = removed_fields,
	.size = sizeof(struct removed_fields),
	.ask = ask_removed,
	.answer = event_answer,
};
