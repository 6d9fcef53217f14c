/*
 * sigcheck.c -- holds peer/twilio_signature.h against a file of vectors: one
 * TAP line per vector, "ok" where our verdict is the one that it expects.
 *
 *	sigcheck FILE
 *
 * FILE is JSON: a list of vectors, or an object whose "vectors" is one.  Each
 * is an object with "url", "expected_signature", "auth_token" (or a list
 * "auth_tokens") and whatever the request had of "method", "content_type",
 * "params" (pairs, or an object), "form_body" and "body".  Expected is
 * "valid_core_rule", or "valid" where that is missing.
 *
 * exit: 0 all as expected, 1 not, 2 the file cannot be read
 */
#include <jansson.h>
#include <stdint.h>

#include "base/log.h"
#include "peer/twilio_signature.h"
#include "t/tap.h"

enum { EXIT_NO_FILE = 2 };

/* A request as the vector describes it, and what came of it. */
struct check {
	struct arena *arena;
	const json_t *vector;
	struct base_url base;
	const char *target;
	const char *signature;
	size_t signature_len;
	const char *wrong; /* why there is no verdict; NULL where there is */
};

/* ---- the vector's members ---------------------------------------------- */

/* The text of a member, or NULL where it is missing, null or no text. */
static const char *
text_of(const struct check *c, const char *member, size_t *len)
{
	const json_t *value = json_object_get(c->vector, member);

	if (!json_is_string(value))
		return NULL;
	*len = json_string_length(value);
	return json_string_value(value);
}

/* A header that is there once; a list stands for one that is repeated. */
static const char *
signature_of(const struct check *c, size_t *len)
{
	const json_t *value = json_object_get(c->vector, "expected_signature");

	if (json_is_array(value) && json_array_size(value) == 1)
		value = json_array_get(value, 0);
	if (!json_is_string(value))
		return NULL;
	*len = json_string_length(value);
	return json_string_value(value);
}

/*
 * Splits the URL by hand: base_url_parse() refuses what no server is ever
 * configured with (a user, capitals), and a vector may have that.
 */
static bool
split_url(struct check *c)
{
	const char *url, *authority, *host, *port;
	size_t len, scheme_len, authority_len, i;

	url = text_of(c, "url", &len);
	if (url == NULL || strlen(url) != len)
		return false;
	authority = strstr(url, "://");
	if (authority == NULL)
		return false;
	scheme_len = (size_t)(authority - url);
	authority += 3;
	authority_len = strcspn(authority, "/?#");
	host = authority;
	for (i = 0; i < authority_len; i++)
		if (authority[i] == '@')
			host = authority + i + 1;
	port = host;
	if (*port == '[')
		port += strcspn(port, "]/?#");
	port += strcspn(port, ":/?#");
	c->base.scheme = arena_copy(c->arena, url, scheme_len);
	c->base.host =
	    arena_copy(c->arena, authority, (size_t)(port - authority));
	if (*port == ':')
		c->base.port = arena_copy(c->arena, port + 1,
		    authority_len - (size_t)(port + 1 - authority));
	c->base.path = "";
	/* A fragment is neither sent nor signed. */
	c->target = arena_copy(c->arena, authority + authority_len,
	    strcspn(authority + authority_len, "#"));
	return true;
}

/* The text of a value that a form can carry. */
static void
set_value(struct check *c, struct form_pair *pair, const json_t *value)
{
	char number[32];

	pair->value = "";
	pair->value_len = 0;
	if (json_is_string(value)) {
		pair->value = json_string_value(value);
		pair->value_len = json_string_length(value);
	} else if (json_is_integer(value)) {
		(void)snprintf(number, sizeof(number), "%lld",
		    (long long)json_integer_value(value));
		pair->value_len = strlen(number);
		pair->value = arena_copy(c->arena, number, pair->value_len);
	} else if (json_is_boolean(value)) {
		pair->value = json_is_true(value) ? "true" : "false";
		pair->value_len = strlen(pair->value);
	}
}

