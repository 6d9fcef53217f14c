#include "peer/twilio_resource.h"

#include <jansson.h>
#include <string.h>

#include "text/words.h"

enum { SID_LEN = 34 };

static void
drop_json(void *handle)
{
	json_decref(handle);
}

/* An object, or NULL after filling e. */
static json_t *
parse(struct arena *a, const char *body, size_t len, struct err *e)
{
	json_t *value = json_loadb(body, len, 0, NULL);

	if (value != NULL)
		arena_defer(a, drop_json, value);
	if (json_is_object(value))
		return value;
	(void)err_set(e, RC_BUSY, "bad_answer",
	    "the answer is no JSON object (%zu bytes)", len);
	return NULL;
}

/* The text of a member, which lives as long as the value. */
static const char *
text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* One resource, which must bear a SID of its kind. */
static json_t *
parse_resource(struct arena *a, const char *body, size_t len,
    const char prefix[static 2], const char **sid, struct err *e)
{
	json_t *value = parse(a, body, len, e);

	if (value == NULL)
		return NULL;
	*sid = text_of(value, "sid");
	if (*sid != NULL && is_sid(*sid, prefix))
		return value;
	(void)err_set(e, RC_BUSY, "bad_answer",
	    "the answer bears no SID %.2s...", prefix);
	return NULL;
}

enum rc
twilio_participant_read(struct arena *a, const char *body, size_t len,
    struct twilio_participant *out, struct err *e)
{
	json_t *value = parse_resource(a, body, len, "MB", &out->sid, e);

	if (value == NULL)
		return e->rc;
	out->identity = text_of(value, "identity");
	out->attributes = text_of(value, "attributes");
	out->date_created = text_of(value, "date_created");
	return RC_OK;
}

enum rc
twilio_message_read(struct arena *a, const char *body, size_t len,
    struct twilio_message *out, struct err *e)
{
	return parse_resource(a, body, len, "IM", &out->sid, e) != NULL ? RC_OK
									: e->rc;
}

/* The array of a page, and the link to the next. */
static json_t *
parse_page(struct arena *a, const char *body, size_t len, const char *key,
    const char **next, struct err *e)
{
	json_t *value = parse(a, body, len, e), *list;

	if (value == NULL)
		return NULL;
	list = json_object_get(value, key);
	*next = text_of(json_object_get(value, "meta"), "next_page_url");
	if (json_is_array(list))
		return list;
	(void)err_set(
	    e, RC_BUSY, "bad_answer", "the answer has no list '%s'", key);
	return NULL;
}

/* Do the attributes, JSON in a string, have this key with this value? */
static bool
has_attribute(const json_t *resource, const char *key, const char *value)
{
	const char *text = text_of(resource, "attributes"), *found;
	json_t *attributes;
	bool same;

	if (text == NULL)
		return false;
	attributes = json_loads(text, 0, NULL);
	found = text_of(attributes, key);
	same = found != NULL && strcmp(found, value) == 0;
	json_decref(attributes);
	return same;
}

enum rc
twilio_message_find(struct arena *a, const char *body, size_t len,
    const char *key, const char *value, const char **sid, const char **next,
    struct err *e)
{
	json_t *list = parse_page(a, body, len, "messages", next, e), *message;
	size_t i;

	*sid = NULL;
	if (list == NULL)
		return e->rc;
	for (i = 0; i < json_array_size(list); i++) {
		message = json_array_get(list, i);
		if (has_attribute(message, key, value))
			*sid = text_of(message, "sid");
	}
	return RC_OK;
}

enum rc
twilio_conversation_find(struct arena *a, const char *body, size_t len,
    const char *proxy_address, const char **sid, const char **next,
    struct err *e)
{
	json_t *list = parse_page(a, body, len, "conversations", next, e), *row;
	const char *proxy, *state;
	size_t i;

	*sid = NULL;
	if (list == NULL)
		return e->rc;
	for (i = 0; i < json_array_size(list); i++) {
		row = json_array_get(list, i);
		proxy = text_of(
		    json_object_get(row, "participant_messaging_binding"),
		    "proxy_address");
		state = text_of(row, "conversation_state");
		if (proxy != NULL && strcmp(proxy, proxy_address) == 0 &&
		    (state == NULL || strcmp(state, "closed") != 0))
			*sid = text_of(row, "conversation_sid");
	}
	return RC_OK;
}

enum rc
twilio_user_read(struct arena *a, const char *body, size_t len,
    struct twilio_user *out, struct err *e)
{
	json_t *value = parse(a, body, len, e), *available;

	if (value == NULL)
		return e->rc;
	available = json_object_get(value, "is_available");
	*out = (struct twilio_user){
		.sid = text_of(value, "sid"),
		.identity = text_of(value, "identity"),
		.friendly_name = text_of(value, "friendly_name"),
		.avatar = text_of(value, "avatar"),
		.state = text_of(value, "state"),
		.is_available = json_is_true(available)    ? "true"
				: json_is_false(available) ? "false"
							   : NULL,
		.url = text_of(value, "url"),
	};
	return RC_OK;
}

const char *
twilio_conversation_in(
    struct arena *a, const char *sentence, const char *except)
{
	const char *at, *sid;

	for (at = strstr(sentence, "CH"); at != NULL;
	     at = strstr(at + 1, "CH")) {
		if (strlen(at) < SID_LEN)
			return NULL;
		sid = arena_copy(a, at, SID_LEN);
		if (is_sid(sid, "CH") && strcmp(sid, except) != 0)
			return sid;
	}
	return NULL;
}
