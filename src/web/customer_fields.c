#include "web/customer_fields.h"

#define FIELD_OF struct customer_fields
const struct field customer_fields[] = {
	FIELD(worker, struct identity, identity_parse, "Worker", REQUIRED),
	FIELD(customer, struct customer_id, customer_id_parse, "CustomerId",
	    REQUIRED),
	FIELD_END,
};
#undef FIELD_OF
