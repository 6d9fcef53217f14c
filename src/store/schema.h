/*
 * schema.h -- which version is the database's schema?
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H
#include "io/db_pool.h"

/* The oldest schema that this program works with; newer ones only add. */
enum { SCHEMA_VERSION_NEEDED = 7 };

extern const struct stmt schema_version_stmt;
void schema_version_bind(struct db_call *call);
int schema_version_read(const struct rows *rows);

#endif
