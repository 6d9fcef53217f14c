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
#include "web/customer_fields.h"
#include "web/reply.h"

static enum rc
ask(struct call *call, void *in)
{
	const struct customer_fields *f = in;
	struct customer_query q = {
		.worker = f->worker,
		.customer = f->customer,
		.strict = call->service->config.service.strict_access,
	};

	customer_details_bind(&call->db, call->arena, &q);
	return RC_OK;
}

/* The answer while it grows, and the bytes that it has so far. */
struct writing {
	json_t *customer; /* NULL: no row of a customer yet */
	size_t len;
};

/* What stands around the customer. */
enum { FRAME_LEN = sizeof("{\"objects\":{\"customer\":}}") };

static enum rc
start_customer(struct call *call, struct writing *w,
    const char *texts[static CUSTOMER_ROW_TEXTS])
{
	json_t *details = NULL;

	if (texts[3] != NULL || texts[4] != NULL)
		details = json_pack(
		    "{s:s*, s:s*}", "title", texts[3], "content", texts[4]);
	w->customer = json_pack("{s:s, s:s, s:[], s:[], s:o*, s:s*}",
	    "customer_id", texts[0], "display_name", texts[1], "channels",
	    "links", "details", details, "avatar", texts[2]);
	if (w->customer == NULL)
		return err_set(&call->err, RC_FAULT, "fault",
		    "a customer cannot be shown as JSON");
	reply_keep_json(call, w->customer);
	w->len = json_dumpb(w->customer, NULL, 0, JSON_COMPACT) + FRAME_LEN;
	if (w->len > LIMIT_REPLY) {
		(void)json_object_del(w->customer, "details");
		w->len =
		    json_dumpb(w->customer, NULL, 0, JSON_COMPACT) + FRAME_LEN;
	}
	return RC_OK;
}

/* Takes the item; one that no longer fits is left out. */
static enum rc
add_item(struct call *call, struct writing *w, const char *list, json_t *item)
{
	size_t len;

	if (item == NULL || w->customer == NULL) {
		json_decref(item);
		return err_set(&call->err, RC_FAULT, "fault",
		    "one of a customer's %s cannot be shown as JSON", list);
	}
	len = json_dumpb(item, NULL, 0, JSON_COMPACT) + 1;
	if (w->len + len > LIMIT_REPLY) {
		json_decref(item);
		return RC_OK;
	}
	w->len += len;
	(void)json_array_append_new(json_object_get(w->customer, list), item);
	return RC_OK;
}

static enum rc
add_row(struct call *call, struct writing *w, const struct rows *rows, int row)
{
	const char *texts[CUSTOMER_ROW_TEXTS];

	switch (customer_details_read(rows, row, texts)) {
	case CUSTOMER_ROW_WORKER:
		return RC_OK;
	case CUSTOMER_ROW_CUSTOMER:
		return start_customer(call, w, texts);
	case CUSTOMER_ROW_CHANNEL:
		return add_item(call, w, "channels",
		    json_pack(
			"{s:s, s:s}", "type", texts[0], "value", texts[1]));
	case CUSTOMER_ROW_LINK:
		return add_item(call, w, "links",
		    json_pack("{s:s, s:s, s:s}", "type", texts[0], "value",
			texts[1], "display_name", texts[2]));
	}
	return RC_OK;
}

static enum rc
answer(struct call *call, const void *in, const struct rows *rows)
{
	const char *texts[CUSTOMER_ROW_TEXTS];
	struct writing w = { .customer = NULL };
	enum rc rc;
	int i;

	(void)in;
	if (rows_count(rows) == 0 ||
	    customer_details_read(rows, 0, texts) != CUSTOMER_ROW_WORKER)
		return err_set(&call->err, RC_REFUSED, "unknown_worker",
		    "the worker is not known");
	for (i = 1; i < rows_count(rows); i++) {
		rc = add_row(call, &w, rows, i);
		if (rc != RC_OK)
			return rc;
	}
	if (w.customer == NULL)
		return err_set(&call->err, RC_NOT_FOUND, "unknown_customer",
		    "no such customer, or none that this worker may see");
	call->rows = 1;
	return reply_json(
	    call, json_pack("{s:{s:O}}", "objects", "customer", w.customer));
}

const struct action customer_details_action = {
	.word = "GetCustomerDetailsByCustomerId",
	.fields = customer_fields,
	.size = sizeof(struct customer_fields),
	.ask = ask,
	.answer = answer,
};
