/*
 * media.c -- Twilio fetches a picture that an agent sent.
 *
 * Contract: GET and HEAD of an address that nobody can guess, which was given
 * to Twilio alone, and which is good for a while (media_minutes).  Afterwards,
 * and for every other address, it is 404.
 */
#include "store/shown_media.h"
#include "web/actions.h"

static enum rc
ask_media(struct call *call, void *in)
{
	(void)in;
	shown_media_bind(&call->db, call->tail);
	return RC_OK;
}

/* As it may stand in a header; a page would be ours, so there is none. */
static const char *
content_type(struct call *call, const char *type)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789/.+-";
	static const char *const shown[] = { "image/", "video/", "audio/",
		"text/vcard", "text/calendar", "application/pdf" };
	size_t i;

	if (type != NULL && strspn(type, allowed) == strlen(type))
		for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
			if (strncasecmp(type, shown[i], strlen(shown[i])) == 0)
				return arena_copy(
				    call->arena, type, strlen(type));
	return "application/octet-stream";
}

static enum rc
answer_media(struct call *call, const void *in, const struct rows *rows)
{
	struct shown_media media;

	(void)in;
	if (!shown_media_read(rows, &media))
		return err_set(&call->err, RC_NOT_FOUND, "unknown_media",
		    "the token is not known, or its time is over");
	buf_add(&call->reply, media.bytes, media.len);
	call->content_type = content_type(call, media.content_type);
	call->status = 200;
	return RC_OK;
}

const struct action media_action = {
	.ask = ask_media,
	.answer = answer_media,
};
