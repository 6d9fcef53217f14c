#include "io/public_address.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "t/tap.h"

static bool
is_public(const char *text)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &a4.sin_addr) == 1)
		return is_public_address((const struct sockaddr *)&a4);
	if (inet_pton(AF_INET6, text, &a6.sin6_addr) != 1)
		diag("%s is no address", text);
	return is_public_address((const struct sockaddr *)&a6);
}

static const char *const yes[] = { "1.1.1.1", "9.255.255.255", "11.0.0.0",
	"100.63.255.255", "100.128.0.0", "126.255.255.255", "172.15.255.255",
	"172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
	"198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::5",
	"::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::" };

static const char *const no[] = { "0.0.0.0", "0.1.2.3", "10.0.0.1",
	"10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
	"127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255",
	"192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.19.255.255",
	"198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1",
	"255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1",
	"::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
	"2002:7f00:1::", "2002:c0a8:101::", "fc00::1", "fd12::1", "fe80::1",
	"fec0::1", "ff02::1", "2001:db8::1", "2001::1", "3fff::1", "100::1",
	"4000::1" };

int
main(void)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		ok(is_public(yes[i]), "%s is public", yes[i]);
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ok(!is_public(no[i]), "%s is not", no[i]);
	ok(!is_public_address((const struct sockaddr *)&local),
	    "nor is a file");
	return done_testing();
}
