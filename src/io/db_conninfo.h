/*
 * db_conninfo.h -- a connection string: may it be used here, how many hosts
 * does it name, and a connection to one of them.  io/db_link.c goes from one
 * host to the next.
 */
#ifndef IO_DB_CONNINFO_H
#define IO_DB_CONNINFO_H
#include "base/conf.h"
#include "base/err.h"

/*
 * May it be used here?  RC_INVALID: libpq does not understand it, or it names
 * a host that must be looked up: that would stop everything that the process
 * does while a name server is silent.  Sockets, addresses and localhost may stand
 * alone; a name (for the certificate) needs its address beside it in hostaddr.
 */
enum rc db_conninfo_check(const char *conninfo, struct err *e) MUST_CHECK;

/*
 * The same of a key of [database]; an error names the file, the line and the
 * key.  conninfo: NULL where there is none, which is right.
 */
enum rc db_conninfo_check_key(const struct conf_file *file, const char *key,
    const char *conninfo, struct err *e) MUST_CHECK;

/* Of libpq's PQconninfoOption list: hosts or addresses, whichever are more. */
unsigned db_conninfo_hosts(const void *parsed);

/*
 * Begins a connection (PGconn) to the host of that number, from 0, without
 * waiting for it.  NULL: out of memory.
 */
void *db_conninfo_start(
    const void *parsed, unsigned host, const char *application_name);

#endif
