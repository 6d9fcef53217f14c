#include "peer/twilio_media.h"

#include <stdbool.h>

#include "text/words.h"

static const char twilio_api[] = "https://api.twilio.com";

/* Is it this base, the path of a picture of this message, and no more? */
static bool
is_of(const struct twilio_media_source *source, const char *base,
    const char *url, const char **media)
{
	struct buf prefix;
	bool is_same;

	buf_init(&prefix);
	buf_addf(&prefix, "%s/2010-04-01/Accounts/%s/Messages/%s/Media/", base,
	    source->account_sid, source->message_sid);
	is_same = strncmp(url, prefix.bytes, prefix.len) == 0;
	*media = url + (is_same ? prefix.len : 0);
	buf_release(&prefix);
	return is_same && is_sid(*media, "ME");
}

const char *
twilio_media_url(struct arena *a, const struct twilio_media_source *source,
    const struct span *url)
{
	const char *text = arena_copy(a, url->bytes, url->len), *base, *media;
	const char *made;
	struct buf b;

	if (strlen(text) != url->len)
		return NULL;
	base = twilio_api;
	if (!is_of(source, base, text, &media)) {
		base = source->api->text;
		if (!is_of(source, base, text, &media))
			return NULL;
	}
	buf_init(&b);
	buf_addf(&b, "%s/2010-04-01/Accounts/%s/Messages/%s/Media/%s", base,
	    source->account_sid, source->message_sid, media);
	made = arena_copy(a, b.bytes, b.len);
	buf_release(&b);
	return made;
}
