#include "peer/twilio_lookup.h"

#include <jansson.h>
#include <string.h>

#include "base/buf.h"

void
twilio_lookup(struct arena *a, const struct base_url *base, const char *number,
    struct peer_request *out)
{
	struct buf url;

	buf_init(&url);
	buf_addf(&url, "%s/v2/PhoneNumbers", base->text);
	buf_add_segment(&url, number);
	buf_add_str(&url, "?Fields=caller_name");
	*out = (struct peer_request){
		.method = "GET",
		.url = arena_copy(a, url.bytes, url.len),
	};
	buf_release(&url);
}

static void
drop_json(void *handle)
{
	json_decref(handle);
}

enum rc
twilio_caller_read(struct arena *a, const char *body, size_t len,
    struct twilio_caller *out, struct err *e)
{
	json_t *value = json_loadb(body, len, 0, NULL), *caller;

	if (value != NULL)
		arena_defer(a, drop_json, value);
	if (!json_is_object(value))
		return err_set(e, RC_BUSY, "bad_answer",
		    "the answer is no JSON object (%zu bytes)", len);
	caller = json_object_get(value, "caller_name");
	*out = (struct twilio_caller){
		.name =
		    json_string_value(json_object_get(caller, "caller_name")),
		.type =
		    json_string_value(json_object_get(caller, "caller_type")),
	};
	return RC_OK;
}

/* No coverage; no such number.  Others, 60606 say, are our settings. */
bool
twilio_has_no_caller(const struct peer_answer *answer)
{
	static const long codes[] = { 60600, 60607, 60610, 20404 };
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (answer->code == codes[i])
			return true;
	return answer->status == 404;
}
