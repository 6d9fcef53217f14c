/*
 * log_escape.c -- whatever goes in, and however little room there is, one
 * line of well-formed text comes out.  The first byte is the room.
 */
#include "base/log.h"
#include "base/utf8.h"
#include "t/fuzz/target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *out;
	size_t size, used, i;

	if (len == 0)
		return 0;
	size = bytes[0] < 200 ? (size_t)bytes[0] + 1 : 4 * len + 1;
	/* A block of just that size: a sanitizer sees a byte too many. */
	out = malloc(size);
	PROMISE(out != NULL);
	used = log_escape(out, size, (const char *)bytes + 1, len - 1);
	PROMISE(used < size && out[used] == '\0' && strlen(out) == used);
	PROMISE(utf8_is_valid(out, used));
	for (i = 0; i < used; i++) {
		PROMISE((uint8_t)out[i] >= 0x20 && out[i] != 0x7f);
		/* No C1 controls, no line or paragraph separator. */
		PROMISE((uint8_t)out[i] != 0xc2 || (uint8_t)out[i + 1] >= 0xa0);
		PROMISE(strncmp(out + i, "\xe2\x80\xa8", 3) != 0);
		PROMISE(strncmp(out + i, "\xe2\x80\xa9", 3) != 0);
	}
	if (size > 4 * (len - 1))
		PROMISE(used >= len - 1);
	free(out);
	return 0;
}
