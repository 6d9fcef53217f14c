/* What PostgreSQL's error codes mean to us (its manual, appendix A). */
#include "io/db.h"

#include "t/tap.h"

int
main(void)
{
	static const struct {
		const char *state;
		enum db_verdict verdict;
		const char *what;
	} cases[] = {
		{ NULL, DB_RECONNECT, "the connection broke" },
		{ "08006", DB_RECONNECT, "connection failure" },
		{ "08P01", DB_RECONNECT, "protocol violation" },
		{ "57P01", DB_RECONNECT, "shutting down" },
		{ "57P02", DB_RECONNECT, "another process crashed" },
		{ "57P03", DB_RECONNECT, "starting up" },
		{ "53300", DB_RECONNECT, "too many connections" },
		{ "25006", DB_RECONNECT, "read only: no longer the primary" },
		{ "0A000", DB_RECONNECT, "a cached plan is stale" },
		{ "26000", DB_RECONNECT, "a prepared statement is gone" },
		{ "42P05", DB_RECONNECT, "it is there already" },
		{ "40001", DB_REPEAT, "serialization failure" },
		{ "40P01", DB_REPEAT, "deadlock" },
		{ "57014", DB_TIMEOUT, "statement timeout" },
		{ "55P03", DB_TIMEOUT, "lock timeout" },
		{ "22021", DB_FAULT, "bytes that are no text" },
		{ "22P02", DB_FAULT, "a text that is no number" },
		{ "23505", DB_FAULT, "a unique row that is there" },
		{ "42883", DB_TROUBLE, "no such function" },
		{ "42501", DB_TROUBLE, "no permission" },
		{ "42P01", DB_TROUBLE, "no such table" },
		{ "28P01", DB_TROUBLE, "wrong password" },
		{ "3D000", DB_TROUBLE, "no such database" },
		{ "53100", DB_TROUBLE, "disk full" },
		{ "53200", DB_TROUBLE, "out of memory" },
		{ "58030", DB_TROUBLE, "I/O error" },
		{ "P0001", DB_TROUBLE, "raised by a function" },
		{ "XX000", DB_TROUBLE, "internal error" },
		{ "XX001", DB_TROUBLE, "data corrupted" },
		{ "", DB_TROUBLE, "no code at all" },
		{ "?", DB_TROUBLE, "no code that we know" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(db_judge(cases[i].state), cases[i].verdict, "%s (%s)",
		    cases[i].what,
		    cases[i].state != NULL ? cases[i].state : "none");
	ok(db_advice("42P05") != NULL && db_advice("26000") != NULL,
	    "a pooler in the way: there is advice");
	ok(db_advice("40001") == NULL && db_advice(NULL) == NULL,
	    "of other errors there is none");
	return done_testing();
}
