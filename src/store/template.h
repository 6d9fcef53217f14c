/*
 * template.h -- the message templates that a worker may offer a customer,
 * with all that their placeholders need.
 */
#ifndef STORE_TEMPLATE_H
#define STORE_TEMPLATE_H
#include <stdbool.h>

#include "io/db_pool.h"
#include "text/words.h"

struct template_query {
	struct identity worker;
	struct customer_id customer;
	bool strict;
};

/* What a row of the statement is; the rows come in this order. */
enum template_row {
	TEMPLATE_ROW_WORKER,   /* friendly name */
	TEMPLATE_ROW_CUSTOMER, /* display, first, last and company name */
	TEMPLATE_ROW_TEMPLATE, /* category, content, "t" if approved */
};
enum { TEMPLATE_ROW_TEXTS = 4 };

extern const struct stmt template_list_stmt;
void template_list_bind(struct db_call *call, const struct template_query *q);
/* texts: as said above, NULL where there is none; borrowed from the rows. */
enum template_row template_list_read(const struct rows *rows, int row,
    const char *texts[static TEMPLATE_ROW_TEXTS]);

#endif
