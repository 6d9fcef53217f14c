/*
 * customers_list.c -- Frontline asks: which customers does this worker have?
 *
 * Contract (twilio.md 4.2): a form with Location=GetCustomersList and Worker;
 * PageSize, NextPageToken or Anchor (the last customer_id the app has; the
 * token wins), Query.  We answer
 *   {"objects":{"customers":[{"customer_id","display_name","avatar"?}...],
 *               "searchable":true,"next_page_token"?}}
 * with a token only where a further customer exists.  The answer stays below
 * 64 kB: it is cut between two customers, and goes on by the token.
 */
#include "base/limits.h"
#include "store/customer.h"
#include "text/json_out.h"
#include "web/actions.h"

struct list_fields {
	struct identity worker;
	long page_size;
	struct page_token token;
	struct customer_id anchor;
	struct query query;
};

#define FIELD_OF struct list_fields
static const struct field fields[] = {
	FIELD(worker, struct identity, identity_parse, "Worker", REQUIRED),
	FIELD(page_size, long, page_size_parse, "PageSize", OPTIONAL),
	FIELD(token, struct page_token, page_token_parse, "NextPageToken",
	    OPTIONAL),
	FIELD(
	    anchor, struct customer_id, customer_id_parse, "Anchor", OPTIONAL),
	FIELD(query, struct query, query_parse, "Query", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

/* What must still fit behind the last customer: the token and the end. */
enum { TAIL_ROOM = 2048 };

static enum rc
ask(struct call *call, void *in)
{
	struct list_fields *f = in;
	struct customer_list_query q;

	if (f->page_size == 0)
		f->page_size = DEFAULT_PAGE_SIZE;
	q = (struct customer_list_query){
		.worker = f->worker,
		.limit = f->page_size + 1,
		.after = f->token,
		.anchor = f->anchor,
		.query = f->query,
		.masking = call->service->config.service.masking,
	};
	customer_list_bind(&call->db, call->arena, &q);
	return RC_OK;
}

static void
add_customer(struct buf *b, const struct customer_item *c)
{
	buf_add_str(b, "{\"customer_id\":");
	buf_add_json(b, c->customer_id, strlen(c->customer_id));
	buf_add_str(b, ",\"display_name\":");
	buf_add_json(b, c->display_name, strlen(c->display_name));
	if (c->avatar != NULL) {
		buf_add_str(b, ",\"avatar\":");
		buf_add_json(b, c->avatar, strlen(c->avatar));
	}
	buf_add_char(b, '}');
}

static void
add_token(struct call *call, const struct customer_item *last)
{
	struct page_token t = { last->customer_id, last->sort_name };
	const char *text = page_token_format(call->arena, &t);

	buf_add_str(&call->reply, ",\"next_page_token\":");
	buf_add_json(&call->reply, text, strlen(text));
}

static enum rc
answer(struct call *call, const void *in, const struct rows *rows)
{
	const struct list_fields *f = in;
	struct buf *b = &call->reply;
	struct customer_item item, last = { .customer_id = NULL };
	size_t before;
	int count, i;

	count = customer_list_count(rows);
	if (count < 0)
		return err_set(&call->err, RC_REFUSED, "unknown_worker",
		    "the worker is not known");
	buf_add_str(b, "{\"objects\":{\"customers\":[");
	for (i = 0; i < count && i < f->page_size; i++) {
		customer_list_read(rows, i, &item);
		before = b->len;
		if (i > 0)
			buf_add_char(b, ',');
		add_customer(b, &item);
		if (b->len > LIMIT_REPLY - TAIL_ROOM && i > 0) {
			buf_truncate(b, before);
			break;
		}
		last = item;
	}
	buf_add_str(b, "],\"searchable\":true");
	if (i < count)
		add_token(call, &last);
	buf_add_str(b, "}}");
	call->status = 200;
	call->rows = i;
	return RC_OK;
}

const struct action customers_list_action = {
	.word = "GetCustomersList",
	.fields = fields,
	.size = sizeof(struct list_fields),
	.ask = ask,
	.answer = answer,
};
