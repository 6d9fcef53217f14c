/*
 * proxy_address.c -- Frontline asks: from which of our numbers does this
 * worker write to this customer?
 *
 * Contract (twilio.md 4.4): a form with Location=GetProxyAddress, Worker,
 * CustomerId, ChannelType and ChannelValue.  We answer
 *   {"proxy_address":"+44..."}
 * flat, with the prefix whatsapp: where the customer's address has it.  Where
 * no number fits we answer 403, Frontline opens no conversation, and the log
 * says why.  We only read: asking twice is harmless.
 */
#include "store/proxy_address.h"

#include "base/log.h"
#include "web/actions.h"
#include "web/reply.h"

struct proxy_fields {
	struct identity worker;
	struct customer_id customer;
	enum channel channel;
	struct address to;
};

#define FIELD_OF struct proxy_fields
static const struct field fields[] = {
	FIELD(worker, struct identity, identity_parse, "Worker", REQUIRED),
	FIELD(customer, struct customer_id, customer_id_parse, "CustomerId",
	    REQUIRED),
	FIELD(channel, enum channel, channel_parse, "ChannelType", REQUIRED),
	FIELD(to, struct address, address_parse, "ChannelValue", REQUIRED),
	FIELD_END,
};
#undef FIELD_OF

static enum rc
ask(struct call *call, void *in)
{
	const struct proxy_fields *f = in;
	struct proxy_address_query q = {
		.worker = f->worker,
		.customer = f->customer,
		.channel = f->channel,
		.to = f->to,
		.strict = call->service->config.service.strict_access,
	};

	if (f->to.channel != f->channel)
		return err_set(&call->err, RC_INVALID, "bad_field",
		    "ChannelValue is no %s address", channel_name(f->channel));
	proxy_address_bind(&call->db, &q);
	return RC_OK;
}

static enum rc
answer(struct call *call, const void *in, const struct rows *rows)
{
	const struct proxy_fields *f = in;
	struct proxy_address_answer a;
	char number[LOG_NUMBER_SIZE];

	proxy_address_read(rows, &a);
	if (!a.worker_is_known)
		return err_set(&call->err, RC_REFUSED, "unknown_worker",
		    "the worker is not known");
	if (a.address != NULL) {
		call->rows = 1;
		return reply_json(
		    call, json_pack("{s:s}", "proxy_address", a.address));
	}
	if (strcmp(a.refusal, "unknown_customer") == 0)
		return err_set(&call->err, RC_NOT_FOUND, "unknown_customer",
		    "no such customer, or none that this worker may see");
	log_number(number, f->to.text);
	return err_set(&call->err, RC_REFUSED, "no_proxy_address",
	    "no %s number for %s: %s", channel_name(f->channel), number,
	    a.refusal);
}

const struct action proxy_address_action = {
	.word = "GetProxyAddress",
	.fields = fields,
	.size = sizeof(struct proxy_fields),
	.ask = ask,
	.answer = answer,
};
