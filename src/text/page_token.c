#include "text/page_token.h"

#include "base/utf8.h"
#include "text/crypto.h"

/* '1', six bytes of SHA-256 over the rest, customer_id, NUL, sort key. */
enum { TOKEN_VERSION = '1', SUM_LEN = 6, HEAD_LEN = 1 + SUM_LEN };

static void
check_sum(const char *bytes, size_t len, unsigned char out[static SHA256_LEN])
{
	sha256(bytes + HEAD_LEN, len - HEAD_LEN, out);
}

char *
page_token_format(struct arena *a, const struct page_token *t)
{
	size_t id_len = strlen(t->customer_id), sort_len = strlen(t->sort_name);
	size_t len = HEAD_LEN + id_len + 1 + sort_len;
	unsigned char sum[SHA256_LEN];
	char *bytes;

	bytes = arena_alloc(a, len);
	bytes[0] = TOKEN_VERSION;
	memcpy(bytes + HEAD_LEN, t->customer_id, id_len);
	memcpy(bytes + HEAD_LEN + id_len + 1, t->sort_name, sort_len);
	check_sum(bytes, len, sum);
	memcpy(bytes + 1, sum, SUM_LEN);
	return base64url_encode(a, bytes, len);
}

enum rc
page_token_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	struct page_token *t = out;
	unsigned char sum[SHA256_LEN];
	size_t n, id_len;
	char *raw;

	raw = base64url_decode(a, bytes, len, &n);
	if (raw == NULL || n < HEAD_LEN + 2 || raw[0] != TOKEN_VERSION)
		return err_set(
		    e, RC_INVALID, "bad_token", "is no token of ours");
	check_sum(raw, n, sum);
	id_len = strlen(raw + HEAD_LEN);
	if (memcmp(raw + 1, sum, SUM_LEN) != 0 || id_len == 0 ||
	    HEAD_LEN + id_len + 1 > n ||
	    memchr(raw + HEAD_LEN + id_len + 1, '\0',
		n - HEAD_LEN - id_len - 1) != NULL ||
	    !utf8_is_valid(raw + HEAD_LEN, n - HEAD_LEN))
		return err_set(e, RC_INVALID, "bad_token", "is damaged");
	t->customer_id = raw + HEAD_LEN;
	t->sort_name = raw + HEAD_LEN + id_len + 1;
	return RC_OK;
}
