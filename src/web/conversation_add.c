/*
 * conversation_add.c -- Conversations asks, before there is a conversation:
 * shall anything about it be changed?  We name it after the customer.
 *
 * Contract (twilio.md 5.3 to 5.5): onConversationAdd with
 * MessagingBinding.Address, which is missing where nobody wrote to us, and
 * Attributes.  We answer exactly 200, and
 *   {"friendly_name":"Ines Okafor","attributes":"{\"avatar\":\"https://..\"}"}
 * or {}: no change.  attributes is JSON in a string and replaces what is
 * there, so what came with the request is in it.  There is no SID yet, so
 * nothing is written down.
 *
 * Any other status than 200 destroys the customer's message, hence fails_open;
 * nginx does the same where it reaches no responder process.
 */
#include "base/limits.h"
#include "core/friendly_name.h"
#include "store/conversation.h"
#include "web/actions.h"
#include "web/note.h"
#include "web/reply.h"

struct add_fields {
	struct address_list address;
	struct raw attributes;
};

#define FIELD_OF struct add_fields
static const struct field fields[] = {
	FIELD(address, struct address_list, address_list_parse,
	    "MessagingBinding.Address", REPEATED),
	FIELD(attributes, struct raw, raw_parse, "Attributes", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

static enum rc
ask(struct call *call, void *in)
{
	const struct add_fields *f = in;

	note_addresses(call, "MessagingBinding.Address", &f->address);
	if (f->address.first != NULL)
		conversation_name_bind(&call->db, f->address.first);
	return RC_OK;
}

/* The attributes with the avatar in them; NULL where they stay as they are. */
static const char *
attributes_with(struct call *call, const struct raw *old, const char *avatar)
{
	json_t *attributes = NULL;
	const char *text;
	char *dumped;

	if (old->len > 0)
		attributes = json_loadb(old->bytes, old->len, 0, NULL);
	if (!json_is_object(attributes)) {
		json_decref(attributes);
		attributes = json_object();
	}
	reply_keep_json(call, attributes);
	if (json_object_get(attributes, "avatar") != NULL ||
	    json_object_set_new(attributes, "avatar", json_string(avatar)) != 0)
		return NULL;
	dumped = json_dumps(attributes, JSON_COMPACT);
	if (dumped == NULL)
		return NULL;
	text = arena_copy(call->arena, dumped, strlen(dumped));
	free(dumped);
	if (strlen(text) <= LIMIT_ATTRIBUTES)
		return text;
	note_add(call, "no avatar: the attributes would be too large");
	return NULL;
}

static const char *
name_of(
    struct call *call, const char *address, const struct conversation_name *c)
{
	const struct config *config = &call->service->config;
	const bool has_name =
	    c->display_name != NULL && c->display_name[0] != '\0';
	const struct friendly_name n = {
		.style = config->service.friendly_name,
		.masking = config->service.masking,
		.customer_id = has_name ? c->customer_id : NULL,
		.display_name = c->display_name,
		.first_name = c->first_name,
		.last_name = c->last_name,
		.address = address,
	};
	const char *name;
	struct buf b;

	buf_init(&b);
	friendly_name_format(&b, &n);
	name = arena_copy(call->arena, b.bytes, b.len);
	buf_release(&b);
	return name;
}

static enum rc
answer(struct call *call, const void *in, const struct rows *rows)
{
	const struct add_fields *f = in;
	const char *attributes = NULL;
	struct conversation_name c;
	json_t *reply;

	if (rows == NULL) {
		call->outcome = "unnamed";
		reply_empty(call);
		return RC_OK;
	}
	conversation_name_read(rows, &c);
	if (c.matches != NULL && strcmp(c.matches, "1") != 0)
		note_add(call,
		    "%s customers have this address, customer %s was taken",
		    c.matches, c.customer_id);
	reply = json_pack(
	    "{s:s}", "friendly_name", name_of(call, f->address.first, &c));
	if (c.avatar != NULL && c.avatar[0] != '\0')
		attributes = attributes_with(call, &f->attributes, c.avatar);
	if (reply != NULL && attributes != NULL &&
	    json_object_set_new(reply, "attributes", json_string(attributes)) !=
		0) {
		json_decref(reply);
		reply = NULL;
	}
	call->outcome = c.customer_id != NULL ? "named" : "unknown_customer";
	return reply_json(call, reply);
}

const struct action conversation_add_action = {
	.word = "onConversationAdd",
	.fields = fields,
	.size = sizeof(struct add_fields),
	.ask = ask,
	.answer = answer,
	.fails_open = true,
};
