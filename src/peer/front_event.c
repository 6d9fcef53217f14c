#include "peer/front_event.h"

#include <jansson.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "peer/front_file.h"
#include "text/dialled.h"
#include "text/html_text.h"
#include "text/json_mend.h"
#include "text/sid.h"

enum {
	RECIPIENTS_MAX = 50,
	KEYS_MAX = 32,
	TYPE_MAX = 64,
	KEY_MAX = 200,       /* Front's bound for ids of ours */
	FILE_NAME_MAX = 255, /* characters */
	OTHER_FILES_MAX = 10
};

static const char *const kind_names[] = {
	[FRONT_OTHER] = "other",
	[FRONT_AUTHORIZATION] = "authorization",
	[FRONT_MESSAGE] = "message",
	[FRONT_AUTOREPLY] = "message_autoreply",
	[FRONT_IMPORTED] = "message_imported",
	[FRONT_DELETE] = "delete",
};

const char *
front_kind_name(enum front_kind kind)
{
	return kind_names[kind];
}

/* One body on its way to an event. */
struct reader {
	struct arena *arena;
	const struct front_event_options *options;
	struct front_event *out;
	json_t *message;  /* what describes it */
	json_t *metadata; /* where its keys are */
};

static void
drop_json(void *value)
{
	json_decref(value);
}

static const char *
text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

static const char *
id_of(const json_t *object, const char *member, const char *prefix)
{
	const char *text = text_of(object, member);

	return text != NULL && is_front_id(text, prefix) ? text : NULL;
}

/* The name behind the last slash of a link, if it is of that kind. */
static const char *
linked_id(const json_t *message, const char *link, const char *prefix)
{
	const json_t *related;
	const char *url, *slash;

	related =
	    json_object_get(json_object_get(message, "_links"), "related");
	url = text_of(related, link);
	slash = url != NULL ? strrchr(url, '/') : NULL;
	return slash != NULL && is_front_id(slash + 1, prefix) ? slash + 1
							       : NULL;
}

/* The array as text; the array goes with the arena. */
static const char *
dump(struct reader *r, json_t *array)
{
	char *text;

	arena_defer(r->arena, drop_json, array);
	text = json_dumps(array, JSON_COMPACT);
	if (text == NULL)
		return "[]";
	arena_defer(r->arena, free, text);
	return text;
}

/* ---- parts of a message ------------------------------------------------ */

static enum rc
read_recipients(struct reader *r, struct err *e)
{
	json_t *given = json_object_get(r->message, "recipients");
	json_t *array = json_array(), *one;
	const char *role, *handle;
	size_t i;

	json_array_foreach (given, i, one) {
		role = text_of(one, "role");
		handle = text_of(one, "handle");
		if (role == NULL || strcmp(role, "to") != 0 || handle == NULL)
			continue;
		if (strlen(handle) > LIMIT_ADDRESS)
			handle = "?";
		handle = dialled_tidy(
		    r->arena, handle, strlen(handle), r->options->country);
		(void)json_array_append_new(array, json_string(handle));
	}
	r->out->recipient_count = json_array_size(array);
	r->out->recipients = dump(r, array);
	if (r->out->recipient_count <= RECIPIENTS_MAX)
		return RC_OK;
	return err_set(e, RC_INVALID, "too_many_recipients",
	    "a message goes to %d numbers at most", RECIPIENTS_MAX);
}

static void
add_key(json_t *array, const char *key)
{
	if (key != NULL && key[0] != '\0' && strlen(key) <= KEY_MAX &&
	    json_array_size(array) < KEYS_MAX)
		(void)json_array_append_new(array, json_string(key));
}

static void
read_keys(struct reader *r)
{
	json_t *given, *array = json_array(), *one;
	size_t i;

	given = json_object_get(r->metadata, "external_conversation_ids");
	json_array_foreach (given, i, one)
		add_key(array, json_string_value(one));
	if (json_array_size(array) == 0)
		add_key(
		    array, text_of(r->metadata, "external_conversation_id"));
	if (json_array_size(array) == 0)
		add_key(array, text_of(r->metadata, "thread_ref"));
	r->out->conversation_keys = dump(r, array);
}

/* A member of a file's description, cut to what a person would read. */
static void
copy_words(json_t *to, const json_t *from, const char *member)
{
	const char *text = text_of(from, member);
	size_t len = 0, count = 0;

	if (text == NULL)
		return;
	for (; text[len] != '\0' && count < FILE_NAME_MAX; count++)
		len += utf8_next(text + len, strlen(text + len));
	(void)json_object_set_new(to, member, json_stringn(text, len));
}

static json_t *
describe_file(json_t *given, const char *url)
{
	json_t *size = json_object_get(given, "size");
	json_t *file = json_object();

	if (url != NULL) {
		(void)json_object_set_new(
		    file, "id", json_string(strrchr(url, '/') + 1));
		(void)json_object_set_new(file, "url", json_string(url));
	}
	copy_words(file, given, "filename");
	copy_words(file, given, "content_type");
	if (json_is_integer(size))
		(void)json_object_set(file, "size", size);
	return file;
}

/*
 * One that is not Front's stays without its URL, so that whoever sends the
 * rest tells the agent.  Where there is no rest, there is nothing to send.
 */