/* One name with its value, or with each of a list of them. */
static void
add_param(struct check *c, struct form *form, const char *name, size_t name_len,
    const json_t *value)
{
	const json_t *one;
	size_t i, count;

	count = json_is_array(value) ? json_array_size(value) : 1;
	for (i = 0; i < count; i++) {
		one = json_is_array(value) ? json_array_get(value, i) : value;
		form->pairs[form->count].name = name;
		form->pairs[form->count].name_len = name_len;
		set_value(c, &form->pairs[form->count], one);
		form->count++;
	}
}

static size_t
count_values(const json_t *value)
{
	return json_is_array(value) ? json_array_size(value) : 1;
}

/* False where "params" is null or missing. */
static bool
read_params(struct check *c, struct form *form)
{
	json_t *params = json_object_get(c->vector, "params");
	const json_t *pair, *name, *value;
	const char *key;
	json_t *member;
	size_t i, room = 0;

	*form = (struct form){ .count = 0 };
	json_array_foreach (params, i, pair)
		room += count_values(json_array_get(pair, 1));
	json_object_foreach(params, key, member)
	{
		room += count_values(member);
	}
	form->pairs = arena_alloc(c->arena, room * sizeof(*form->pairs));
	json_array_foreach (params, i, pair) {
		name = json_array_get(pair, 0);
		value = json_array_get(pair, 1);
		if (!json_is_string(name))
			c->wrong = "a parameter is no pair";
		else
			add_param(c, form, json_string_value(name),
			    json_string_length(name), value);
	}
	json_object_foreach(params, key, member)
	{
		add_param(c, form, key, strlen(key), member);
	}
	return json_is_array(params) || json_is_object(params);
}

/* May the responder's decoder be asked, or are the names beyond its bounds? */
static bool
names_fit(const struct form *form)
{
	size_t i;

	for (i = 0; i < form->count; i++)
		if (strlen(form->pairs[i].name) != form->pairs[i].name_len)
			return false;
	return true;
}

static bool
is_form_type(const struct check *c)
{
	static const char *const types[] = {
		"application/x-www-form-urlencoded",
		"application/x-www-urlencoded",
	};
	const char *type;
	size_t len, i;

	type = text_of(c, "content_type", &len);
	if (type == NULL)
		return false;
	type += strspn(type, " \t");
	len = strcspn(type, "; \t");
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i]) == len &&
		    strncasecmp(type, types[i], len) == 0)
			return true;
	return false;
}

/* ---- the verdict ------------------------------------------------------- */

/* Is it signed with that many of the tokens, from the given one on? */
static bool
is_signed(struct check *c, const struct form *form, const struct span *body,
    json_t *const *tokens, size_t count)
{
	struct twilio_signing signing;
	size_t i;

	twilio_signing_init(&signing, c->arena, &c->base);
	for (i = 0; i < count; i++)
		twilio_signing_add_token(&signing, c->arena,
		    json_string_value(tokens[i]),
		    json_string_length(tokens[i]));
	if (body != NULL)
		return twilio_body_signature_is_valid(&signing, c->arena,
		    c->target, body, c->signature, c->signature_len);
	return twilio_signature_is_valid(&signing, c->arena, c->target, form,
	    c->signature, c->signature_len);
}

/* As above with every token, as many at a time as the function takes. */
static bool
is_valid(struct check *c, const struct form *form, const struct span *body)
{
	json_t *tokens[TWILIO_TOKENS], *token;
	json_t *list = json_object_get(c->vector, "auth_tokens");
	size_t count = 0, i;

	token = json_object_get(c->vector, "auth_token");
	if (json_is_string(token))
		tokens[count++] = token;
	json_array_foreach (list, i, token) {
		if (!json_is_string(token))
			continue;
		if (count == TWILIO_TOKENS) {
			if (is_signed(c, form, body, tokens, count))
				return true;
			count = 0;
		}
		tokens[count++] = token;
	}
	return is_signed(c, form, body, tokens, count);
}

