#include "text/uuid.h"

#include "t/tap.h"

int
main(void)
{
	char a[UUID_LEN + 1], b[UUID_LEN + 1];
	int i;

	uuid_make(a);
	uuid_make(b);
	is_int(strlen(a), UUID_LEN, "a UUID has 36 characters");
	ok(strcmp(a, b) != 0, "two are different");
	for (i = 0; i < 100; i++) {
		uuid_make(a);
		if (strspn(a, "0123456789abcdef-") != UUID_LEN || a[8] != '-' ||
		    a[13] != '-' || a[18] != '-' || a[23] != '-' ||
		    a[14] != '4' || strchr("89ab", a[19]) == NULL)
			break;
	}
	is_int(i, 100, "of version 4 and the variant of RFC 9562");
	ok(uuid_is_valid(a), "which is a UUID");
	ok(uuid_is_valid("00000000-0000-0000-0000-000000000000"), "as is this");
	ok(!uuid_is_valid(""), "nothing is none");
	ok(!uuid_is_valid("0123456789abcdef0123456789abcdef0123"),
	    "nor is one without dashes");
	ok(!uuid_is_valid("00000000-0000-0000-0000-00000000000A"),
	    "nor one in capitals");
	ok(!uuid_is_valid("00000000-0000-0000-0000-00000000000"),
	    "nor one that is cut");
	return done_testing();
}
