#include "text/html_text.h"

#include <stdbool.h>

/* The longest reference that is looked for: "&#x10ffff;". */
enum { REFERENCE_MAX = 12, BLANK_LINES_MAX = 2 };

/* What is read, and what is written; the output is never longer. */
struct stripper {
	const char *at;
	const char *end;
	char *out;
	size_t len;
	bool blank; /* one is due before the next character */
};

/* Elements that end a line, and those whose text is not shown. */
static const char *const blocks[] = { "br", "p", "div", "li", "ul", "ol", "tr",
	"table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre",
	"section", "article", "header", "footer", "hr", NULL };
static const char *const hidden[] = { "script", "style", "head", "title",
	NULL };

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *
find_name(const char *const *names, const char *name, size_t len)
{
	for (; *names != NULL; names++)
		if (strlen(*names) == len &&
		    strncasecmp(*names, name, len) == 0)
			return *names;
	return NULL;
}

/* ---- output ------------------------------------------------------------ */

static void
put(struct stripper *s, const char *bytes, size_t len)
{
	if (s->blank && s->len > 0 && s->out[s->len - 1] != '\n')
		s->out[s->len++] = ' ';
	s->blank = false;
	memcpy(s->out + s->len, bytes, len);
	s->len += len;
}

/* None at the beginning, and no more than one empty line. */
static void
end_line(struct stripper *s)
{
	size_t ends = 0;

	s->blank = false;
	while (ends < s->len && s->out[s->len - 1 - ends] == '\n')
		ends++;
	if (s->len > ends && ends < BLANK_LINES_MAX)
		s->out[s->len++] = '\n';
}

/* Blocks lie in each other: only one line ends where several of them do. */
static void
end_block(struct stripper *s)
{
	if (s->len > 0 && s->out[s->len - 1] != '\n')
		end_line(s);
	s->blank = false;
}

/* ---- character references ---------------------------------------------- */

static const struct {
	const char *name;
	const char *text;
} references[] = {
	{ "amp", "&" },
	{ "lt", "<" },
	{ "gt", ">" },
	{ "quot", "\"" },
	{ "apos", "'" },
	{ "nbsp", " " },
	{ "shy", "" },
	{ "euro", "\xe2\x82\xac" },
	{ "hellip", "\xe2\x80\xa6" },
	{ "ndash", "\xe2\x80\x93" },
	{ "mdash", "\xe2\x80\x94" },
	{ "lsquo", "\xe2\x80\x98" },
	{ "rsquo", "\xe2\x80\x99" },
	{ "ldquo", "\xe2\x80\x9c" },
	{ "rdquo", "\xe2\x80\x9d" },
};

/* The bytes of a character, or 0 where there is no such character. */
static size_t
encode(unsigned long c, char out[static 4])
{
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The number of "#160" or "#xa0"; 0 where it is none. */
static unsigned long
number_of(const char *text, size_t len)
{
	const bool is_hex = len > 1 && (text[1] == 'x' || text[1] == 'X');
	const char *digits = is_hex ? "0123456789abcdefABCDEF" : "0123456789";
	char copy[REFERENCE_MAX + 1];

	text += is_hex ? 2 : 1;
	len -= is_hex ? 2 : 1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (len == 0 || strspn(copy, digits) != len)
		return 0;
	return strtoul(copy, NULL, is_hex ? 16 : 10);
}

/* What stands between & and ;, or false where that is no reference. */
static bool
put_reference(struct stripper *s, const char *name, size_t len)
{
	unsigned long number;
	char bytes[4];
	size_t i, n;

	if (len > 0 && name[0] == '#') {
		number = number_of(name, len);
		if (number == 0xa0 ||
		    (number < 0x80 && is_blank((char)number) && number != 0)) {
			s->blank = true;
			return true;
		}
		n = number < ' ' ? 0 : encode(number, bytes);
		if (n > 0)
			put(s, bytes, n);
		return n > 0;
	}
	for (i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
		if (strlen(references[i].name) != len ||
		    memcmp(references[i].name, name, len) != 0)
			continue;
		if (references[i].text[0] == ' ')
			s->blank = true;
		else
			put(s, references[i].text, strlen(references[i].text));
		return true;
	}
	return false;
}

static void
take_reference(struct stripper *s)
{
	size_t most = (size_t)(s->end - s->at) - 1;
	const char *stop;

	stop =
	    memchr(s->at + 1, ';', most < REFERENCE_MAX ? most : REFERENCE_MAX);
	if (stop != NULL &&
	    put_reference(s, s->at + 1, (size_t)(stop - s->at) - 1)) {
		s->at = stop + 1;
		return;
	}
	put(s, "&", 1);
	s->at++;
}

/* ---- markup ------------------------------------------------------------ */

/* Behind the '>' of a tag; quotes of its attributes may hold one. */
static const char *
end_of_tag(const char *at, const char *end)
{
	char quote = '\0';

	for (; at < end; at++) {
		if (quote != '\0')
			quote = *at == quote ? '\0' : quote;
		else if (*at == '"' || *at == '\'')
			quote = *at;
		else if (*at == '>')
			return at + 1;
	}
	return end;
}

/* Where the element that began before `at` ends. */
static const char *
end_of_hidden(const char *at, const char *end, const char *name)
{
	const size_t len = strlen(name);

	for (; at < end; at++)
		if ((size_t)(end - at) > len + 2 && at[0] == '<' &&
		    at[1] == '/' && strncasecmp(at + 2, name, len) == 0)
			return end_of_tag(at, end);
	return end;
}

static const char *
end_of_comment(const char *at, const char *end)
{
	for (; at + 2 < end; at++)
		if (memcmp(at, "-->", 3) == 0)
			return at + 3;
	return end;
}

static void
take_markup(struct stripper *s)
{
	const char *name = s->at + 1, *stop, *found;
	const bool closes = name < s->end && *name == '/';
	size_t len = 0;

	if (s->end - s->at >= 4 && memcmp(s->at, "<!--", 4) == 0) {
		s->at = end_of_comment(s->at + 4, s->end);
		return;
	}
	name += closes;
	while (name + len < s->end &&
	       (is_letter(name[len]) ||
		   (len > 0 && name[len] >= '0' && name[len] <= '9')))
		len++;
	if (len == 0 && !(name < s->end && (*name == '!' || *name == '?'))) {
		/* "a < b" is no tag. */
		put(s, "<", 1);
		s->at++;
		return;
	}
	stop = end_of_tag(name + len, s->end);
	found = closes ? NULL : find_name(hidden, name, len);
	if (found != NULL)
		stop = end_of_hidden(stop, s->end, found);
	else if (len == 2 && strncasecmp(name, "br", 2) == 0)
		end_line(s);
	else if (find_name(blocks, name, len) != NULL)
		end_block(s);
	s->at = stop;
}

const char *
html_text(struct arena *a, const char *html, size_t len)
{
	struct stripper s = { .at = html, .end = html + len };

	s.out = arena_alloc(a, len + 1);
	while (s.at < s.end) {
		if (*s.at == '<') {
			take_markup(&s);
		} else if (*s.at == '&') {
			take_reference(&s);
		} else if (is_blank(*s.at)) {
			s.blank = true;
			s.at++;
		} else {
			if (*s.at != '\0')
				put(&s, s.at, 1);
			s.at++;
		}
	}
	while (s.len > 0 && s.out[s.len - 1] == '\n')
		s.len--;
	s.out[s.len] = '\0';
	return s.out;
}