/* A form as it stands in the vector and as it came over the wire. */
static bool
judge_form(struct check *c, const struct form *params, const char *wire,
    size_t wire_len)
{
	const struct form_limits none = { SIZE_MAX, SIZE_MAX, SIZE_MAX };
	struct form decoded;
	struct err e;
	bool valid;

	if (wire == NULL || (params != NULL && !names_fit(params)))
		return is_valid(c, params, NULL);
	valid =
	    form_decode(c->arena, wire, wire_len, &none, &decoded, &e) == RC_OK
		? is_valid(c, &decoded, NULL)
		: false;
	if (params != NULL && is_valid(c, params, NULL) != valid)
		c->wrong = "params and the encoded form are judged differently";
	return valid;
}

static bool
judge(struct check *c)
{
	const char *method, *body, *wire;
	size_t method_len, type_len, body_len = 0, wire_len = 0;
	struct form params;
	struct span raw;
	bool has_params, is_get;

	c->signature = signature_of(c, &c->signature_len);
	if (c->signature == NULL || !split_url(c))
		return false;
	method = text_of(c, "method", &method_len);
	is_get = method != NULL && (strcasecmp(method, "GET") == 0 ||
				       strcasecmp(method, "HEAD") == 0);
	has_params = read_params(c, &params);
	body = text_of(c, "body", &body_len);
	wire = text_of(c, "form_body", &wire_len);
	if (wire == NULL && is_form_type(c)) {
		wire = body;
		wire_len = body_len;
	}
	/* Nothing that was announced as nothing is no body. */
	if (body_len == 0 && text_of(c, "content_type", &type_len) == NULL &&
	    strstr(c->target, "bodySHA256") == NULL)
		body = NULL;
	if (body != NULL && !is_form_type(c) && !(is_get && body_len == 0)) {
		raw.bytes = body;
		raw.len = body_len;
		return is_valid(c, NULL, &raw);
	}
	/* What a GET has to say stands in the URL already. */
	if (is_get)
		return is_valid(c, NULL, NULL);
	return judge_form(c, has_params ? &params : NULL, wire, wire_len);
}

/* ---- the file ---------------------------------------------------------- */

/* A name that cannot be taken for a directive of TAP. */
static void
show_name(char *out, size_t size, const json_t *vector, size_t number)
{
	const json_t *name = json_object_get(vector, "name");
	size_t i;

	if (json_is_string(name))
		(void)log_escape(out, size, json_string_value(name),
		    json_string_length(name));
	else
		(void)snprintf(out, size, "vector %zu has no name", number);
	for (i = 0; out[i] != '\0'; i++)
		if (out[i] == '#')
			out[i] = '_';
}

static void
check_vector(const json_t *vector, size_t number)
{
	struct check c = { .vector = vector };
	const json_t *expected;
	char name[256];
	bool valid;

	show_name(name, sizeof(name), vector, number);
	expected = json_object_get(vector, "valid_core_rule");
	if (!json_is_boolean(expected))
		expected = json_object_get(vector, "valid");
	if (!json_is_boolean(expected)) {
		ok(0, "%s", name);
		diag("the vector says neither valid nor invalid");
		return;
	}
	c.arena = arena_new();
	valid = judge(&c);
	ok(c.wrong == NULL && valid == json_is_true(expected), "%s", name);
	if (c.wrong != NULL)
		diag("%s", c.wrong);
	else if (valid != json_is_true(expected))
		diag("judged %s", valid ? "valid" : "invalid");
	arena_free(c.arena);
}

static int
bail_out(const char *path, const char *why)
{
	(void)printf("Bail out!  %s: %s\n", path, why);
	return EXIT_NO_FILE;
}

int
main(int argc, char **argv)
{
	const json_t *vector;
	json_t *all, *list;
	json_error_t error;
	size_t i;

	if (argc != 2)
		return bail_out("usage", "sigcheck FILE");
	all = json_load_file(argv[1], JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
	if (all == NULL)
		return bail_out(argv[1], error.text);
	list = json_is_object(all) ? json_object_get(all, "vectors") : all;
	if (json_array_size(list) == 0)
		ok(0, "the file holds vectors");
	json_array_foreach (list, i, vector)
		check_vector(vector, i + 1);
	json_decref(all);
	return done_testing() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
