/*
 * proxy_address.h -- from which of our numbers does this worker write to this
 * customer?  The choice is made by frontline_api.get_proxy_address.
 */
#ifndef STORE_PROXY_ADDRESS_H
#define STORE_PROXY_ADDRESS_H
#include <stdbool.h>

#include "io/db_pool.h"
#include "text/phone.h"
#include "text/words.h"

struct proxy_address_query {
	struct identity worker;
	struct customer_id customer;
	enum channel channel;
	struct address to;
	bool strict;
};

struct proxy_address_answer {
	bool worker_is_known;
	const char *address; /* NULL: none */
	const char *refusal; /* then why: "opted_out", "no_number", ... */
};

extern const struct stmt proxy_address_stmt;
void proxy_address_bind(
    struct db_call *call, const struct proxy_address_query *q);
/* Borrows from the rows. */
void proxy_address_read(
    const struct rows *rows, struct proxy_address_answer *out);

#endif
