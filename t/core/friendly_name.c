/* What a conversation is called: styles, unknown customers, masks, length. */
#include "core/friendly_name.h"

#include "base/limits.h"
#include "t/tap.h"

static struct buf name;

static const char *
named(struct friendly_name n)
{
	buf_clear(&name);
	friendly_name_format(&name, &n);
	return name.bytes;
}

static void
test_styles(void)
{
	static const struct {
		const char *display, *first, *last, *initial;
	} cases[] = {
		{ "Ines Okafor", "Ines", "Okafor", "Ines O." },
		{ "Ines Okafor", NULL, NULL, "Ines O." },
		{ "Ines Okafor", "", "", "Ines O." },
		{ "Ines Okafor", "Ines", NULL, "Ines" },
		{ "Ines Okafor", NULL, "Smith", "Ines O." },
		{ "Padaria Sol", "Jo\xc3\xa3o",
		    "Gon\xc3\xa7"
		    "alves",
		    "Jo\xc3\xa3o G." },
		{ "\xc3\x85sa \xc3\x96"
		  "berg",
		    "\xc3\x85sa",
		    "\xc3\x96"
		    "berg",
		    "\xc3\x85sa \xc3\x96." },
		{ "\xe7\x94\xb0\xe4\xb8\xad", "\xe9\x99\xbd\xe5\xad\x90",
		    "\xe7\x94\xb0\xe4\xb8\xad",
		    "\xe9\x99\xbd\xe5\xad\x90 "
		    "\xe7\x94\xb0." },
		{ "Household", NULL, NULL, "Household" },
		{ "Emma  van  der  Berg ", NULL, NULL, "Emma B." },
		{ " Emma", NULL, NULL, "Emma" },
	};
	struct friendly_name n = { .customer_id = "1041",
		.address = "+4790000012" };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n.display_name = cases[i].display;
		n.first_name = cases[i].first;
		n.last_name = cases[i].last;
		n.style = NAME_FULL;
		is_str(
		    named(n), cases[i].display, "full: %s", cases[i].display);
		n.style = NAME_FIRST_INITIAL;
		is_str(named(n), cases[i].initial, "first_initial: %s",
		    cases[i].initial);
		n.style = NAME_PSEUDONYM;
		is_str(named(n), "Customer 1041", "pseudonym");
	}
	n.masking = true;
	n.style = NAME_FULL;
	n.display_name = "Ines";
	is_str(named(n), "Ines", "masking hides numbers, not names");
}

static void
test_unknown(void)
{
	static const struct {
		const char *address, *masked;
	} cases[] = {
		{ "+4790000012", "+479000****" },
		{ "whatsapp:+4790000012", "whatsapp:+479000****" },
		{ "+12345", "+1****" },
		{ "+1234", "+****" },
		{ "+123", "+***" },
		{ "messenger:123456", "Unknown customer" },
		{ "ines@example.com", "Unknown customer" },
		{ "40404", "Unknown customer" },
	};
	struct friendly_name n = { .customer_id = NULL };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n.address = cases[i].address;
		n.masking = false;
		n.style = NAME_FULL;
		is_str(named(n), n.address,
		    "an unknown address stands for itself");
		n.style = NAME_FIRST_INITIAL;
		is_str(named(n), n.address, "... with first_initial, too");
		n.style = NAME_PSEUDONYM;
		is_str(named(n), cases[i].masked, "... but not with pseudonym");
		n.masking = true;
		n.style = NAME_FULL;
		is_str(named(n), cases[i].masked, "... nor while masking");
	}
}

/* `count` times the same character. */
static const char *
repeated(char *to, const char *character, size_t count)
{
	const size_t n = strlen(character);
	size_t i;

	for (i = 0; i < n * count; i++)
		to[i] = character[i % n];
	to[i] = '\0';
	return to;
}

static void
test_length(void)
{
	static const struct {
		const char *character, *what;
		size_t most;
	} cases[] = {
		{ "x", "of one byte", LIMIT_FRIENDLY_NAME },
		{ "\xc3\xa9", "of two", LIMIT_FRIENDLY_NAME },
		{ "\xe2\x82\xac", "of three", LIMIT_FRIENDLY_NAME },
		{ "\xf0\x9f\x98\x80", "of four, two in UTF-16",
		    LIMIT_FRIENDLY_NAME / 2 },
	};
	char long_one[4 * 300 + 1], cut[4 * 300 + 1];
	struct friendly_name n = { .customer_id = "1", .address = "+12" };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n.display_name = repeated(long_one, cases[i].character, 300);
		is_str(named(n),
		    repeated(cut, cases[i].character, cases[i].most),
		    "300 characters %s are cut", cases[i].what);
		n.display_name =
		    repeated(long_one, cases[i].character, cases[i].most);
		is_str(named(n), n.display_name, "... and %zu are not",
		    cases[i].most);
	}
}

int
main(void)
{
	buf_init(&name);
	test_styles();
	test_unknown();
	test_length();
	buf_release(&name);
	return done_testing();
}
