#include "admin/argument.h"

#include "base/utf8.h"

const char *
text_fault(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	if (text[strspn(text, " ")] == '\0')
		return "is empty";
	if (!utf8_is_valid(text, strlen(text)))
		return "is not UTF-8";
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s == 0x7f ||
		    (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f))
			return "holds a control character";
	return NULL;
}
