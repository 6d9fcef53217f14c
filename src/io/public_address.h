/*
 * public_address.h -- is an address one of the public internet?  Asked about
 * what DNS says of a host that somebody else has named: a picture must not be
 * fetched from a machine of our own network.
 */
#ifndef IO_PUBLIC_ADDRESS_H
#define IO_PUBLIC_ADDRESS_H
#include <stdbool.h>

struct sockaddr;

/*
 * False for loopback, private, link-local, shared (carrier NAT), multicast,
 * reserved and unspecified addresses, for IPv4 within IPv6 when the inner one
 * is none, and for any other family.
 */
bool is_public_address(const struct sockaddr *address);

#endif
