/*
 * form.c -- the form decoder and the string that is signed, against a second,
 * slow implementation of both.
 */
#include "peer/twilio_signature.h"
#include "t/fuzz/target.h"

enum { PAIRS = 64, VALUE = 1000, NAME = 128, ROOM = 8192 };

struct slow_pair {
	uint8_t name[ROOM], value[ROOM];
	size_t name_len, value_len;
};

static struct slow_pair slow[PAIRS + 1];

/* The value of a hex digit, or 16. */
static unsigned
slow_digit(uint8_t c)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	unsigned i;

	for (i = 0; digits[i] != '\0'; i++)
		if (digits[i] == (char)c)
			return i < 16 ? i : i - 6;
	return 16;
}

/* Decodes up to one of the two ends; -1 where it cannot be decoded. */
static long
slow_text(const uint8_t **at, const uint8_t *end, char stop, uint8_t *out)
{
	long n = 0;

	while (*at < end && **at != '&' && **at != (uint8_t)stop) {
		out[n] = **at;
		if (**at == '+')
			out[n] = ' ';
		if (**at == '%') {
			if (end - *at < 3 || slow_digit((*at)[1]) > 15 ||
			    slow_digit((*at)[2]) > 15)
				return -1;
			out[n] = (uint8_t)(slow_digit((*at)[1]) << 4 |
					   slow_digit((*at)[2]));
			*at += 2;
		}
		*at += 1;
		n++;
	}
	return n;
}

/* The number of pairs, or -1 where the form must be refused. */
static int
slow_decode(const uint8_t *at, size_t len)
{
	const uint8_t *end = at + len;
	int count = 0;
	long n;

	while (at < end) {
		if (*at == '&') {
			at++;
			continue;
		}
		n = slow_text(&at, end, '=', slow[count].name);
		if (n < 0 || n > NAME ||
		    memchr(slow[count].name, 0, (size_t)n) != NULL)
			return -1;
		slow[count].name_len = (size_t)n;
		n = 0;
		if (at < end && *at == '=') {
			at++;
			n = slow_text(&at, end, '&', slow[count].value);
		}
		if (n < 0 || n > VALUE)
			return -1;
		slow[count].value_len = (size_t)n;
		if (++count > PAIRS)
			return -1;
	}
	return count;
}

static int
slow_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t i;

	for (i = 0; i < a_len && i < b_len; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return a_len == b_len ? 0 : a_len < b_len ? -1 : 1;
}

static int
slow_order(const struct slow_pair *a, const struct slow_pair *b)
{
	int order;

	order = slow_compare(a->name, a->name_len, b->name, b->name_len);
	if (order == 0)
		order = slow_compare(
		    a->value, a->value_len, b->value, b->value_len);
	return order;
}

/* Takes the smallest pair that is larger than the last one, and so on. */
static void
slow_sign(const struct hmac_key *key, int count, char *out)
{
	struct span parts[2 * PAIRS + 2] = {
		{ "https://example.com", 19 },
		{ "/x", 2 },
	};
	const struct slow_pair *last = NULL, *next;
	size_t used = 2;
	int i;

	for (;;) {
		next = NULL;
		for (i = 0; i < count; i++)
			if ((last == NULL || slow_order(&slow[i], last) > 0) &&
			    (next == NULL || slow_order(&slow[i], next) < 0))
				next = &slow[i];
		if (next == NULL)
			break;
		parts[used++] =
		    (struct span){ (const char *)next->name, next->name_len };
		parts[used++] =
		    (struct span){ (const char *)next->value, next->value_len };
		last = next;
	}
	hmac_sha1_base64(key, parts, used, out);
}

static void
compare_pairs_with(const struct form *form, int count)
{
	int i;

	PROMISE(form->count == (size_t)count);
	for (i = 0; i < count; i++) {
		PROMISE(form->pairs[i].name_len == slow[i].name_len);
		PROMISE(form->pairs[i].value_len == slow[i].value_len);
		PROMISE(memcmp(form->pairs[i].name, slow[i].name,
			    slow[i].name_len) == 0);
		PROMISE(memcmp(form->pairs[i].value, slow[i].value,
			    slow[i].value_len) == 0);
		PROMISE(form->pairs[i].name[slow[i].name_len] == '\0');
		PROMISE(form->pairs[i].value[slow[i].value_len] == '\0');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct form_limits limits = { PAIRS, VALUE, 128 };
	static struct twilio_signing signing;
	static struct arena *kept;
	char ours[SHA1_BASE64_LEN + 1], theirs[SHA1_BASE64_LEN + 1];
	struct base_url base = { "https://example.com", "https", "example.com",
		NULL, "" };
	struct arena *a;
	struct form form;
	struct err e;
	int count;
	enum rc rc;

	if (len > ROOM)
		return 0;
	if (kept == NULL) {
		kept = arena_new();
		twilio_signing_init(&signing, kept, &base);
		twilio_signing_add_token(&signing, kept, "token", 5);
	}
	a = arena_new();
	count = slow_decode(bytes, len);
	rc = form_decode(a, (const char *)bytes, len, &limits, &form, &e);
	PROMISE((rc == RC_OK) == (count >= 0));
	if (rc == RC_OK) {
		compare_pairs_with(&form, count);
		twilio_sign(&signing, a, "/x", &form, ours);
		slow_sign(signing.keys[0], count, theirs);
		PROMISE(strcmp(ours, theirs) == 0);
		PROMISE(twilio_signature_is_valid(
		    &signing, a, "/x", &form, theirs, SHA1_BASE64_LEN));
	} else {
		PROMISE(rc == RC_INVALID && e.text[0] != '\0');
	}
	arena_free(a);
	return 0;
}
