/*
 * prose.c -- what a person wrote: always taken, always text that PostgreSQL
 * takes, and not changed where it was that before.
 */
#include "base/utf8.h"
#include "t/fuzz/target.h"
#include "text/words.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	struct prose p = { NULL };
	struct arena *a;
	struct err e;
	size_t got;

	a = arena_new();
	PROMISE(prose_parse(a, text, len, &p, &e) == RC_OK);
	got = strlen(p.text);
	PROMISE(utf8_is_valid(p.text, got) && got >= len && got <= 3 * len);
	if (utf8_is_valid(text, len) && memchr(text, '\0', len) == NULL)
		PROMISE(got == len && memcmp(p.text, text, len) == 0);
	arena_free(a);
	return 0;
}
