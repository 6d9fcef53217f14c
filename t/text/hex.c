#include "text/hex.h"

#include "t/tap.h"

int
main(void)
{
	static const char *const bad[] = { "0", "0g", "g0", "000", "0x", " 0",
		"-1" };
	char all[513], out[256];
	size_t i, wrong = 0;

	for (i = 0; i < 256; i++)
		(void)snprintf(
		    all + 2 * i, 3, i % 2 == 0 ? "%02zx" : "%02zX", i);
	ok(hex_decode(all, 512, out), "every byte, in both spellings");
	for (i = 0; i < 256; i++)
		wrong += (unsigned char)out[i] != i;
	is_int(wrong, 0, "is itself");
	ok(hex_decode("", 0, out), "nothing");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!hex_decode(bad[i], strlen(bad[i]), out), "not: '%s'",
		    bad[i]);
	return done_testing();
}
