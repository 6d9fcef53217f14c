/*
 * front_message.c -- hands what a customer wrote over to Front, with pictures.
 *
 * Payload: text_id.  Source: front.md 3, 4; twilio.md 7.5; reliability.md 1.4.
 * Pictures are fetched first, then there is one post.  A picture that cannot
 * be had within some attempts, or is too large, is left out, and the text says
 * so: the text itself is never lost for it.
 *
 * Whether Front notices a post that comes twice, nobody knows.  So an
 * application channel's, whose fate is not known, is repeated after the
 * destination's settle time only: until then message_imported tells that it
 * has arrived.  A legacy channel has no such word: there a text that is
 * doubled is better than one that is lost, and it is repeated at once.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "core/media.h"
#include "peer/front_request.h"
#include "peer/front_resource.h"
#include "peer/twilio_media.h"
#include "relay/download.h"
#include "relay/front.h"
#include "relay/kinds.h"
#include "text/html_out.h"
#include "text/words.h"

enum {
	PICTURES = 10,
	/* A post with files may take longer, and still ends before settle. */
	FILES_MS = 40 * 1000,
	/* A part of a message that was cut; what is longer is a file. */
	PLAIN_MAX = 16 * 1024,
};

struct front_message {
	struct bridge_text text;
	const char *text_id;
	json_t *media;
	size_t next; /* of media */
	struct download download;
	struct form_part files[PICTURES];
	size_t file_count;
	size_t total; /* bytes of the files */
	size_t images;
	size_t left_out;
	struct buf more; /* texts that came as files, HTML */
	const char *uid;
	enum queue_outcome outcome;
};

static void
drop_buf(void *handle)
{
	buf_release(handle);
}

static void
drop_json(void *handle)
{
	json_decref(handle);
}

/* ---- the post ---------------------------------------------------------- */

/* On a line of its own. */
static void
add_line(struct buf *b, const char *html)
{
	if (b->len > 0)
		buf_add_str(b, "<br>");
	buf_add_str(b, html);
}

static const char *
make_body(struct delivery *d)
{
	const struct front_message *m = d->state;
	const char *said = m->text.body != NULL ? m->text.body : "";
	const char *consent = m->text.consent, *out;
	struct buf b;

	buf_init(&b);
	buf_add_html(&b, said);
	if (m->more.len > 0)
		add_line(&b, m->more.bytes);
	if (said[strspn(said, " \t\r\n")] == '\0' && m->more.len == 0) {
		if (m->images > 0)
			add_line(&b, "(picture)");
		else if (m->file_count > 0)
			add_line(&b, "(file)");
		else if (m->left_out == 0)
			add_line(&b, "(no text)");
	}
	if (m->left_out == 1)
		add_line(&b, "(A file of this message could not be fetched.)");
	else if (m->left_out > 1)
		add_line(&b, "(Files of this message could not be fetched.)");
	if (consent != NULL && strcmp(consent, "opted_out") == 0)
		add_line(&b,
		    "(The customer has opted out: nothing can be sent to "
		    "them.)");
	else if (consent != NULL)
		add_line(&b, "(The customer has opted in.)");
	out = arena_copy(d->arena, b.bytes, b.len);
	buf_release(&b);
	return out;
}

static void
is_noted(struct delivery *d, const struct rows *rows)
{
	const struct front_message *m = d->state;

	(void)rows;
	delivery_finish(
	    d, m->outcome, m->uid != NULL ? m->uid : m->text.message_sid, NULL);
}

static void post(struct delivery *d);

static void
is_posted(struct delivery *d, const struct peer_answer *answer)
{
	struct front_message *m = d->state;

	if (answer->status == 413 && m->file_count > 0) {
		m->left_out += m->file_count;
		m->file_count = 0;
		m->images = 0;
		post(d);
		return;
	}
	if (answer->verdict != VERDICT_DONE) {
		delivery_finish(
		    d, QUEUE_DEAD, NULL, delivery_reason(d, answer));
		return;
	}
	m->outcome = QUEUE_SENT;
	if (answer->status == 409)
		m->outcome = QUEUE_RECONCILED;
	else
		m->uid = front_uid_read(
		    d->arena, d->answer.body, d->answer.body_len);
	bridge_posted_bind(&d->db, m->text_id, m->uid);
	delivery_ask(d, is_noted);
}

static void
post(struct delivery *d)
{
	const struct front_message *m = d->state;
	const struct bridge_text *t = &m->text;
	const struct base_url *base = &d->settings->config.front.api_base_url;
	const struct front_post p = {
		.channel_id = d->channel->channel_id,
		.handle = t->handle,
		.name = t->sender_name,
		.body = make_body(d),
		.external_id = t->message_sid,
		.conversation_key = t->conversation_key,
		.delivered_at = t->received,
		.files = m->files,
		.file_count = m->file_count,
	};

	if (d->channel->mode == FRONT_MODE_APP)
		front_inbound(d->arena, base, &p, &d->request);
	else
		front_incoming(d->arena, base, &p, &d->request);
	d->total_ms = m->file_count > 0 ? FILES_MS : 0;
	front_send(d, is_posted);
}

