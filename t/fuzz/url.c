/*
 * url.c -- base URLs are put together again from their parts, and
 * percent-encoding is undone by the form decoder.
 */
#include "text/url.h"

#include "t/fuzz/target.h"
#include "text/form.h"

static void
look_at_base(struct arena *a, const char *text)
{
	struct base_url u;
	struct buf b;
	struct err e;

	if (base_url_parse(a, text, &u, &e) != RC_OK) {
		PROMISE(e.rc == RC_INVALID && e.text[0] != '\0');
		return;
	}
	buf_init(&b);
	buf_addf(&b, "%s://%s%s%s%s", u.scheme, u.host,
	    u.port != NULL ? ":" : "", u.port != NULL ? u.port : "", u.path);
	PROMISE(strcmp(b.bytes, u.text) == 0);
	PROMISE(strncmp(text, u.text, strlen(u.text)) == 0);
	PROMISE(strspn(text + strlen(u.text), "/") ==
		strlen(text + strlen(u.text)));
	PROMISE(u.path[0] == '\0' || u.path[0] == '/');
	PROMISE(strpbrk(u.text, "?#@ \r\n\t\\'\"") == NULL);
	PROMISE(u.host[0] != '\0' && strchr(u.host, '/') == NULL);
	PROMISE(strcmp(u.scheme, "https") == 0 ||
		strcmp(u.host, "localhost") == 0 ||
		strcmp(u.host, "[::1]") == 0 ||
		strncmp(u.host, "127.", 4) == 0);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct form_limits limits = { 1, SIZE_MAX, SIZE_MAX };
	struct arena *a;
	struct form form;
	struct buf b;
	struct err e;

	a = arena_new();
	look_at_base(a, arena_copy(a, (const char *)bytes, len));
	buf_init(&b);
	buf_add_str(&b, "x=");
	buf_add_url(&b, (const char *)bytes, len);
	PROMISE(form_decode(a, b.bytes, b.len, &limits, &form, &e) == RC_OK);
	PROMISE(form.pairs[0].value_len == len);
	PROMISE(memcmp(form.pairs[0].value, bytes, len) == 0);
	buf_release(&b);
	arena_free(a);
	return 0;
}
