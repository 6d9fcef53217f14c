#include "peer/twilio_attributes.h"

#include <jansson.h>

static void
drop_json(void *handle)
{
	json_decref(handle);
}

/* Adds a key that is not there; true where it did. */
static bool
add_missing(json_t *object, const char *key, const char *value)
{
	if (value == NULL || json_object_get(object, key) != NULL)
		return false;
	return json_object_set_new(object, key, json_string(value)) == 0;
}

static json_t *
parse_object(const char *text)
{
	json_t *value;

	if (text == NULL || text[strspn(text, " \t\r\n")] == '\0')
		return json_object();
	value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(value))
		return value;
	json_decref(value);
	return NULL;
}

enum rc
twilio_attributes_merge(struct arena *a, const char *text,
    const struct twilio_customer_attributes *add, const char **merged,
    struct err *e)
{
	json_t *object;
	bool changed;
	size_t len;
	char *out;

	*merged = NULL;
	object = parse_object(text);
	if (object == NULL)
		return err_set(e, RC_INVALID, "bad_attributes",
		    "the attributes are no JSON object");
	arena_defer(a, drop_json, object);
	changed = add_missing(object, "customer_id", add->customer_id);
	changed |= add_missing(object, "display_name", add->display_name);
	changed |= add_missing(object, "avatar", add->avatar);
	if (!changed)
		return RC_OK;
	len = json_dumpb(object, NULL, 0, JSON_COMPACT);
	if (len > TWILIO_PARTICIPANT_ATTRIBUTES_MAX)
		return err_set(e, RC_REFUSED, "long_attributes",
		    "the attributes would have %zu bytes, and %d are allowed",
		    len, TWILIO_PARTICIPANT_ATTRIBUTES_MAX);
	out = arena_alloc(a, len + 1);
	(void)json_dumpb(object, out, len, JSON_COMPACT);
	*merged = out;
	return RC_OK;
}
