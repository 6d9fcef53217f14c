#include "peer/front_file.h"

#include "t/tap.h"

#define LONGEST                                                                \
	"https://harbor-fix.api.frontapp.com/messages/msg_9f4c21a"             \
	"/download/fil_6hb2"

int
main(void)
{
	static const char *const good[] = {
		"https://api2.frontapp.com/download/fil_6hb2",
		"https://harborfix.api.frontapp.com/download/fil_6hb2",
		LONGEST,
		"https://front.test.example:8443/download/fil_1",
	};
	static const char *const bad[] = {
		"",
		"https://api2.frontapp.com/",
		"https://api2.frontapp.com/download/",
		"https://api2.frontapp.com/download/fil_",
		"https://api2.frontapp.com/download/fil_A",
		"https://api2.frontapp.com/download/fil_1/",
		"https://api2.frontapp.com/download/fil_1?x=1",
		"https://api2.frontapp.com/download/fil_1#x",
		"https://api2.frontapp.com/download/../me",
		"https://api2.frontapp.com/messages/download/fil_1",
		"https://api2.frontapp.com/messages/msg_1/fil_1",
		"https://api2.frontapp.com/messages/msg_/download/fil_1",
		"https://api2.frontapp.com//download/fil_1",
		"https://api2.frontapp.com:443/download/fil_1",
		"https://api2.frontapp.com@evil.example/download/fil_1",
		"https://api2.frontapp.com.evil.example/download/fil_1",
		"https://u@api2.frontapp.com/download/fil_1",
		"http://api2.frontapp.com/download/fil_1",
		"https://API2.frontapp.com/download/fil_1",
		"https://a.b.api.frontapp.com/download/fil_1",
		"https://.api.frontapp.com/download/fil_1",
		"https://api.frontapp.com/download/fil_1",
		"https://evil.example/download/fil_1",
		"https://front.test.example/download/fil_1",
		"https://front.test.example:84430/download/fil_1",
		"file:///etc/passwd",
	};
	struct base_url api;
	struct arena *a;
	struct err e;
	size_t i;

	a = arena_new();
	if (base_url_parse(a, "https://front.test.example:8443", &api, &e) !=
	    RC_OK)
		return 1;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is_str(front_file_url(a, &api, good[i]), good[i], "taken: %s",
		    good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_str(
		    front_file_url(a, &api, bad[i]), NULL, "not: %s", bad[i]);
	ok(is_front_id("msg_9f4c21a", "msg_"), "a name of Front's");
	ok(!is_front_id("msg_", "msg_"), "not without anything behind it");
	ok(!is_front_id("msg_9F", "msg_"), "nor in capitals");
	ok(!is_front_id("cnv_1", "msg_"), "nor of another kind");
	ok(!is_front_id("msg_1/..", "msg_"), "nor with more behind it");
	ok(!is_front_id(
	       "msg_0123456789012345678901234567890123456789x", "msg_"),
	    "nor without end");
	arena_free(a);
	return done_testing();
}
