#include "store/stmts.h"

#include "store/customer.h"
#include "store/proxy_address.h"
#include "store/schema.h"
#include "store/template.h"

const struct stmt *const responder_stmts[] = {
	&customer_list_stmt,
	&customer_details_stmt,
	&proxy_address_stmt,
	&template_list_stmt,
	&schema_version_stmt,
};

const size_t responder_stmt_count =
    sizeof(responder_stmts) / sizeof(responder_stmts[0]);
