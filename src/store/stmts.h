/*
 * stmts.h -- every statement of the responder and of the relay, for preparing
 * them when a connection opens.
 */
#ifndef STORE_STMTS_H
#define STORE_STMTS_H
#include <stddef.h>

#include "io/db.h"

extern const struct stmt *const responder_stmts[];
extern const size_t responder_stmt_count;

extern const struct stmt *const relay_stmts[];
extern const size_t relay_stmt_count;

#endif
