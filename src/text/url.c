#include "text/url.h"

/* Host names and addresses that never leave the machine. */
static bool
is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (strncmp(host, "127.", 4) == 0 &&
		   strspn(host, "0123456789.") == strlen(host));
}

static enum rc
parse_authority(struct arena *a, const char *s, size_t len,
    struct base_url *out, struct err *e)
{
	size_t host_len, i;
	const char *port;

	if (s[0] == '[') {
		const char *end = memchr(s, ']', len);
		if (end == NULL)
			return err_set(
			    e, RC_INVALID, "url", "the address has no ']'");
		host_len = (size_t)(end - s) + 1;
	} else {
		host_len = strcspn(s, ":/");
		if (host_len > len)
			host_len = len;
	}
	if (host_len == 0)
		return err_set(e, RC_INVALID, "url", "has no host name");
	for (i = 0; i < host_len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789.-_:[]",
			s[i]) == NULL)
			return err_set(e, RC_INVALID, "url",
			    "the host name may hold small letters, digits, "
			    "dots and dashes only");
	out->host = arena_copy(a, s, host_len);
	if (host_len == len)
		return RC_OK;
	port = arena_copy(a, s + host_len + 1, len - host_len - 1);
	if (s[host_len] != ':' || strlen(port) == 0 || strlen(port) > 5 ||
	    strspn(port, "0123456789") != strlen(port) || port[0] == '0' ||
	    strtol(port, NULL, 10) > 65535)
		return err_set(e, RC_INVALID, "url",
		    "the port is no number from 1 to 65535");
	out->port = port;
	return RC_OK;
}

enum rc
base_url_parse(
    struct arena *a, const char *text, struct base_url *out, struct err *e)
{
	size_t len = strlen(text), authority_len, i;
	const char *rest;
	enum rc rc;

	*out = (struct base_url){ .path = "" };
	if (strncmp(text, "https://", 8) == 0)
		out->scheme = "https";
	else if (strncmp(text, "http://", 7) == 0)
		out->scheme = "http";
	else
		return err_set(e, RC_INVALID, "url",
		    "must start with https:// (or http:// on loopback)");
	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~' ||
		    strchr("?#@\\\"'", text[i]) != NULL)
			return err_set(e, RC_INVALID, "url",
			    "may hold no blank, user, query, fragment or "
			    "quote");
	while (len > 0 && text[len - 1] == '/')
		len--;
	out->text = arena_copy(a, text, len);
	rest = out->text + strlen(out->scheme) + 3;
	if (strlen(out->text) <= strlen(out->scheme) + 3)
		return err_set(e, RC_INVALID, "url", "has no host name");
	authority_len = strcspn(rest, "/");
	rc = parse_authority(a, rest, authority_len, out, e);
	if (rc != RC_OK)
		return rc;
	out->path = rest + authority_len;
	if (strcmp(out->scheme, "http") == 0 && !is_loopback(out->host))
		return err_set(e, RC_INVALID, "url",
		    "http:// is allowed on loopback only; use https://");
	return RC_OK;
}

void
buf_add_url(struct buf *b, const char *bytes, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char c;
	size_t i;

	for (i = 0; i < len; i++) {
		c = (unsigned char)bytes[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') ||
		    (c != '\0' && strchr("-._~", c) != NULL)) {
			buf_add_char(b, (char)c);
		} else {
			buf_add_char(b, '%');
			buf_add_char(b, hex[c >> 4]);
			buf_add_char(b, hex[c & 15]);
		}
	}
}

void
buf_add_segment(struct buf *b, const char *segment)
{
	buf_add_char(b, '/');
	/* "." and ".." would climb. */
	if (segment[strspn(segment, ".")] == '\0')
		for (; *segment != '\0'; segment++)
			buf_add_str(b, "%2E");
	buf_add_url(b, segment, strlen(segment));
}
