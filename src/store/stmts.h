/*
 * stmts.h -- every statement of the responder, for preparing them when a
 * connection opens and for the test that prepares each against the schema.
 */
#ifndef STORE_STMTS_H
#define STORE_STMTS_H
#include <stddef.h>

#include "io/db.h"

extern const struct stmt *const responder_stmts[];
extern const size_t responder_stmt_count;

#endif
