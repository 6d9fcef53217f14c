#include "text/dialled.h"

#include <stdbool.h>

#include "text/phone.h"

enum { DIGITS_MAX = 20 };

static const char whatsapp[] = "whatsapp:";

/* How many digits a text has that holds nothing else of meaning; 0: no number. */
static size_t
take_digits(const char *text, size_t len, char *out)
{
	size_t used = 0, i;

	for (i = 0; i < len; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			if (used == DIGITS_MAX)
				return 0;
			out[used++] = text[i];
		} else if (text[i] == '\0' ||
			   strchr(" \t-./()", text[i]) == NULL) {
			return 0;
		}
	}
	out[used] = '\0';
	return used;
}

static bool
is_north_american(const char *country)
{
	return strcmp(country, "US") == 0 || strcmp(country, "CA") == 0;
}

const char *
dialled_tidy(struct arena *a, const char *text, size_t len, const char *country)
{
	const size_t prefix_len = sizeof(whatsapp) - 1;
	char digits[DIGITS_MAX + 1], number[sizeof(whatsapp) + DIGITS_MAX + 2];
	const char *at = text, *from = digits, *head = "+";
	size_t rest = len, count;
	bool is_whatsapp, has_plus;

	is_whatsapp =
	    len > prefix_len && memcmp(text, whatsapp, prefix_len) == 0;
	at += is_whatsapp ? prefix_len : 0;
	rest -= is_whatsapp ? prefix_len : 0;
	while (rest > 0 && *at == ' ') {
		at++;
		rest--;
	}
	has_plus = rest > 0 && *at == '+';
	at += has_plus;
	rest -= has_plus;
	count = take_digits(at, rest, digits);
	if (count == 0)
		return arena_copy(a, text, len);
	if (!has_plus && count > 2 && memcmp(digits, "00", 2) == 0)
		from += 2;
	else if (!has_plus && count == 10 && is_north_american(country))
		head = "+1";
	(void)snprintf(number, sizeof(number), "%s%s%s",
	    is_whatsapp ? whatsapp : "", head, from);
	head = number + (is_whatsapp ? prefix_len : 0);
	if (!is_e164(head, strlen(head)))
		return arena_copy(a, text, len);
	return arena_copy(a, number, strlen(number));
}
