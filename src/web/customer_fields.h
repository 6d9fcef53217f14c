/*
 * customer_fields.h -- the fields of a request about one customer.
 */
#ifndef WEB_CUSTOMER_FIELDS_H
#define WEB_CUSTOMER_FIELDS_H
#include "text/words.h"

struct customer_fields {
	struct identity worker;
	struct customer_id customer;
};

extern const struct field customer_fields[];

#endif
