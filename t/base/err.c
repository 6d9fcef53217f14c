#include "base/err.h"

#include "t/tap.h"

int
main(void)
{
	char tall[1000];
	struct err e;

	memset(tall, 'x', sizeof(tall) - 1);
	tall[sizeof(tall) - 1] = '\0';
	is_int(err_set(&e, RC_INVALID, "bad_thing", "%d apples", 3), RC_INVALID,
	    "err_set gives the code back");
	is_int(e.rc, RC_INVALID, "and keeps it");
	is_str(e.code, "bad_thing", "its word");
	is_str(e.text, "3 apples", "its text");
	is_int(err_wrap(&e, "in basket %d", 2), RC_INVALID,
	    "err_wrap gives the same code");
	is_str(e.text, "in basket 2: 3 apples", "the outer text comes first");
	is_str(e.code, "bad_thing", "the word stays");
	(void)err_set(&e, RC_BUSY, "b", "%s", tall);
	is_int(strlen(e.text), sizeof(e.text) - 1, "a long text is cut");
	(void)err_wrap(&e, "front");
	ok(strncmp(e.text, "front: xxx", 10) == 0 &&
		strlen(e.text) == sizeof(e.text) - 1,
	    "and its end gives way to what is put in front");
	(void)err_wrap(&e, "%s", tall);
	is_int(strlen(e.text), sizeof(e.text) - 1, "a long front is cut too");
	is_int(e.rc, RC_BUSY, "the code stays");
	return done_testing();
}
