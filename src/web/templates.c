/*
 * templates.c -- Frontline asks: which ready-made texts may this worker send
 * to this customer?
 *
 * Contract (twilio.md 4.5): a form with Location=GetTemplatesByCustomerId,
 * Worker, CustomerId (ConversationSid is of no use here).  We answer a bare
 * array of categories
 *   [{"display_name","templates":[{"content","whatsAppApproved"?:true}]}]
 * whose texts are final.  A template with a placeholder that this customer
 * has no value for is left out: a worker would send it with its braces.
 */
#include "base/limits.h"
#include "core/template.h"
#include "store/template.h"
#include "text/json_out.h"
#include "web/actions.h"
#include "web/customer_fields.h"

/* The answer while it grows: categories come as runs of rows. */
struct writing {
	struct buf *to;
	struct buf content;
	const char *category; /* open, or NULL */
	long count;
};

static enum rc
ask(struct call *call, void *in)
{
	const struct customer_fields *f = in;
	struct template_query q = {
		.worker = f->worker,
		.customer = f->customer,
		.strict = call->service->config.service.strict_access,
	};

	template_list_bind(&call->db, &q);
	return RC_OK;
}

static void
open_category(struct writing *w, const char *name)
{
	if (w->category != NULL && strcmp(w->category, name) == 0) {
		buf_add_char(w->to, ',');
		return;
	}
	if (w->category != NULL)
		buf_add_str(w->to, "]},");
	buf_add_str(w->to, "{\"display_name\":");
	buf_add_json(w->to, name, strlen(name));
	buf_add_str(w->to, ",\"templates\":[");
	w->category = name;
}

/* False where the answer is full. */
static bool
add_template(struct writing *w, const char *category, const char *text,
    bool approved, const struct template_values *values)
{
	const struct writing before = *w;
	const size_t len = w->to->len;

	buf_clear(&w->content);
	if (!template_fill(&w->content, text, values))
		return true;
	open_category(w, category);
	buf_add_str(w->to, "{\"content\":");
	buf_add_json(w->to, w->content.bytes, w->content.len);
	buf_add_str(w->to, approved ? ",\"whatsAppApproved\":true}" : "}");
	if (w->to->len > LIMIT_REPLY - 8) {
		w->category = before.category;
		buf_truncate(w->to, len);
		return false;
	}
	w->count++;
	return true;
}

static void
write_templates(struct writing *w, const struct rows *rows, int from,
    const struct template_values *values)
{
	const char *texts[TEMPLATE_ROW_TEXTS];
	int i;

	buf_init(&w->content);
	buf_add_char(w->to, '[');
	for (i = from; i < rows_count(rows); i++) {
		(void)template_list_read(rows, i, texts);
		if (!add_template(
			w, texts[0], texts[1], texts[2] != NULL, values))
			break;
	}
	buf_add_str(w->to, w->category != NULL ? "]}]" : "]");
	buf_release(&w->content);
}

static enum rc
answer(struct call *call, const void *in, const struct rows *rows)
{
	struct writing w = { .to = &call->reply };
	struct template_values values = { .worker = NULL };
	const char *texts[TEMPLATE_ROW_TEXTS];
	int i, count = rows_count(rows);

	(void)in;
	if (count == 0 ||
	    template_list_read(rows, 0, texts) != TEMPLATE_ROW_WORKER)
		return err_set(&call->err, RC_REFUSED, "unknown_worker",
		    "the worker is not known");
	values.worker = texts[0];
	i = 1;
	if (i >= count ||
	    template_list_read(rows, i, texts) != TEMPLATE_ROW_CUSTOMER)
		return err_set(&call->err, RC_NOT_FOUND, "unknown_customer",
		    "no such customer, or none that this worker may see");
	values.display_name = texts[0];
	values.first_name = texts[1];
	values.last_name = texts[2];
	values.company_name = texts[3];
	write_templates(&w, rows, i + 1, &values);
	call->status = 200;
	call->rows = w.count;
	return RC_OK;
}

const struct action templates_action = {
	.word = "GetTemplatesByCustomerId",
	.fields = customer_fields,
	.size = sizeof(struct customer_fields),
	.ask = ask,
	.answer = answer,
};
