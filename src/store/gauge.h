/*
 * gauge.h -- what the database is asked for when somebody looks at the
 * metrics: the queue, and what is left over.
 */
#ifndef STORE_GAUGE_H
#define STORE_GAUGE_H
#include "io/db_pool.h"

struct gauge {
	const char *name;  /* without "frontline_" */
	const char *label; /* its value, or NULL */
	double value;
};

extern const struct stmt gauge_stmt;
void gauge_bind(struct db_call *call);
/* Row `row` of the answer; valid as long as the rows are. */
void gauge_read(const struct rows *rows, int row, struct gauge *out);

#endif
