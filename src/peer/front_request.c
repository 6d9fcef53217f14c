#include "peer/front_request.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "peer/front_file.h"
#include "text/link.h"

/* ---- pieces ------------------------------------------------------------ */

/* Takes over the buffer. */
static const char *
keep(struct arena *a, struct buf *b)
{
	const char *text = arena_copy(a, b->bytes, b->len);

	buf_release(b);
	return text;
}

/* Takes over the value. */
static void
make_json(struct arena *a, const char *method, struct buf *url, json_t *value,
    struct peer_request *out)
{
	char *text = json_dumps(value, JSON_COMPACT);

	if (text == NULL)
		fatal("BUG: a request to Front that is no JSON");
	*out = (struct peer_request){
		.method = method,
		.url = keep(a, url),
		.body = arena_copy(a, text, strlen(text)),
		.type = "application/json",
	};
	free(text);
	json_decref(value);
}

static void
make_get(struct arena *a, struct buf *url, struct peer_request *out)
{
	*out = (struct peer_request){ .method = "GET", .url = keep(a, url) };
}

static void
start_url(struct buf *url, const struct base_url *base, const char *collection,
    const char *member)
{
	buf_init(url);
	buf_addf(url, "%s/%s", base->text, collection);
	if (member != NULL)
		buf_add_segment(url, member);
}

/* ---- what a customer wrote --------------------------------------------- */

/* The fields of a post; one that is NULL is left out. */
struct post_field {
	const char *object; /* in which it lies, or NULL */
	const char *inner;  /* object in that, or NULL */
	const char *name;
	const char *value;
	bool is_number;
};

static json_t *
object_in(json_t *value, const char *key)
{
	json_t *found = value;

	if (key == NULL)
		return value;
	found = json_object_get(value, key);
	if (found == NULL) {
		found = json_object();
		(void)json_object_set_new(value, key, found);
	}
	return found;
}

static void
make_post_json(struct arena *a, struct buf *url, const struct post_field *f,
    size_t count, struct peer_request *out)
{
	json_t *value = json_object(), *at;
	size_t i;

	for (i = 0; i < count; i++) {
		if (f[i].value == NULL)
			continue;
		at = object_in(object_in(value, f[i].object), f[i].inner);
		(void)json_object_set_new(at, f[i].name,
		    f[i].is_number ? json_integer(strtoll(f[i].value, NULL, 10))
				   : json_string(f[i].value));
	}
	make_json(a, "POST", url, value, out);
}

static const char *
field_name(struct arena *a, const struct post_field *f)
{
	struct buf b;

	buf_init(&b);
	if (f->object == NULL)
		buf_add_str(&b, f->name);
	else if (f->inner == NULL)
		buf_addf(&b, "%s[%s]", f->object, f->name);
	else
		buf_addf(&b, "%s[%s][%s]", f->object, f->inner, f->name);
	return keep(a, &b);
}

static void
make_post_form(struct arena *a, struct buf *url, const struct post_field *f,
    size_t count, const struct front_post *post, struct peer_request *out)
{
	struct form_part *parts;
	struct buf name;
	size_t n = 0, i;

	parts = arena_alloc(a, (count + post->file_count) * sizeof(*parts));
	for (i = 0; i < count; i++)
		if (f[i].value != NULL)
			parts[n++] = (struct form_part){
				.name = field_name(a, &f[i]),
				.bytes = f[i].value,
				.len = strlen(f[i].value),
			};
	for (i = 0; i < post->file_count; i++) {
		buf_init(&name);
		buf_addf(&name, "attachments[%zu]", i);
		parts[n] = post->files[i];
		parts[n++].name = keep(a, &name);
	}
	*out = (struct peer_request){
		.method = "POST",
		.url = keep(a, url),
		.parts = parts,
		.part_count = n,
	};
}

static void
make_post(struct arena *a, const struct base_url *base, const char *collection,
    const struct post_field *f, size_t count, const struct front_post *post,
    struct peer_request *out)
{
	struct buf url;

	start_url(&url, base, "channels", post->channel_id);
	buf_addf(&url, "/%s", collection);
	if (post->file_count > 0)
		make_post_form(a, &url, f, count, post, out);
	else
		make_post_json(a, &url, f, count, out);
}

void
front_inbound(struct arena *a, const struct base_url *base,
    const struct front_post *post, struct peer_request *out)
{
	const struct post_field fields[] = {
		{ .object = "sender", .name = "handle", .value = post->handle },
		{ .object = "sender", .name = "name", .value = post->name },
		{ .name = "body", .value = post->body },
		{ .object = "metadata",
		    .name = "external_id",
		    .value = post->external_id },
		{ .object = "metadata",
		    .name = "external_conversation_id",
		    .value = post->conversation_key },
		{ .name = "delivered_at",
		    .value = post->delivered_at,
		    .is_number = true },
	};

	make_post(a, base, "inbound_messages", fields,
	    sizeof(fields) / sizeof(fields[0]), post, out);
}

