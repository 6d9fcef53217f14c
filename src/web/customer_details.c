/*
 * customer_details.c -- Frontline asks: what is there to know of this
 * customer?
 *
 * Contract (twilio.md 4.3): a form with
 * Location=GetCustomerDetailsByCustomerId, Worker and CustomerId.  We answer
 *   {"objects":{"customer":{"customer_id","display_name","channels":[{"type",
 *    "value"}],"links":[{"type","value","display_name"}],
 *    "details":{"title","content"},"avatar"}}}
 * without what is not there.  Addresses are whole: Frontline masks them.  A
 * customer whom the worker may not see is as unknown as one who is not there.
 */
#include "base/limits.h"
#include "store/customer.h"
#include "web/actions.h"
#include "web/reply.h"

struct details_fields {
	struct identity worker;
	struct customer_id customer;
};

#define FIELD_OF struct details_fields
static const struct field fields[] = {
	FIELD(worker, struct identity, identity_parse, "Worker", REQUIRED),
	FIELD(customer, struct customer_id, customer_id_parse, "CustomerId",
	    REQUIRED),
	FIELD_END,
};
#undef FIELD_OF

static void
ask(struct call *call, void *in)
{
	const struct details_fields *f = in;
	struct customer_query q = {
		.worker = f->worker,
		.customer = f->customer,
		.strict = call->service->config.service.strict_access,
	};

	customer_details_bind(&call->db, call->arena, &q);
}

static json_t *
customer_json(const char *texts[static CUSTOMER_ROW_TEXTS])
{
	json_t *details = NULL;

	if (texts[3] != NULL || texts[4] != NULL)
		details = json_pack(
		    "{s:s*, s:s*}", "title", texts[3], "content", texts[4]);
	return json_pack("{s:s, s:s, s:[], s:[], s:o*, s:s*}", "customer_id",
	    texts[0], "display_name", texts[1], "channels", "links", "details",
	    details, "avatar", texts[2]);
}

/* The longest list goes first, until the answer is short enough. */
static void
shrink(json_t *customer)
{
	json_t *links = json_object_get(customer, "links");
	json_t *channels = json_object_get(customer, "channels");
	const size_t most = LIMIT_REPLY - 64;

	while (json_dumpb(customer, NULL, 0, JSON_COMPACT) > most) {
		if (json_array_size(links) > 0)
			(void)json_array_remove(
			    links, json_array_size(links) - 1);
		else if (json_array_size(channels) > 1)
			(void)json_array_remove(
			    channels, json_array_size(channels) - 1);
		else if (json_object_del(customer, "details") != 0)
			break;
	}
}

static enum rc
answer(struct call *call, const void *in, const struct rows *rows)
{
	const char *texts[CUSTOMER_ROW_TEXTS];
	json_t *customer = NULL;
	bool worker_is_known = false;
	int i;

	(void)in;
	for (i = 0; i < rows_count(rows); i++) {
		switch (customer_details_read(rows, i, texts)) {
		case CUSTOMER_ROW_WORKER:
			worker_is_known = true;
			break;
		case CUSTOMER_ROW_CUSTOMER:
			customer = customer_json(texts);
			break;
		case CUSTOMER_ROW_CHANNEL:
			(void)json_array_append_new(
			    json_object_get(customer, "channels"),
			    json_pack("{s:s, s:s}", "type", texts[0], "value",
				texts[1]));
			break;
		case CUSTOMER_ROW_LINK:
			(void)json_array_append_new(
			    json_object_get(customer, "links"),
			    json_pack("{s:s, s:s, s:s}", "type", texts[0],
				"value", texts[1], "display_name", texts[2]));
			break;
		}
	}
	if (!worker_is_known) {
		json_decref(customer);
		return err_set(&call->err, RC_REFUSED, "unknown_worker",
		    "the worker is not known");
	}
	if (customer == NULL)
		return err_set(&call->err, RC_NOT_FOUND, "unknown_customer",
		    "no such customer, or none that this worker may see");
	shrink(customer);
	call->rows = 1;
	return reply_json(
	    call, json_pack("{s:{s:o}}", "objects", "customer", customer));
}

const struct action customer_details_action = {
	.location = "GetCustomerDetailsByCustomerId",
	.fields = fields,
	.size = sizeof(struct details_fields),
	.ask = ask,
	.answer = answer,
};
