/*
 * customer.h -- the statements that read customers: a page of the list, and
 * one customer with channels and links.
 *
 * Every statement calls functions of the schema frontline_api and nothing
 * else; who may see whom is decided there.  bind fills a call whose arguments
 * live in the arena; read_ functions borrow from the rows.
 */
#ifndef STORE_CUSTOMER_H
#define STORE_CUSTOMER_H
#include <stdbool.h>

#include "base/arena.h"
#include "io/db_pool.h"
#include "text/page_token.h"
#include "text/words.h"

/* A page of a worker's customers, in the order of their names. */
struct customer_list_query {
	struct identity worker;
	long limit;
	struct page_token after;   /* wins over anchor */
	struct customer_id anchor; /* the last customer the app has */
	struct query query;
	bool masking;
};

struct customer_item {
	const char *customer_id;
	const char *display_name;
	const char *avatar; /* NULL: none */
	const char *sort_name;
};

extern const struct stmt customer_list_stmt;
void customer_list_bind(
    struct db_call *call, struct arena *a, const struct customer_list_query *q);
/* How many customers the rows hold; -1 where the worker is unknown. */
int customer_list_count(const struct rows *rows);
void customer_list_read(
    const struct rows *rows, int row, struct customer_item *out);

/* One customer, and all that the details screen shows. */
struct customer_query {
	struct identity worker;
	struct customer_id customer;
	bool strict;
};

/* What a row of the statement is; the rows come in this order. */
enum customer_row {
	CUSTOMER_ROW_WORKER,   /* the worker is known */
	CUSTOMER_ROW_CUSTOMER, /* customer_id, name, avatar, title, content */
	CUSTOMER_ROW_CHANNEL,  /* type, value */
	CUSTOMER_ROW_LINK,     /* type, value, display name */
};
enum { CUSTOMER_ROW_TEXTS = 5 };

extern const struct stmt customer_details_stmt;
void customer_details_bind(
    struct db_call *call, struct arena *a, const struct customer_query *q);
/* texts: as said above, NULL where there is none. */
enum customer_row customer_details_read(const struct rows *rows, int row,
    const char *texts[static CUSTOMER_ROW_TEXTS]);

#endif
