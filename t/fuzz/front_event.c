/*
 * front_event.c -- any body at all: what is taken over is text that PostgreSQL
 * takes, and JSON that can be read again.
 */
#include "peer/front_event.h"

#include <jansson.h>

#include "base/utf8.h"
#include "t/fuzz/target.h"

static bool
is_array(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);
	const bool is = json_is_array(value);

	json_decref(value);
	return is;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct base_url api = { .text = "https://api2.frontapp.com" };
	const struct span body = { (const char *)bytes, len };
	struct front_event_options options = { .api = &api, .country = "US" };
	struct front_event v;
	struct arena *a;
	struct err e;

	a = arena_new();
	options.is_delete = len % 2 == 1;
	if (front_event_parse(a, &body, &options, &v, &e) == RC_OK) {
		PROMISE(v.text == NULL ||
			(v.text[0] != '\0' &&
			    utf8_is_valid(v.text, strlen(v.text))));
		PROMISE(v.recipients == NULL || is_array(v.recipients));
		PROMISE(v.files == NULL || is_array(v.files));
		PROMISE(v.conversation_keys == NULL ||
			is_array(v.conversation_keys));
		PROMISE(front_kind_name(v.kind)[0] != '\0');
	} else {
		PROMISE(e.text[0] != '\0');
	}
	arena_free(a);
	return 0;
}
