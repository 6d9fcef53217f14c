#include "peer/twilio_attributes.h"

#include "t/tap.h"

static struct arena *arena;
static struct err err;

static const struct twilio_customer_attributes ines = {
	.customer_id = "1041",
	.display_name = "Inês",
	.avatar = "https://cdn.example.net/1041.png",
};

static const char *
merge(const char *text, const struct twilio_customer_attributes *add)
{
	const char *merged = "unset";

	if (twilio_attributes_merge(arena, text, add, &merged, &err) != RC_OK)
		return err.code;
	return merged;
}

static void
test_merge(void)
{
	const struct twilio_customer_attributes id = { .customer_id = "7" };
	const struct twilio_customer_attributes none = { .avatar = NULL };

	is_str(merge("{}", &ines),
	    "{\"customer_id\":\"1041\",\"display_name\":\"Inês\","
	    "\"avatar\":\"https://cdn.example.net/1041.png\"}",
	    "all three into an empty object");
	is_str(merge("{}", &id), "{\"customer_id\":\"7\"}",
	    "what the customer does not have is left out");
	is_str(merge(NULL, &id), "{\"customer_id\":\"7\"}", "no attributes");
	is_str(merge(" \n", &id), "{\"customer_id\":\"7\"}", "empty ones");
	is_str(
	    merge("{\"a\":[1,{\"b\":null}],\"display_name\":\"typed\"}", &ines),
	    "{\"a\":[1,{\"b\":null}],\"display_name\":\"typed\","
	    "\"customer_id\":\"1041\","
	    "\"avatar\":\"https://cdn.example.net/1041.png\"}",
	    "what is there stays as it is");
	is_str(merge("{\"customer_id\":\"9\"}", &id), NULL,
	    "another customer_id is not replaced: nothing to do");
	is_str(merge("{\"customer_id\":null}", &id), NULL,
	    "nor is one that is null");
	is_str(merge("{}", &none), NULL, "nothing to add, nothing to do");
}

static void
test_refusals(void)
{
	static const char *const bad[] = { "[]", "7", "\"{}\"", "{", "{} x",
		"{\"a\":1,\"a\":2}" };
	char text[TWILIO_PARTICIPANT_ATTRIBUTES_MAX + 1];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_str(merge(bad[i], &ines), "bad_attributes", "left alone: %s",
		    bad[i]);
	(void)snprintf(text, sizeof(text), "{\"a\":\"%0*d\"}",
	    TWILIO_PARTICIPANT_ATTRIBUTES_MAX - 60, 0);
	is_str(merge(text, &ines), "long_attributes",
	    "more than Twilio takes is not sent");
}

int
main(void)
{
	arena = arena_new();
	test_merge();
	test_refusals();
	arena_free(arena);
	return done_testing();
}
