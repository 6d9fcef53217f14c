#include "peer/twilio_lookup.h"

#include "t/tap.h"

int
main(void)
{
	static const char *const nobody[] = {
		"{\"caller_name\":null}", "{}",
		"{\"caller_name\":{\"caller_name\":null,\"caller_type\":null}}"
	};
	static const char known[] =
	    "{\"caller_name\":{\"caller_name\":\"OKAFOR INES\","
	    "\"caller_type\":\"CONSUMER\"}}";
	struct arena *a = arena_new();
	struct twilio_caller c;
	struct peer_request r;
	struct base_url base;
	struct err e;
	size_t i;

	if (base_url_parse(a, "https://lookups.twilio.com", &base, &e) != RC_OK)
		diag("%s", e.text);
	twilio_lookup(a, &base, "+14155550142", &r);
	is_str(r.url,
	    "https://lookups.twilio.com/v2/PhoneNumbers/%2B14155550142"
	    "?Fields=caller_name",
	    "whose number is it?");
	is_int(twilio_caller_read(a, known, strlen(known), &c, &e), RC_OK,
	    "somebody's");
	is_str(c.name, "OKAFOR INES", "with a name");
	is_str(c.type, "CONSUMER", "and a type");
	for (i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++)
		ok(twilio_caller_read(
		       a, nobody[i], strlen(nobody[i]), &c, &e) == RC_OK &&
			c.name == NULL && c.type == NULL,
		    "%s is nobody's", nobody[i]);
	is_int(twilio_caller_read(a, "x", 1, &c, &e), RC_BUSY, "no answer");
	ok(twilio_has_no_caller(&(struct peer_answer){ .code = 60600 }),
	    "not covered");
	ok(twilio_has_no_caller(&(struct peer_answer){ .status = 404 }),
	    "no such number");
	ok(!twilio_has_no_caller(
	       &(struct peer_answer){ .status = 400, .code = 60606 }),
	    "not bought");
	arena_free(a);
	return done_testing();
}
