#include "core/media.h"

#include <string.h>

#include "t/tap.h"

static const char *
type_of(const char *bytes, size_t len, const char *said)
{
	static char out[MEDIA_TYPE];

	media_type(bytes, len, said, out);
	return out;
}

int
main(void)
{
	is_str(type_of("\xff\xd8\xff\xe0", 4, "text/plain"), "image/jpeg",
	    "what it is counts, not what is said");
	is_str(type_of("\x89PNG\r\n\x1a\n", 8, NULL), "image/png", "a PNG");
	is_str(type_of("\x89PNG\r\n\x1a", 7, NULL), "application/octet-stream",
	    "half a mark is none");
	is_str(type_of("RIFF....WEBP", 12, NULL), "image/webp", "a WebP");
	is_str(type_of("<!DOCTYPE html>", 15, "image/png"), "text/html",
	    "a page is no picture");
	is_str(type_of("", 0, "Image/TIFF; name=x"), "image/tiff",
	    "else what is said, without parameters");
	is_str(type_of("x", 1, "nonsense"), "application/octet-stream",
	    "what is no type is none");
	is_str(type_of("x", 1, "a/b\r\nX: y"), "application/octet-stream",
	    "nor is what would end a line");
	is_str(
	    type_of("x", 1,
		"text/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaa") != NULL
		? "kept"
		: "",
	    "kept", "a long one is cut");
	is_str(media_suffix("image/jpeg"), ".jpg", "a suffix");
	is_str(media_suffix("x/y"), "", "or none");
	ok(media_refusal("sms", "image/png", 5 * 1024 * 1024) == NULL,
	    "a picture of 5 MB may be sent");
	is_str(media_refusal("sms", "image/png", 5 * 1024 * 1024 + 1),
	    "it is too large", "and no larger one");
	ok(media_refusal("whatsapp", "application/pdf", 9 * 1024 * 1024) ==
		NULL,
	    "WhatsApp takes larger files");
	ok(media_refusal("sms", "application/pdf", 9 * 1024 * 1024) != NULL,
	    "than an MMS");
	ok(media_refusal("whatsapp", "image/gif", 10) != NULL,
	    "but not of every type");
	ok(media_refusal("sms", "text/html", 10) != NULL, "no pages");
	return done_testing();
}
