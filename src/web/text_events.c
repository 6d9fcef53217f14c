/*
 * text_events.c -- Twilio tells of texts that pass through the bridge to
 * Front: one has come in, one that left got somewhere.
 *
 * Contract (twilio.md 6.1, 6.2, 6.5).  A text that came in is written down,
 * with the job that takes it to Front, before it is answered with TwiML that
 * does nothing; a repetition is answered alike.  While the database is away it
 * is 503: Twilio tries again, then asks the fallback URL, and keeps the text.
 *
 * What a customer wrote must not be lost: of a damaged text only the damaged
 * bytes are replaced, and of its pictures only what can be nothing else is
 * taken over.
 */
#include <jansson.h>

#include "base/utf8.h"
#include "peer/twilio_media.h"
#include "store/event.h"
#include "store/text_event.h"
#include "text/address_list.h"
#include "text/uuid.h"
#include "web/actions.h"
#include "web/note.h"
#include "web/reply.h"

/* Twilio's limits, of a text and of a name in WhatsApp. */
enum { PICTURES = 10, PROFILE_NAME = 256, CONTENT_TYPE = 100 };

struct picture {
	struct raw url;
	struct raw content_type;
};

struct text_fields {
	struct sid message;
	struct address_list from;
	struct address_list to;
	struct prose body;
	struct word opt_out;
	struct prose profile_name;
	struct whole picture_count;
	struct picture pictures[PICTURES];
};

#define FIELD_OF struct text_fields
#define PICTURE(n_)                                                            \
	FIELD(pictures[n_].url, struct raw, raw_parse, "MediaUrl" #n_,         \
	    OPTIONAL),                                                         \
	    FIELD(pictures[n_].content_type, struct raw, raw_parse,            \
		"MediaContentType" #n_, OPTIONAL)

static const struct field text_fields[] = {
	FIELD(message, struct sid, text_sid_parse, "MessageSid", REQUIRED),
	FIELD(from, struct address_list, address_list_parse, "From", REQUIRED),
	FIELD(to, struct address_list, address_list_parse, "To", REQUIRED),
	FIELD(body, struct prose, prose_parse, "Body", OPTIONAL),
	FIELD(opt_out, struct word, word_parse, "OptOutType", OPTIONAL),
	FIELD(profile_name, struct prose, prose_parse, "ProfileName", OPTIONAL),
	FIELD(picture_count, struct whole, whole_parse, "NumMedia", OPTIONAL),
	PICTURE(0),
	PICTURE(1),
	PICTURE(2),
	PICTURE(3),
	PICTURE(4),
	PICTURE(5),
	PICTURE(6),
	PICTURE(7),
	PICTURE(8),
	PICTURE(9),
	FIELD_END,
};
#undef FIELD_OF

/* A type as it may stand in a header, or one that says nothing. */
static json_t *
content_type(const struct raw *given)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789/.+-";
	const char *type = given->bytes;

	if (type == NULL || given->len > CONTENT_TYPE ||
	    strspn(type, allowed) != given->len || strchr(type, '/') == NULL)
		return json_string("application/octet-stream");
	return json_stringn(type, given->len);
}

/*
 * The pictures as a JSON array, or NULL.  NumMedia says how many; one that is
 * missing in between is none.
 */
static const char *
pictures_of(struct call *call, const struct text_fields *f)
{
	const struct twilio_media_source source = {
		.api = &call->service->config.twilio.api_base_url,
		.account_sid = call->service->config.twilio.account_sid,
		.message_sid = f->message.text,
	};
	long count = 0, i;
	json_t *array = json_array();
	const struct picture *p;
	struct span given;
	const char *url;
	struct buf text;

	reply_keep_json(call, array);
	note_whole(call, "NumMedia", &f->picture_count);
	if (f->picture_count.text != NULL)
		count = strtol(f->picture_count.text, NULL, 10);
	if (count > PICTURES || f->picture_count.is_odd)
		count = PICTURES;
	for (i = 0; i < count; i++) {
		p = &f->pictures[i];
		if (p->url.len == 0)
			continue;
		given = (struct span){ p->url.bytes, p->url.len };
		url = twilio_media_url(call->arena, &source, &given);
		if (url == NULL) {
			note_add(call,
			    "MediaUrl%ld is no picture of this message and "
			    "was left out",
			    i);
			continue;
		}
		(void)json_array_append_new(
		    array, json_pack("{s:s, s:o}", "url", url, "content_type",
			       content_type(&p->content_type)));
	}
	if (json_array_size(array) == 0)
		return NULL;
	buf_init(&text);
	(void)reply_dump_json(&text, array);
	url = arena_copy(call->arena, text.bytes, text.len);
	buf_release(&text);
	return url;
}

