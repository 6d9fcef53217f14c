/*
 * address_list.c -- the addresses of a binding, one or many: what is taken is
 * text that PostgreSQL takes and stands in the field.
 */
#include "text/address_list.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "t/fuzz/target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct address_list list = { NULL, 0 };
	struct arena *a;
	struct err e;

	a = arena_new();
	if (address_list_parse(a, (const char *)bytes, len, &list, &e) ==
	    RC_OK) {
		PROMISE((list.first == NULL) == (list.count == 0));
		PROMISE(list.count <= len);
	} else {
		PROMISE(strcmp(e.code, "bad_field") == 0);
	}
	if (list.first != NULL) {
		PROMISE(list.first[0] != '\0');
		PROMISE(utf8_is_valid(list.first, strlen(list.first)));
		PROMISE(utf8_count(list.first, strlen(list.first)) <=
			LIMIT_ADDRESS);
		PROMISE(
		    memmem(bytes, len, list.first, strlen(list.first)) != NULL);
	}
	arena_free(a);
	return 0;
}
