#include "io/public_address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* IANA's registries of special-purpose addresses (RFC 6890 and later). */
static const struct {
	uint8_t first[4];
	int bits;
} special4[] = {
	{ { 0, 0, 0, 0 }, 8 },
	{ { 10, 0, 0, 0 }, 8 },
	{ { 100, 64, 0, 0 }, 10 },
	{ { 127, 0, 0, 0 }, 8 },
	{ { 169, 254, 0, 0 }, 16 },
	{ { 172, 16, 0, 0 }, 12 },
	{ { 192, 0, 0, 0 }, 24 },
	{ { 192, 0, 2, 0 }, 24 },
	{ { 192, 88, 99, 0 }, 24 },
	{ { 192, 168, 0, 0 }, 16 },
	{ { 198, 18, 0, 0 }, 15 },
	{ { 198, 51, 100, 0 }, 24 },
	{ { 203, 0, 113, 0 }, 24 },
	{ { 224, 0, 0, 0 }, 3 },
};

/* Of 2000::/3, outside of which nothing is public but what holds an IPv4. */
static const struct {
	uint8_t first[16];
	int bits;
} special6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },
	{ { 0x3f, 0xff }, 20 },
};

/* IPv6 addresses that lead to the IPv4 address that they hold. */
static const struct {
	uint8_t first[16];
	int bits;
	size_t at; /* of the IPv4 address */
} holders[] = {
	{ { [10] = 0xff, [11] = 0xff }, 96, 12 },
	{ { [0] = 0 }, 96, 12 },
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, 12 },
	{ { 0x20, 0x02 }, 16, 2 },
};

static bool
is_within(const uint8_t *address, const uint8_t *first, int bits)
{
	const size_t whole = (size_t)bits / 8;
	const int rest = bits % 8;

	if (memcmp(address, first, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ first[whole]) >> (8 - rest) == 0;
}

static bool
is_public4(const uint8_t *address)
{
	size_t i;

	for (i = 0; i < sizeof(special4) / sizeof(special4[0]); i++)
		if (is_within(address, special4[i].first, special4[i].bits))
			return false;
	return true;
}

static bool
is_public6(const uint8_t *address)
{
	size_t i;

	for (i = 0; i < sizeof(holders) / sizeof(holders[0]); i++)
		if (is_within(address, holders[i].first, holders[i].bits))
			return is_public4(address + holders[i].at);
	if (address[0] >> 5 != 1)
		return false;
	for (i = 0; i < sizeof(special6) / sizeof(special6[0]); i++)
		if (is_within(address, special6[i].first, special6[i].bits))
			return false;
	return true;
}

bool
is_public_address(const struct sockaddr *address)
{
	struct sockaddr_in a4;
	struct sockaddr_in6 a6;

	if (address->sa_family == AF_INET) {
		memcpy(&a4, address, sizeof(a4));
		return is_public4((const uint8_t *)&a4.sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&a6, address, sizeof(a6));
		return is_public6(a6.sin6_addr.s6_addr);
	}
	return false;
}
