/*
 * moment.c -- dates: what is taken is made of the characters of a date and
 * has not grown by more than its zone; what is not is told.
 */
#include "text/moment.h"

#include "t/fuzz/target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct moment m = { NULL, false };
	struct arena *a;
	struct err e;
	size_t got;

	a = arena_new();
	PROMISE(moment_parse(a, (const char *)bytes, len, &m, &e) == RC_OK);
	PROMISE((m.text == NULL) == m.is_odd);
	if (m.text != NULL) {
		got = strlen(m.text);
		PROMISE(got == len || (got == len + 1 && m.text[len] == 'Z'));
		PROMISE(memcmp(m.text, bytes, len) == 0);
		PROMISE(got <= 36 && got >= 20);
		PROMISE(strspn(m.text, "0123456789-:.+TZ ") == got);
		PROMISE(memcmp(m.text, "20", 2) == 0);
	}
	arena_free(a);
	return 0;
}
