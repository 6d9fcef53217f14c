#include "text/link.h"

#include <stdio.h>
#include <string.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
static const char digits[] = "0123456789";

enum { LINK_MAX = 4096, PORT_MAX = 5 };

/* Visible ASCII but for what RFC 3986 knows in no URL, and fragments. */
static bool
is_plain(const char *text)
{
	const char *c;

	for (c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}#", *c) != NULL)
			return false;
	return c - text <= LINK_MAX;
}

static char *
copy_small(struct arena *a, const char *bytes, size_t len)
{
	char *out = arena_copy(a, bytes, len);
	size_t i;

	for (i = 0; i < len; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] - 'A' + 'a');
	return out;
}

static bool
is_host(const char *host)
{
	char known[sizeof(letters) + sizeof(digits) + 2];

	(void)snprintf(known, sizeof(known), "%s%s.-", letters, digits);
	return host[0] != '\0' && host[0] != '.' && host[0] != '-' &&
	       host[strspn(host, known)] == '\0' && strstr(host, "..") == NULL;
}

bool
link_parse(struct arena *a, const char *text, struct link *out)
{
	const char *at, *end, *colon;

	*out = (struct link){ .text = text };
	if (!is_plain(text))
		return false;
	if (strncmp(text, "https://", 8) == 0) {
		out->is_https = true;
		at = text + 8;
	} else if (strncmp(text, "http://", 7) == 0) {
		at = text + 7;
	} else {
		return false;
	}
	end = at + strcspn(at, "/?");
	colon = memchr(at, ':', (size_t)(end - at));
	out->host =
	    copy_small(a, at, (size_t)((colon != NULL ? colon : end) - at));
	if (!is_host(out->host))
		return false;
	if (colon != NULL) {
		out->port = arena_copy(a, colon + 1, (size_t)(end - colon - 1));
		if (out->port[0] == '\0' || strlen(out->port) > PORT_MAX ||
		    out->port[strspn(out->port, digits)] != '\0')
			return false;
	}
	if (*end == '?')
		return false;
	out->target = *end == '/' ? end : "/";
	return true;
}

static bool
is_same(const char *left, const char *right)
{
	return left == right ||
	       (left != NULL && right != NULL && strcmp(left, right) == 0);
}

bool
link_is_below(const struct link *l, const struct base_url *base)
{
	const size_t len = strlen(base->path);

	return is_same(l->is_https ? "https" : "http", base->scheme) &&
	       is_same(l->host, base->host) && is_same(l->port, base->port) &&
	       strncmp(l->target, base->path, len) == 0 &&
	       l->target[len] == '/';
}

/* Is the host this one, or does it end with "." and this one? */
static bool
is_of(const char *host, const char *name, size_t len)
{
	const size_t host_len = strlen(host);

	if (host_len < len || memcmp(host + host_len - len, name, len) != 0)
		return false;
	return host_len == len || host[host_len - len - 1] == '.';
}

bool
link_may_be_followed(
    const struct link *l, const struct base_url *base, const char *hosts)
{
	size_t len;

	if (!l->is_https)
		return strcmp(base->scheme, "http") == 0 &&
		       strcmp(l->host, base->host) == 0;
	if (l->port != NULL && strcmp(l->port, "443") != 0)
		return false;
	while (hosts != NULL && *(hosts += strspn(hosts, " ,")) != '\0') {
		len = strcspn(hosts, " ,");
		if (is_of(l->host, hosts, len))
			return true;
		hosts += len;
	}
	return false;
}
