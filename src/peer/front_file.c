#include "peer/front_file.h"

/* Front's names have some ten characters behind the prefix. */
enum { ID_MAX = 40, LABEL_MAX = 63 };

static const char small[] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* The length of the name at the beginning of a text, or 0. */
static size_t
id_len(const char *text, const char *prefix)
{
	const size_t prefix_len = strlen(prefix);
	size_t len;

	if (strncmp(text, prefix, prefix_len) != 0)
		return 0;
	len = strspn(text + prefix_len, small);
	return len > 0 && len <= ID_MAX ? prefix_len + len : 0;
}

bool
is_front_id(const char *text, const char *prefix)
{
	const size_t len = id_len(text, prefix);

	return len > 0 && text[len] == '\0';
}

/* What it begins with: "https://api2.frontapp.com", or 0. */
static size_t
front_host_len(const char *url)
{
	static const char scheme[] = "https://";
	static const char shared[] = "api2.frontapp.com";
	static const char company[] = ".api.frontapp.com";
	const char *host = url + sizeof(scheme) - 1;
	size_t len;

	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return 0;
	if (strncmp(host, shared, sizeof(shared) - 1) == 0)
		return sizeof(scheme) - 1 + sizeof(shared) - 1;
	len = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (len == 0 || len > LABEL_MAX ||
	    strncmp(host + len, company, sizeof(company) - 1) != 0)
		return 0;
	return sizeof(scheme) - 1 + len + sizeof(company) - 1;
}

const char *
front_file_url(struct arena *a, const struct base_url *api, const char *url)
{
	static const char messages[] = "/messages/", download[] = "/download/";
	size_t base, message = 0, file;
	const char *path, *made;
	struct buf b;

	base = front_host_len(url);
	if (base == 0 && strncmp(url, api->text, strlen(api->text)) == 0)
		base = strlen(api->text);
	path = url + base;
	if (base == 0 || *path != '/')
		return NULL;
	if (strncmp(path, messages, sizeof(messages) - 1) == 0) {
		message = id_len(path + sizeof(messages) - 1, "msg_");
		if (message == 0)
			return NULL;
		message += sizeof(messages) - 1;
	}
	if (strncmp(path + message, download, sizeof(download) - 1) != 0)
		return NULL;
	path += message + sizeof(download) - 1;
	file = id_len(path, "fil_");
	if (file == 0 || path[file] != '\0')
		return NULL;
	buf_init(&b);
	buf_add(&b, url, base + message);
	buf_addf(&b, "/download/%s", path);
	made = arena_copy(a, b.bytes, b.len);
	buf_release(&b);
	return made;
}
