#include "text/phone.h"

#include "t/tap.h"

static void
test_e164(void)
{
	static const char *const good[] = { "+12", "+4790112233",
		"+123456789012345" };
	static const char *const bad[] = { "", "+", "+1", "12", "4790112233",
		"+0123456", "+1234567890123456", "+47 90112233", "+47a0112233",
		"++4790112233", " +4790112233", "+4790112233 ", "+479011223\n",
		"+\xd9\xa1\xd9\xa2\xd9\xa3" };
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(is_e164(good[i], strlen(good[i])), "%s", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!is_e164(bad[i], strlen(bad[i])), "refused: number %zu", i);
	ok(!is_e164("+12\0", 4), "refused: a NUL");
	ok(is_e164("+123x", 4), "the length counts");
}

static void
test_channel(struct arena *a)
{
	static const char *const bad[] = { "", "SMS", "sm", "smss", "sms ",
		"messenger" };
	enum channel c, got;
	struct err e;
	size_t i;

	for (c = CHANNEL_SMS; c <= CHANNEL_CHAT; c++)
		ok(channel_parse(a, channel_name(c), strlen(channel_name(c)),
		       &got, &e) == RC_OK &&
			got == c,
		    "%s", channel_name(c));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(channel_parse(a, bad[i], strlen(bad[i]), &got, &e) ==
			RC_INVALID,
		    "refused: channel '%s'", bad[i]);
	ok(channel_parse(a, "sms\0", 4, &got, &e) == RC_INVALID,
	    "refused: a channel with a NUL");
}

static void
test_address(struct arena *a)
{
	static const struct {
		const char *text;
		enum channel channel;
	} good[] = {
		{ "+4790112233", CHANNEL_SMS },
		{ "whatsapp:+4790112233", CHANNEL_WHATSAPP },
		{ "ana@example.com", CHANNEL_CHAT },
		{ "4790112233", CHANNEL_CHAT },
		{ "\xc3\xa5se", CHANNEL_CHAT },
	};
	static const char *const bad[] = { "+", "+0", "+479011223x",
		"whatsapp:", "whatsapp:4790112233", "WhatsApp:+4790112233",
		"whatsapp:+0123", "messenger:123", "sms:+4790112233",
		"whatsapp:whatsapp:+4790112233", "a\xff" };
	struct address address;
	char tall[1025];
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ok(address_parse(a, good[i].text, strlen(good[i].text),
		       &address, &e) == RC_OK,
		    "%s", good[i].text);
		is_int(address.channel, good[i].channel, "... its channel");
		is_str(address.text, good[i].text, "... as it came");
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(address_parse(a, bad[i], strlen(bad[i]), &address, &e) ==
			RC_INVALID,
		    "refused: address number %zu", i);
	ok(address_parse(a, "a\0b", 3, &address, &e) == RC_INVALID,
	    "refused: an identity with a NUL");
	ok(address_parse(a, "+4790112233\0", 12, &address, &e) == RC_INVALID,
	    "refused: a number with a NUL behind it");
	for (i = 0; i < sizeof(tall) - 1; i++)
		tall[i] = "\xf0\x9f\x98\x80"[i % 4];
	ok(address_parse(a, tall, sizeof(tall) - 1, &address, &e) == RC_OK,
	    "an identity of 256 characters");
	tall[1024] = 'x';
	ok(address_parse(a, tall, sizeof(tall), &address, &e) == RC_INVALID,
	    "refused: one of 257");
}

int
main(void)
{
	struct arena *a;

	a = arena_new();
	test_e164();
	test_channel(a);
	test_address(a);
	arena_free(a);
	return done_testing();
}