/* A name as WhatsApp knows it, cut where it is too long for one. */
static const char *
name_of(struct call *call, const struct prose *name)
{
	size_t len = 0, count;

	if (name->text == NULL)
		return NULL;
	for (count = 0; count < PROFILE_NAME && name->text[len] != '\0';
	     count++)
		len += utf8_next(name->text + len, strlen(name->text + len));
	return arena_copy(call->arena, name->text, len);
}

static enum rc
ask_text(struct call *call, void *in)
{
	const struct text_fields *f = in;
	const struct config *c = &call->service->config;
	const struct text_taken t = {
		.channel = front_channel_of(c, f->to.first),
		.message = f->message,
		.from = f->from.first,
		.to = f->to.first,
		.body = f->body.text,
		.media = pictures_of(call, f),
		.opt_out = f->opt_out,
		.profile_name = name_of(call, &f->profile_name),
		.lookup = c->lookup.enabled,
		.cache_days = c->lookup.cache_days,
	};

	note_addresses(call, "From", &f->from);
	note_addresses(call, "To", &f->to);
	text_take_bind(&call->db, call->arena, &t);
	return RC_OK;
}

static void
take_outcome(struct call *call, const struct rows *rows)
{
	struct event_outcome o;

	event_outcome_read(rows, &o);
	call->outcome = arena_copy(call->arena, o.outcome, strlen(o.outcome));
	if (o.note != NULL)
		note_add(call, "%s", o.note);
}

static enum rc
answer_text(struct call *call, const void *in, const struct rows *rows)
{
	(void)in;
	take_outcome(call, rows);
	reply_twiml(call);
	return RC_OK;
}

const struct action text_action = {
	.fields = text_fields,
	.size = sizeof(struct text_fields),
	.ask = ask_text,
	.answer = answer_text,
};

/* ---- how far one got --------------------------------------------------- */

/* SmsStatus is the older name of the same. */
struct status_fields {
	struct sid message;
	struct word status;
	struct word sms_status;
	struct whole error_code;
};

#define FIELD_OF struct status_fields
static const struct field status_fields[] = {
	FIELD(message, struct sid, text_sid_parse, "MessageSid", REQUIRED),
	FIELD(status, struct word, word_parse, "MessageStatus", OPTIONAL),
	FIELD(sms_status, struct word, word_parse, "SmsStatus", OPTIONAL),
	FIELD(error_code, struct whole, whole_parse, "ErrorCode", OPTIONAL),
	FIELD_END,
};
#undef FIELD_OF

static enum rc
ask_status(struct call *call, void *in)
{
	const struct status_fields *f = in;
	const struct text_status s = {
		.wire_uuid = call->tail,
		.message = f->message,
		.status = f->status.text != NULL ? f->status : f->sms_status,
		.error_code = f->error_code,
	};

	if (!uuid_is_valid(call->tail))
		return err_set(&call->err, RC_NOT_FOUND, "not_found",
		    "what stands behind the path is no UUID");
	if (s.status.text == NULL)
		return err_set(&call->err, RC_INVALID, "missing_field",
		    "MessageStatus is missing");
	note_whole(call, "ErrorCode", &f->error_code);
	text_status_bind(&call->db, &s);
	return RC_OK;
}

static enum rc
answer_status(struct call *call, const void *in, const struct rows *rows)
{
	(void)in;
	take_outcome(call, rows);
	reply_nothing(call);
	return RC_OK;
}

const struct action text_status_action = {
	.fields = status_fields,
	.size = sizeof(struct status_fields),
	.ask = ask_status,
	.answer = answer_status,
};
