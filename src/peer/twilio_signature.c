#include "peer/twilio_signature.h"

static void
add_prefix(struct twilio_signing *s, struct arena *a,
    const struct base_url *base, const char *port)
{
	struct span *p = &s->prefixes[s->prefix_count];
	struct buf b;
	size_t i;

	buf_init(&b);
	buf_addf(&b, "%s://%s", base->scheme, base->host);
	if (port != NULL)
		buf_addf(&b, ":%s", port);
	buf_add_str(&b, base->path);
	p->bytes = arena_copy(a, b.bytes, b.len);
	p->len = b.len;
	buf_release(&b);
	for (i = 0; i < s->prefix_count; i++)
		if (strcmp(s->prefixes[i].bytes, p->bytes) == 0)
			return;
	s->prefix_count++;
}

void
twilio_signing_init(
    struct twilio_signing *s, struct arena *a, const struct base_url *base)
{
	const char *usual;

	usual = strcasecmp(base->scheme, "https") == 0 ? "443" : "80";
	*s = (struct twilio_signing){ .key_count = 0 };
	add_prefix(s, a, base, base->port);
	add_prefix(s, a, base, NULL);
	add_prefix(s, a, base, base->port != NULL ? base->port : usual);
}

void
twilio_signing_add_token(
    struct twilio_signing *s, struct arena *a, const char *token, size_t len)
{
	/* Anybody can sign with an empty one. */
	if (len > 0)
		s->keys[s->key_count++] = hmac_sha1_key(a, token, len);
}

/* Bytes as memcmp orders them, the shorter first where one starts the other. */
static int
compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order;

	order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	if (order != 0)
		return order;
	return (a_len > b_len) - (a_len < b_len);
}

static int
compare_pairs(const void *left, const void *right)
{
	const struct form_pair *a = left, *b = right;
	int order;

	order = compare_bytes(a->name, a->name_len, b->name, b->name_len);
	if (order != 0)
		return order;
	return compare_bytes(a->value, a->value_len, b->value, b->value_len);
}

/* Name and value of every distinct pair, sorted, nothing between them. */
static struct span
signed_form(struct arena *a, const struct form *form)
{
	struct form_pair *sorted;
	struct span all = { "", 0 };
	char *to;
	size_t i, len = 0;

	if (form == NULL || form->count == 0)
		return all;
	sorted = arena_alloc(a, form->count * sizeof(*sorted));
	memcpy(sorted, form->pairs, form->count * sizeof(*sorted));
	qsort(sorted, form->count, sizeof(*sorted), compare_pairs);
	for (i = 0; i < form->count; i++)
		len += sorted[i].name_len + sorted[i].value_len;
	to = arena_alloc(a, len + 1);
	all.bytes = to;
	for (i = 0; i < form->count; i++) {
		if (i > 0 && compare_pairs(&sorted[i - 1], &sorted[i]) == 0)
			continue;
		memcpy(to, sorted[i].name, sorted[i].name_len);
		to += sorted[i].name_len;
		memcpy(to, sorted[i].value, sorted[i].value_len);
		to += sorted[i].value_len;
	}
	all.len = (size_t)(to - all.bytes);
	return all;
}

static void
sign(const struct hmac_key *key, const struct span *prefix, const char *target,
    const struct span *form, char out[static SHA1_BASE64_LEN + 1])
{
	struct span parts[] = {
		*prefix,
		{ target, strlen(target) },
		*form,
	};

	hmac_sha1_base64(key, parts, sizeof(parts) / sizeof(parts[0]), out);
}

bool
twilio_signature_is_valid(const struct twilio_signing *s, struct arena *a,
    const char *target, const struct form *form, const char *signature,
    size_t signature_len)
{
	char ours[SHA1_BASE64_LEN + 1];
	struct span rest;
	size_t i, k;

	if (signature_len != SHA1_BASE64_LEN)
		return false;
	rest = signed_form(a, form);
	for (i = 0; i < s->key_count; i++)
		for (k = 0; k < s->prefix_count; k++) {
			sign(s->keys[i], &s->prefixes[k], target, &rest, ours);
			if (bytes_are_equal(ours, signature, SHA1_BASE64_LEN))
				return true;
		}
	return false;
}

/* The value of the only bodySHA256 in the query, or NULL. */
static const char *
find_body_hash(const char *target, size_t *len)
{
	static const char name[] = "bodySHA256";
	const size_t name_len = sizeof(name) - 1;
	const char *at, *found = NULL;
	size_t n;

	at = strchr(target, '?');
	while (at != NULL) {
		at++;
		n = strcspn(at, "&#");
		if (strncmp(at, name, name_len) == 0 &&
		    (n == name_len || at[name_len] == '=')) {
			if (found != NULL)
				return NULL;
			found = n == name_len ? at + n : at + name_len + 1;
			*len = n - (size_t)(found - at);
		}
		at = at[n] == '&' ? at + n : NULL;
	}
	return found;
}

bool
twilio_body_signature_is_valid(const struct twilio_signing *s, struct arena *a,
    const char *target, const struct span *body, const char *signature,
    size_t signature_len)
{
	char ours[SHA256_HEX_LEN + 1];
	const char *theirs;
	size_t len = 0;

	theirs = find_body_hash(target, &len);
	if (theirs == NULL || len != SHA256_HEX_LEN)
		return false;
	sha256_hex(body->bytes, body->len, ours);
	return bytes_are_equal(ours, theirs, SHA256_HEX_LEN) &&
	       twilio_signature_is_valid(
		   s, a, target, NULL, signature, signature_len);
}

void
twilio_sign(const struct twilio_signing *s, struct arena *a, const char *target,
    const struct form *form, char out[static SHA1_BASE64_LEN + 1])
{
	struct span rest;

	rest = signed_form(a, form);
	sign(s->keys[0], &s->prefixes[0], target, &rest, out);
}