/* ---- the pictures ------------------------------------------------------ */

static void fetch_next(struct delivery *d);

/* Twilio may hand over a part of what was written as a file. */
static void
add_text(struct delivery *d, const struct download *w)
{
	struct front_message *m = d->state;
	struct prose prose;
	struct err e;

	if (prose_parse(d->arena, w->bytes, w->len, &prose, &e) != RC_OK ||
	    prose.text == NULL)
		return;
	if (m->more.len > 0)
		buf_add_str(&m->more, "<br>");
	buf_add_html(&m->more, prose.text);
}

static void
add_file(struct delivery *d, const struct download *w, const char *type)
{
	struct front_message *m = d->state;
	char name[64];

	(void)snprintf(name, sizeof(name), "%s-%zu%s", m->text.message_sid,
	    m->next - 1, media_suffix(type));
	m->files[m->file_count++] = (struct form_part){
		.filename = arena_copy(d->arena, name, strlen(name)),
		.type = arena_copy(d->arena, type, strlen(type)),
		.bytes = w->bytes,
		.len = w->len,
	};
	m->total += w->len;
	m->images += strncmp(type, "image/", 6) == 0;
}

static void
is_downloaded(struct delivery *d, struct download *w)
{
	struct front_message *m = d->state;
	char type[MEDIA_TYPE];

	switch (w->result) {
	case DOWNLOAD_GOOD:
		media_type(w->bytes, w->len, w->type, type);
		if (strcmp(type, "text/plain") == 0 && w->len <= PLAIN_MAX)
			add_text(d, w);
		else
			add_file(d, w, type);
		break;
	case DOWNLOAD_AGAIN:
		if (d->job.attempt < DOWNLOAD_ATTEMPTS) {
			delivery_retry(d, &retry_picture, w->why);
			return;
		}
		m->left_out++;
		break;
	case DOWNLOAD_TOO_LARGE:
		m->left_out++;
		break;
	case DOWNLOAD_REFUSED:
		log_warn("job=%s a file of Twilio's is not fetched: %s",
		    d->job.job_id, w->why);
		m->left_out++;
		break;
	}
	fetch_next(d);
}

static void
fetch_next(struct delivery *d)
{
	struct front_message *m = d->state;
	const struct config *c = &d->settings->config;
	const struct twilio_media_source source = { &c->twilio.api_base_url,
		c->twilio.account_sid, m->text.message_sid };
	const size_t most = strcmp(m->text.kind, "whatsapp") == 0
				? MEDIA_WHATSAPP_IN
				: MEDIA_SMS_IN;
	const size_t left = MEDIA_FRONT - m->total;
	const char *said, *url = NULL;
	struct span span;

	while (url == NULL && m->next < json_array_size(m->media) &&
	       m->file_count < PICTURES) {
		said = json_string_value(json_object_get(
		    json_array_get(m->media, m->next++), "url"));
		span = (struct span){ said, said != NULL ? strlen(said) : 0 };
		if (said != NULL)
			url = twilio_media_url(d->arena, &source, &span);
		m->left_out += url == NULL;
	}
	if (url == NULL) {
		post(d);
		return;
	}
	m->download = (struct download){
		.url = url,
		.user = d->settings->user,
		.password = d->settings->password,
		.base = &c->twilio.api_base_url,
		.hosts = c->twilio.media_hosts,
		.max = most < left ? most : left,
	};
	download_begin(d, &m->download, is_downloaded);
}

/* ---- the beginning ----------------------------------------------------- */

static void
begin(struct delivery *d, const struct bridge_text *text)
{
	struct front_message *m = arena_alloc(d->arena, sizeof(*m));

	m->text = *text;
	m->text_id = delivery_number(d, "text_id");
	buf_init(&m->more);
	arena_defer(d->arena, drop_buf, &m->more);
	d->state = m;
	if (text->posted) {
		delivery_finish(d,
		    d->job.uncertain ? QUEUE_RECONCILED : QUEUE_UNNEEDED,
		    text->message_sid, "Front has it");
		return;
	}
	if (d->job.uncertain && d->job.unsettled_ms > 0 &&
	    d->channel->mode == FRONT_MODE_APP) {
		delivery_wait(d, d->job.unsettled_ms,
		    "a request may still be on its way");
		return;
	}
	if (text->media != NULL) {
		m->media = json_loads(text->media, 0, NULL);
		if (m->media != NULL)
			arena_defer(d->arena, drop_json, m->media);
	}
	fetch_next(d);
}

void
front_message_start(struct delivery *d)
{
	front_begin_text(d, false, begin);
}
