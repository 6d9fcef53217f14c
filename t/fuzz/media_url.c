/*
 * media_url.c -- an address that is called with credentials is the one that
 * was given, byte for byte, and begins where it must.
 */
#include "peer/front_file.h"
#include "peer/twilio_media.h"
#include "t/fuzz/target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char begin[] =
	    "https://api.twilio.com/2010-04-01/Accounts/";
	const struct base_url api = { .text = "https://t.example" };
	const struct twilio_media_source source = {
		.api = &api,
		.account_sid = "AC0123456789abcdef0123456789abcdef",
		.message_sid = "MM00000000000000000000000000000001",
	};
	const struct span url = { (const char *)bytes, len };
	const char *made, *text;
	struct arena *a;

	a = arena_new();
	made = twilio_media_url(a, &source, &url);
	if (made != NULL) {
		PROMISE(strlen(made) == len && memcmp(made, bytes, len) == 0);
		PROMISE(strncmp(made, begin, sizeof(begin) - 1) == 0 ||
			strncmp(made, "https://t.example/", 18) == 0);
	}
	text = arena_copy(a, (const char *)bytes, len);
	made = front_file_url(a, &api, text);
	if (made != NULL) {
		PROMISE(strcmp(made, text) == 0);
		PROMISE(strstr(made, "/download/fil_") != NULL);
		PROMISE(strpbrk(made, "@?#%\\ ") == NULL);
	}
	arena_free(a);
	return 0;
}
