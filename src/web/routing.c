/*
 * routing.c -- Frontline asks us to find a worker for an incoming
 * conversation.
 *
 * Contract (twilio.md 4.6): a form with ConversationSid, the customer's
 * address and our number.  Who gets it is decided and written down in one
 * transaction, together with the job that adds the worker at Twilio.  We
 * answer {}: nobody reads it, and an error would mean that we have not even
 * heard of the conversation.  That nobody was found is no error: the relay
 * tries again.
 */
#include "store/routing.h"

#include "base/log.h"
#include "web/actions.h"
#include "web/event.h"
#include "web/note.h"
#include "web/reply.h"

struct routing_fields {
	struct event_fields at;
	struct address_list address;
	struct address_list proxy_address;
	struct word state;
};

#define FIELD_OF struct routing_fields
static const struct field fields[] = {
	EVENT_FIELDS,
	FIELD(address, struct address_list, address_list_parse,
	    "MessagingBinding.Address", REPEATED),
	FIELD(proxy_address, struct address_list, address_list_parse,
	    "MessagingBinding.ProxyAddress", REPEATED),
	FIELD(state, struct word, word_parse, "State", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

static enum rc
ask(struct call *call, void *in)
{
	const struct routing_fields *f = in;
	const struct routing_query q = {
		.at = event_place(call, &f->at),
		.address = f->address.first,
		.proxy_address = f->proxy_address.first,
		.default_worker = call->service->config.service.default_worker,
		.state = f->state,
	};

	note_addresses(call, "MessagingBinding.Address", &f->address);
	note_addresses(
	    call, "MessagingBinding.ProxyAddress", &f->proxy_address);
	routing_bind(&call->db, &q);
	return RC_OK;
}

static enum rc
answer(struct call *call, const void *in, const struct rows *rows)
{
	/* What follows names workers; frontline.routing_decision has it all. */
	static const char passed_over[] = "; before: ";
	struct routing_answer a;
	const char *end;
	char who[LOG_NUMBER_SIZE];

	(void)in;
	routing_read(rows, &a);
	call->outcome = arena_copy(call->arena, a.decision, strlen(a.decision));
	end = strstr(a.reason, passed_over);
	note_add(call, "%.*s",
	    end != NULL ? (int)(end - a.reason) : (int)strlen(a.reason),
	    a.reason);
	if (a.worker != NULL) {
		/* An identity may be an e-mail address. */
		log_number(who, a.worker);
		note_add(call, "worker %s", who);
	}
	reply_empty(call);
	return RC_OK;
}

const struct action routing_action = {
	.fields = fields,
	.size = sizeof(struct routing_fields),
	.ask = ask,
	.answer = answer,
};
