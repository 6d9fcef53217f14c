#include "core/media.h"

#include <stdio.h>
#include <string.h>

enum { KB = 1024, MB = 1024 * 1024 };

/* What begins so is that, whatever was said. */
static const struct {
	size_t at;
	const char *bytes;
	size_t len;
	const char *type;
} marks[] = {
	{ 0, "\xff\xd8\xff", 3, "image/jpeg" },
	{ 0, "\x89PNG\r\n\x1a\n", 8, "image/png" },
	{ 0, "GIF87a", 6, "image/gif" },
	{ 0, "GIF89a", 6, "image/gif" },
	{ 8, "WEBP", 4, "image/webp" },
	{ 0, "%PDF-", 5, "application/pdf" },
	{ 0, "<!DOCTYPE", 9, "text/html" },
	{ 0, "<!doctype", 9, "text/html" },
	{ 0, "<html", 5, "text/html" },
};

/* The largest that each way takes; 0: not this type. */
static const struct {
	const char *type;
	const char *suffix;
	size_t sms;
	size_t whatsapp;
} types[] = {
	{ "image/jpeg", ".jpg", 5 * MB, 16 * MB },
	{ "image/png", ".png", 5 * MB, 16 * MB },
	{ "image/gif", ".gif", 5 * MB, 0 },
	{ "image/webp", ".webp", 500 * KB, 500 * KB },
	{ "image/bmp", ".bmp", 500 * KB, 0 },
	{ "image/tiff", ".tiff", 500 * KB, 0 },
	{ "audio/mpeg", ".mp3", 500 * KB, 16 * MB },
	{ "audio/mp4", ".m4a", 500 * KB, 16 * MB },
	{ "audio/ogg", ".ogg", 500 * KB, 16 * MB },
	{ "audio/amr", ".amr", 500 * KB, 16 * MB },
	{ "audio/3gpp", ".3gp", 500 * KB, 0 },
	{ "video/mp4", ".mp4", 500 * KB, 16 * MB },
	{ "video/3gpp", ".3gp", 500 * KB, 0 },
	{ "video/quicktime", ".mov", 500 * KB, 0 },
	{ "text/vcard", ".vcf", 500 * KB, 16 * MB },
	{ "text/x-vcard", ".vcf", 500 * KB, 16 * MB },
	{ "text/calendar", ".ics", 500 * KB, 0 },
	{ "application/pdf", ".pdf", 500 * KB, 16 * MB },
};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

void
media_type(const char *bytes, size_t len, const char *said,
    char out[static MEDIA_TYPE])
{
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (len >= marks[i].at + marks[i].len &&
		    memcmp(bytes + marks[i].at, marks[i].bytes, marks[i].len) ==
			0) {
			(void)snprintf(out, MEDIA_TYPE, "%s", marks[i].type);
			return;
		}
	(void)snprintf(out, MEDIA_TYPE, "%.*s",
	    said != NULL ? (int)strcspn(said, "; \t") : 0,
	    said != NULL ? said : "");
	for (i = 0; out[i] != '\0'; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] - 'A' + 'a');
	if (strchr(out, '/') == NULL ||
	    out[strspn(out, "abcdefghijklmnopqrstuvwxyz0123456789/.+-_")] !=
		'\0')
		(void)snprintf(out, MEDIA_TYPE, "application/octet-stream");
}

const char *
media_suffix(const char *type)
{
	size_t i;

	for (i = 0; i < TYPES; i++)
		if (strcmp(types[i].type, type) == 0)
			return types[i].suffix;
	return "";
}

const char *
media_refusal(const char *kind, const char *type, size_t len)
{
	const bool is_whatsapp = strcmp(kind, "whatsapp") == 0;
	size_t i, max;

	for (i = 0; i < TYPES; i++) {
		if (strcmp(types[i].type, type) != 0)
			continue;
		max = is_whatsapp ? types[i].whatsapp : types[i].sms;
		if (max > 0)
			return len <= max ? NULL : "it is too large";
		break;
	}
	return "files of this type cannot be sent";
}
