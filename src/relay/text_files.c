#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"
#include "core/media.h"
#include "peer/front_file.h"
#include "relay/front.h"
#include "relay/text_send.h"
#include "text/crypto.h"

enum { FILENAME_MAX_LEN = 120, REASON_MAX = 300 };

static void take_next(struct delivery *d);

static void
drop_json(void *handle)
{
	json_decref(handle);
}

static json_t *
parse(struct delivery *d, const char *text)
{
	json_t *value = text != NULL ? json_loads(text, 0, NULL) : NULL;

	if (value != NULL)
		arena_defer(d->arena, drop_json, value);
	return value;
}

static void
add_media(struct delivery *d, const char *token)
{
	struct text_send *s = d->state;
	struct buf url;

	buf_init(&url);
	buf_addf(&url, "%s/media/%s",
	    d->settings->config.service.public_base_url.text, token);
	s->media[s->media_count++] = arena_copy(d->arena, url.bytes, url.len);
	buf_release(&url);
}

/* ---- what cannot go along ---------------------------------------------- */

static void
is_told(struct delivery *d, const struct rows *rows)
{
	(void)rows;
	take_next(d);
}

static void
leave_out(struct delivery *d, const char *why)
{
	const struct text_send *s = d->state;
	char words[REASON_MAX];

	(void)snprintf(words, sizeof(words),
	    "A file was left out of this message (%s): %s.", s->filename, why);
	bridge_left_out_bind(&d->db, s->text_id,
	    arena_copy(d->arena, words, utf8_whole(words, strlen(words))));
	delivery_ask(d, is_told);
}

/* ---- one file ---------------------------------------------------------- */

static void
is_kept(struct delivery *d, const struct rows *rows)
{
	const char *token = bridge_keep_read(rows, d->arena);

	if (token == NULL) {
		delivery_finish(
		    d, QUEUE_UNNEEDED, NULL, "the text is there no more");
		return;
	}
	add_media(d, token);
	take_next(d);
}

/* On WhatsApp one file goes along, and text beside a picture alone. */
static const char *
find_refusal(const struct text_send *s, const char *type, size_t len)
{
	const char *body = s->text.body;

	if (strcmp(s->text.kind, "whatsapp") == 0) {
		if (s->media_count > 0)
			return "WhatsApp takes one file with a message";
		if (strncmp(type, "image/", 6) != 0 && body != NULL &&
		    body[strspn(body, " \t\r\n")] != '\0')
			return "WhatsApp takes this type of file without a "
			       "text alone";
	}
	return media_refusal(s->text.kind, type, len);
}

static void
is_downloaded(struct delivery *d, struct download *w)
{
	struct text_send *s = d->state;
	struct bridge_file file = {
		.text_id = s->text_id,
		.index = (long)s->next - 1,
		.filename = s->filename,
		.minutes = d->settings->config.front.media_minutes,
	};
	char type[MEDIA_TYPE];
	const char *why;

	switch (w->result) {
	case DOWNLOAD_GOOD:
		break;
	case DOWNLOAD_AGAIN:
		if (d->job.attempt < DOWNLOAD_ATTEMPTS) {
			delivery_retry(d, &retry_picture, w->why);
			return;
		}
		leave_out(d, "it could not be fetched from Front");
		return;
	case DOWNLOAD_TOO_LARGE:
		leave_out(d, w->why);
		return;
	case DOWNLOAD_REFUSED:
		log_warn("job=%s a file of Front's is not fetched: %s",
		    d->job.job_id, w->why);
		leave_out(d, "it could not be fetched from Front");
		return;
	}
	media_type(w->bytes, w->len, w->type, type);
	why = find_refusal(s, type, w->len);
	if (why != NULL) {
		leave_out(d, why);
		return;
	}
	file.content_type = arena_copy(d->arena, type, strlen(type));
	file.bytes = base64url_encode(d->arena, w->bytes, w->len);
	bridge_keep_bind(&d->db, d->arena, &file);
	delivery_ask(d, is_kept);
}

/* The token of a file that an earlier attempt has kept, or NULL. */
static const char *
find_kept(const struct text_send *s, size_t n)
{
	json_t *one;
	size_t i;

	json_array_foreach (s->kept, i, one)
		if ((size_t)json_integer_value(json_object_get(one, "index")) ==
		    n)
			return json_string_value(json_object_get(one, "token"));
	return NULL;
}

static void
take_next(struct delivery *d)
{
	struct text_send *s = d->state;
	const struct config *c = &d->settings->config;
	const char *url, *name, *token;
	json_t *one;

	if (s->next >= json_array_size(s->attachments)) {
		s->files_are_ready(d);
		return;
	}
	one = json_array_get(s->attachments, s->next);
	token = find_kept(s, s->next++);
	name = json_string_value(json_object_get(one, "filename"));
	s->filename = name != NULL && strlen(name) <= FILENAME_MAX_LEN
			  ? name
			  : "without a name";
	if (s->media_count == TWILIO_TEXT_MEDIA) {
		leave_out(d, "there are too many");
		return;
	}
	if (token != NULL) {
		add_media(d, token);
		take_next(d);
		return;
	}
	url = json_string_value(json_object_get(one, "url"));
	if (url != NULL)
		url = front_file_url(d->arena, &c->front.api_base_url, url);
	if (url == NULL) {
		leave_out(d, "it is no file in Front");
		return;
	}
	s->download = (struct download){
		.url = url,
		.bearer = front_channel_token(d),
		.base = &c->front.api_base_url,
		.hosts = c->front.download_hosts,
		.max = MEDIA_OUT,
	};
	download_begin(d, &s->download, is_downloaded);
}

void
text_files_prepare(struct delivery *d, void (*then)(struct delivery *d))
{
	struct text_send *s = d->state;

	s->files_are_ready = then;
	s->next = 0;
	s->media_count = 0;
	s->attachments = parse(d, s->text.attachments);
	s->kept = parse(d, s->text.kept);
	if (json_array_size(s->attachments) > 0 &&
	    !front_begin(d, s->text.channel, false))
		return;
	take_next(d);
}
