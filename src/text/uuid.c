#include "text/uuid.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/log.h"

void
uuid_make(char out[static UUID_LEN + 1])
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		fatal("no random bytes");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	(void)snprintf(out, UUID_LEN + 1,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
}

bool
uuid_is_valid(const char *text)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	if (strlen(text) != UUID_LEN)
		return false;
	for (i = 0; i < UUID_LEN; i++)
		if (shape[i] == '-'
			? text[i] != '-'
			: strchr("0123456789abcdef", text[i]) == NULL)
			return false;
	return true;
}
