#include "text/dialled.h"

#include "t/tap.h"

int
main(void)
{
	static const struct {
		const char *in, *country, *out;
	} cases[] = {
		{ "+15125550123", "US", "+15125550123" },
		{ "+1 (512) 555-0123", "GB", "+15125550123" },
		{ "+47 90 11 22 33", "US", "+4790112233" },
		{ "5125550123", "US", "+15125550123" },
		{ "512.555.0123", "CA", "+15125550123" },
		{ "15125550123", "US", "+15125550123" },
		{ "447700900123", "GB", "+447700900123" },
		{ "00447700900123", "US", "+447700900123" },
		{ " +15125550123 ", "US", "+15125550123" },
		{ "whatsapp:+15125550123", "US", "whatsapp:+15125550123" },
		{ "whatsapp: 5125550123", "US", "whatsapp:+15125550123" },
		/* Given back as they are. */
		{ "07700900123", "GB", "07700900123" },
		{ "", "US", "" },
		{ "+", "US", "+" },
		{ "dana@example.com", "US", "dana@example.com" },
		{ "555-CALL", "US", "555-CALL" },
		{ "+15125550123 ext 4", "US", "+15125550123 ext 4" },
		{ "123456789012345678901", "US", "123456789012345678901" },
		{ "+1234567890123456", "US", "+1234567890123456" },
		{ "++15125550123", "US", "++15125550123" },
		{ "whatsapp:", "US", "whatsapp:" },
	};
	struct arena *a;
	size_t i;

	a = arena_new();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(dialled_tidy(a, cases[i].in, strlen(cases[i].in),
			   cases[i].country),
		    cases[i].out, "'%s' in %s", cases[i].in, cases[i].country);
	is_str(dialled_tidy(a, "1\0002", 3, "US"), "1", "a NUL is no digit");
	arena_free(a);
	return done_testing();
}