void
front_incoming(struct arena *a, const struct base_url *base,
    const struct front_post *post, struct peer_request *out)
{
	const struct post_field fields[] = {
		{ .object = "sender", .name = "handle", .value = post->handle },
		{ .object = "sender", .name = "name", .value = post->name },
		{ .name = "body", .value = post->body },
		/* Markdown, the default, would format what is plain text. */
		{ .name = "body_format", .value = "html" },
		{ .object = "metadata",
		    .name = "thread_ref",
		    .value = post->conversation_key },
		{ .object = "metadata",
		    .inner = "headers",
		    .name = "twilio_sid",
		    .value = post->external_id },
	};

	make_post(a, base, "incoming_messages", fields,
	    sizeof(fields) / sizeof(fields[0]), post, out);
}

/* ---- what agents should know ------------------------------------------- */

void
front_failed(struct arena *a, const struct base_url *base,
    const char *channel_id, const char *conversation_key,
    const char *external_id, const char *reason, struct peer_request *out)
{
	struct buf url;

	start_url(&url, base, "channels", channel_id);
	buf_add_str(&url, "/conversations");
	buf_add_segment(&url, conversation_key);
	buf_add_str(&url, "/messages");
	buf_add_segment(&url, external_id);
	buf_add_str(&url, "/status");
	make_json(a, "PUT", &url,
	    json_pack("{s:s, s:s}", "status", "failed", "reason", reason), out);
}

static void
start_conversation_url(struct buf *url, const struct base_url *base,
    const char *conversation_id, const char *collection)
{
	start_url(url, base, "conversations", conversation_id);
	buf_addf(url, "/%s", collection);
}

void
front_comment(struct arena *a, const struct base_url *base,
    const char *conversation_id, const char *body, struct peer_request *out)
{
	struct buf url;

	start_conversation_url(&url, base, conversation_id, "comments");
	make_json(a, "POST", &url, json_pack("{s:s}", "body", body), out);
}

/* ---- tags -------------------------------------------------------------- */

void
front_tag_add(struct arena *a, const struct base_url *base,
    const char *conversation_id, const char *tag_id, struct peer_request *out)
{
	struct buf url;

	start_conversation_url(&url, base, conversation_id, "tags");
	make_json(
	    a, "POST", &url, json_pack("{s:[s]}", "tag_ids", tag_id), out);
}

void
front_tag_list(
    struct arena *a, const struct base_url *base, struct peer_request *out)
{
	struct buf url;

	start_url(&url, base, "tags?limit=100", NULL);
	make_get(a, &url, out);
}

void
front_tag_create(struct arena *a, const struct base_url *base, const char *name,
    struct peer_request *out)
{
	struct buf url;

	start_url(&url, base, "company/tags", NULL);
	make_json(a, "POST", &url, json_pack("{s:s}", "name", name), out);
}

/* ---- contacts ---------------------------------------------------------- */

static void
start_contact_url(struct buf *url, const struct base_url *base,
    const char *source, const char *handle)
{
	start_url(url, base, "contacts/alt:", NULL);
	buf_addf(url, "%s:", source);
	buf_add_url(url, handle, strlen(handle));
}

void
front_contact_fetch(struct arena *a, const struct base_url *base,
    const char *source, const char *handle, struct peer_request *out)
{
	struct buf url;

	start_contact_url(&url, base, source, handle);
	make_get(a, &url, out);
}

void
front_contact_rename(struct arena *a, const struct base_url *base,
    const char *source, const char *handle, const char *name,
    struct peer_request *out)
{
	struct buf url;

	start_contact_url(&url, base, source, handle);
	make_json(a, "PATCH", &url, json_pack("{s:s}", "name", name), out);
}

/* ---- links ------------------------------------------------------------- */

bool
front_next_page(struct arena *a, const struct base_url *base, const char *path,
    const char *link, struct peer_request *out)
{
	const size_t len = strlen(path);
	struct link l;
	struct buf url;

	if (!link_parse(a, link, &l) || strncmp(l.target, path, len) != 0 ||
	    l.target[len] != '?')
		return false;
	buf_init(&url);
	buf_addf(&url, "%s%s", base->text, l.target);
	make_get(a, &url, out);
	return true;
}

const char *
front_conversation_in(struct arena *a, const char *link)
{
	static const char collection[] = "/conversations/";
	const char *at = strstr(link, collection), *id;

	if (at == NULL)
		return NULL;
	at += strlen(collection);
	id = arena_copy(a, at, strcspn(at, "/?"));
	return is_front_id(id, "cnv_") ? id : NULL;
}
