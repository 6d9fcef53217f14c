/*
 * json_mend.c -- the length stays, only escapes change, and once is enough.
 */
#include "text/json_mend.h"
#include "t/fuzz/target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *copy;
	size_t mended;

	copy = malloc(len > 0 ? len : 1);
	PROMISE(copy != NULL);
	memcpy(copy, bytes, len);
	mended = json_mend(copy, len);
	PROMISE(mended <= len / 6);
	PROMISE(mended > 0 || memcmp(copy, bytes, len) == 0);
	PROMISE(json_mend(copy, len) == 0);
	free(copy);
	return 0;
}
