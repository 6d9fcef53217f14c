#include "peer/front_resource.h"

#include <jansson.h>
#include <string.h>

#include "peer/front_file.h"

static void
drop_json(void *handle)
{
	json_decref(handle);
}

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

static const char *
text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *
front_uid_read(struct arena *a, const char *body, size_t len)
{
	struct err e;

	return text_of(parse(a, body, len, &e), "message_uid");
}

enum rc
front_contact_read(struct arena *a, const char *body, size_t len,
    const char **name, struct err *e)
{
	json_t *value = parse(a, body, len, e);

	if (value == NULL)
		return e->rc;
	*name = text_of(value, "name");
	return RC_OK;
}

static enum rc
refuse_tag(struct err *e)
{
	return err_set(
	    e, RC_BUSY, "bad_answer", "the answer bears no id tag_...");
}

enum rc
front_tag_read(struct arena *a, const char *body, size_t len, const char **id,
    struct err *e)
{
	json_t *value = parse(a, body, len, e);

	if (value == NULL)
		return e->rc;
	*id = text_of(value, "id");
	return *id != NULL && is_front_id(*id, "tag_") ? RC_OK : refuse_tag(e);
}

enum rc
front_tag_find(struct arena *a, const char *body, size_t len, const char *name,
    const char **id, const char **next, struct err *e)
{
	json_t *value = parse(a, body, len, e), *list, *tag;
	const char *found;
	size_t i;

	*id = NULL;
	if (value == NULL)
		return e->rc;
	*next = text_of(json_object_get(value, "_pagination"), "next");
	list = json_object_get(value, "_results");
	if (!json_is_array(list))
		return err_set(
		    e, RC_BUSY, "bad_answer", "the answer has no _results");
	json_array_foreach (list, i, tag) {
		found = text_of(tag, "name");
		if (found == NULL || strcmp(found, name) != 0)
			continue;
		*id = text_of(tag, "id");
		return *id != NULL && is_front_id(*id, "tag_") ? RC_OK
							       : refuse_tag(e);
	}
	return RC_OK;
}

/* The digits alone. */
static size_t
take_digits(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text != '\0' && n < size - 1; text++)
		if (*text >= '0' && *text <= '9')
			out[n++] = *text;
	out[n] = '\0';
	return n;
}

bool
front_name_is_free(const char *name, const char *number)
{
	char has[32], wants[32];
	size_t len, more;

	if (name == NULL || name[strspn(name, " \t\r\n")] == '\0')
		return true;
	if (name[strspn(name, "+0123456789 .()-/")] != '\0')
		return false;
	len = take_digits(name, has, sizeof(has));
	more = take_digits(number, wants, sizeof(wants));
	/* Written without the country's code it is the end of the number. */
	return len >= 7 && len <= more &&
	       strcmp(wants + (more - len), has) == 0;
}
