#include "peer/twilio_media.h"

#include "t/tap.h"

#define ACCOUNT "AC0123456789abcdef0123456789abcdef"
#define MESSAGE "MM00000000000000000000000000000001"
#define MEDIA   "ME00000000000000000000000000000001"
#define PATH    "/2010-04-01/Accounts/" ACCOUNT "/Messages/" MESSAGE "/Media/"

#define API     "https://api.twilio.com/2010-04-01/Accounts/"
#define OTHER_ACCOUNT                                                          \
	API "ACffffffffffffffffffffffffffffffff/Messages/" MESSAGE "/Media/"
#define OTHER_MESSAGE                                                          \
	API ACCOUNT "/Messages/MM00000000000000000000000000000002/Media/"
#define ROUNDABOUT API ACCOUNT "/Messages/" MESSAGE "/Media/../Media/"

int
main(void)
{
	static const char *const good[] = {
		"https://api.twilio.com" PATH MEDIA,
		"https://twilio.test.example:8443/base" PATH MEDIA,
	};
	static const char *const bad[] = {
		"",
		"https://api.twilio.com" PATH,
		"https://api.twilio.com" PATH MEDIA ".json",
		"https://api.twilio.com" PATH MEDIA "?x=1",
		"https://api.twilio.com" PATH MEDIA "#x",
		"https://api.twilio.com" PATH MEDIA "/../../x",
		"https://api.twilio.com" PATH "MEzz",
		"http://api.twilio.com" PATH MEDIA,
		"https://api.twilio.com:443" PATH MEDIA,
		"https://api.twilio.com.evil.example" PATH MEDIA,
		"https://u:p@api.twilio.com" PATH MEDIA,
		"https://evil.example/https://api.twilio.com" PATH MEDIA,
		"https://API.twilio.com" PATH MEDIA,
		"https://mms.twiliocdn.com" PATH MEDIA,
		"https://169.254.169.254" PATH MEDIA,
		"https://twilio.test.example:8443" PATH MEDIA,
		"https://twilio.test.example/base" PATH MEDIA,
		OTHER_ACCOUNT MEDIA,
		OTHER_MESSAGE MEDIA,
		ROUNDABOUT MEDIA,
	};
	struct twilio_media_source source = {
		.account_sid = ACCOUNT,
		.message_sid = MESSAGE,
	};
	const char with_nul[] = "https://api.twilio.com" PATH MEDIA "\0x";
	struct base_url api;
	struct arena *a;
	struct span url;
	struct err e;
	size_t i;

	a = arena_new();
	if (base_url_parse(
		a, "https://twilio.test.example:8443/base/", &api, &e) != RC_OK)
		return 1;
	source.api = &api;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		url = (struct span){ good[i], strlen(good[i]) };
		is_str(twilio_media_url(a, &source, &url), good[i], "taken: %s",
		    good[i]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		url = (struct span){ bad[i], strlen(bad[i]) };
		is_str(twilio_media_url(a, &source, &url), NULL, "not: %s",
		    bad[i]);
	}
	url = (struct span){ with_nul, sizeof(with_nul) - 1 };
	is_str(twilio_media_url(a, &source, &url), NULL, "not: with a NUL");
	arena_free(a);
	return done_testing();
}
