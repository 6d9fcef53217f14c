#include "text/sid.h"

static enum rc
parse(struct arena *a, const char *bytes, size_t len, const char *prefix,
    struct sid *out, struct err *e)
{
	size_t i;

	if (len != 34 || memcmp(bytes, prefix, 2) != 0)
		return err_set(e, RC_INVALID, "bad_field",
		    "is not %s and 32 hex digits", prefix);
	for (i = 2; i < len; i++)
		if (bytes[i] == '\0' ||
		    strchr("0123456789abcdef", bytes[i]) == NULL)
			return err_set(e, RC_INVALID, "bad_field",
			    "is not %s and 32 hex digits", prefix);
	out->text = arena_copy(a, bytes, len);
	return RC_OK;
}

enum rc
conversation_sid_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	return parse(a, bytes, len, "CH", out, e);
}

enum rc
participant_sid_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	return parse(a, bytes, len, "MB", out, e);
}

enum rc
message_sid_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	return parse(a, bytes, len, "IM", out, e);
}

enum rc
service_sid_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	return parse(a, bytes, len, "IS", out, e);
}

enum rc
text_sid_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	if (len >= 2 && memcmp(bytes, "MM", 2) == 0)
		return parse(a, bytes, len, "MM", out, e);
	return parse(a, bytes, len, "SM", out, e);
}
