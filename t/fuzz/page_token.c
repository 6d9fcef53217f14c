/*
 * page_token.c -- a token that is taken is one that we would write; and what
 * we write of any two texts is taken again.
 */
#include "text/page_token.h"

#include "base/utf8.h"
#include "t/fuzz/target.h"

/* The bytes up to the first 0xff are the id, the others the sort key. */
static void
there_and_back(struct arena *a, const char *text, size_t len)
{
	const char *end = memchr(text, 0xff, len);
	struct page_token t, back;
	const char *token;
	struct err e;
	size_t id_len;

	if (end == NULL)
		return;
	id_len = (size_t)(end - text);
	if (id_len == 0 || memchr(text, '\0', len) != NULL ||
	    !utf8_is_valid(text, id_len) ||
	    !utf8_is_valid(end + 1, len - id_len - 1))
		return;
	t.customer_id = arena_copy(a, text, id_len);
	t.sort_name = arena_copy(a, end + 1, len - id_len - 1);
	token = page_token_format(a, &t);
	PROMISE(page_token_parse(a, token, strlen(token), &back, &e) == RC_OK);
	PROMISE(strcmp(back.customer_id, t.customer_id) == 0);
	PROMISE(strcmp(back.sort_name, t.sort_name) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	struct page_token t;
	const char *again;
	struct arena *a;
	struct err e;

	a = arena_new();
	if (page_token_parse(a, text, len, &t, &e) == RC_OK) {
		PROMISE(utf8_is_valid(t.customer_id, strlen(t.customer_id)));
		PROMISE(utf8_is_valid(t.sort_name, strlen(t.sort_name)));
		again = page_token_format(a, &t);
		PROMISE(strlen(again) == len && memcmp(again, text, len) == 0);
	} else {
		PROMISE(strcmp(e.code, "bad_token") == 0);
	}
	there_and_back(a, text, len);
	arena_free(a);
	return 0;
}