static void
read_files(struct reader *r)
{
	json_t *given = json_object_get(r->message, "attachments");
	json_t *array = json_array(), *one;
	const char *url;
	size_t i;

	json_array_foreach (given, i, one) {
		url = text_of(one, "url");
		url = url != NULL
			  ? front_file_url(r->arena, r->options->api, url)
			  : NULL;
		if (url != NULL)
			r->out->file_count++;
		else if (++r->out->files_left_out > OTHER_FILES_MAX)
			continue;
		(void)json_array_append_new(array, describe_file(one, url));
	}
	if (r->out->file_count == 0 && r->out->text == NULL)
		(void)json_array_clear(array);
	r->out->files = dump(r, array);
}

/* Trims the end; NULL where nothing is left. */
static const char *
trimmed(struct arena *a, const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	return len > 0 ? arena_copy(a, text, len) : NULL;
}

static void
read_text(struct reader *r)
{
	const char *text = text_of(r->message, "text"), *html;

	if (text != NULL)
		r->out->text = trimmed(r->arena, text);
	html = text_of(r->message, "body");
	if (r->out->text == NULL && html != NULL)
		r->out->text =
		    trimmed(r->arena, html_text(r->arena, html, strlen(html)));
}

/* From 2000 to 2099: a date beyond would be the latest for ever. */
static void
read_sent(struct reader *r)
{
	const double t =
	    json_number_value(json_object_get(r->message, "created_at"));
	char text[32];

	if (!(t >= 946684800.0 && t < 4102444800.0))
		return;
	(void)snprintf(text, sizeof(text), "%.3f", t);
	r->out->sent = arena_copy(r->arena, text, strlen(text));
}

static void
read_author(struct reader *r)
{
	const json_t *author = json_object_get(r->message, "author");

	r->out->author = id_of(author, "id", "tea_");
}

static void
read_sid(struct reader *r)
{
	const json_t *own = json_object_get(r->message, "metadata");
	const char *text = text_of(own, "external_id");
	struct sid sid = { NULL };
	struct err e;

	if (text == NULL)
		text = text_of(json_object_get(own, "headers"), "twilio_sid");
	if (text != NULL &&
	    text_sid_parse(r->arena, text, strlen(text), &sid, &e) == RC_OK)
		r->out->message_sid = sid.text;
}

static enum rc
read_message(struct reader *r, struct err *e)
{
	struct front_event *out = r->out;

	out->message_id =
	    out->kind == FRONT_AUTOREPLY
		? linked_id(r->message, "message_replied_to", "msg_")
		: id_of(r->message, "id", "msg_");
	out->conversation_id = linked_id(r->message, "conversation", "cnv_");
	out->is_inbound =
	    json_is_true(json_object_get(r->message, "is_inbound"));
	read_author(r);
	read_sid(r);
	read_text(r);
	read_sent(r);
	read_keys(r);
	read_files(r);
	return read_recipients(r, e);
}

/* For a log: a word, and not a sentence of whoever asks. */
static const char *
word_of(const json_t *root)
{
	const char *type = text_of(root, "type");
	size_t len = type != NULL ? strlen(type) : 0;

	if (len == 0 || len > TYPE_MAX ||
	    strspn(type, "abcdefghijklmnopqrstuvwxyz_.") != len)
		return NULL;
	return type;
}

/* ---- the whole --------------------------------------------------------- */

/* Only what has a payload can be of these; the older form has types too. */
static enum front_kind
kind_of(const json_t *root)
{
	const char *type = text_of(root, "type");
	int kind;

	/* Of an event webhook, which belongs to no channel. */
	if (json_object_get(root, "authorization") != NULL ||
	    json_object_get(root, "emitted_at") != NULL)
		return FRONT_OTHER;
	if (json_is_array(json_object_get(root, "recipients")))
		return FRONT_MESSAGE;
	if (type == NULL || !json_is_object(json_object_get(root, "payload")))
		return FRONT_OTHER;
	for (kind = FRONT_AUTHORIZATION; kind <= FRONT_DELETE; kind++)
		if (strcmp(kind_names[kind], type) == 0)
			return (enum front_kind)kind;
	return FRONT_OTHER;
}

static enum rc
load(struct arena *a, const struct span *body, json_t **root, struct err *e)
{
	char *bytes = arena_copy(a, body->bytes, body->len);
	json_error_t why;

	(void)json_mend(bytes, body->len);
	*root = json_loadb(bytes, body->len, JSON_REJECT_DUPLICATES, &why);
	if (*root != NULL)
		arena_defer(a, drop_json, *root);
	if (json_is_object(*root))
		return RC_OK;
	return err_set(e, RC_INVALID, "bad_json",
	    "the body is no JSON object (byte %d)",
	    *root == NULL ? why.position : 0);
}

enum rc
front_event_parse(struct arena *a, const struct span *body,
    const struct front_event_options *options, struct front_event *out,
    struct err *e)
{
	struct reader r = { .arena = a, .options = options, .out = out };
	const json_t *payload;
	json_t *root = NULL;
	struct err no_json;
	enum rc rc;

	*out = (struct front_event){ .kind = FRONT_OTHER };
	rc = load(a, body, &root, options->is_delete ? &no_json : e);
	payload = json_object_get(root, "payload");
	out->channel_id = id_of(payload, "channel_id", "cha_");
	if (options->is_delete) {
		out->kind = FRONT_DELETE;
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	out->type = word_of(root);
	out->kind = kind_of(root);
	if (out->kind != FRONT_MESSAGE && out->kind != FRONT_AUTOREPLY &&
	    out->kind != FRONT_IMPORTED)
		return RC_OK;
	if (json_is_array(json_object_get(root, "recipients"))) {
		r.message = root;
		r.metadata = json_object_get(root, "metadata");
	} else {
		r.message = json_object_get(root, "payload");
		r.metadata = json_object_get(root, "metadata");
	}
	return read_message(&r, e);
}
