#include "text/moment.h"

/* Digits n at *at; -1 where one of them is none. */
static int
take_digits(const char **at, int n)
{
	int value = 0;

	while (n-- > 0) {
		if (**at < '0' || **at > '9')
			return -1;
		value = value * 10 + (*(*at)++ - '0');
	}
	return value;
}

static bool
take_char(const char **at, const char *which)
{
	if (**at == '\0' || strchr(which, **at) == NULL)
		return false;
	(*at)++;
	return true;
}

static int
days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	const bool is_leap =
	    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && is_leap ? 29 : days[month - 1];
}

static bool
take_day(const char **at)
{
	int year, month, day;

	year = take_digits(at, 4);
	if (year < 2000 || year > 2099 || !take_char(at, "-"))
		return false;
	month = take_digits(at, 2);
	if (month < 1 || month > 12 || !take_char(at, "-"))
		return false;
	day = take_digits(at, 2);
	return day >= 1 && day <= days_of(year, month);
}

static bool
take_time(const char **at)
{
	int hour, minute, second, digits = 0;

	hour = take_digits(at, 2);
	if (hour < 0 || hour > 23 || !take_char(at, ":"))
		return false;
	minute = take_digits(at, 2);
	if (minute < 0 || minute > 59 || !take_char(at, ":"))
		return false;
	second = take_digits(at, 2);
	if (second < 0 || second > 59)
		return false;
	if (!take_char(at, "."))
		return true;
	while (take_char(at, "0123456789"))
		digits++;
	return digits >= 1 && digits <= 9;
}

/* Z, +hh:mm or +hhmm; the largest offset of the world is 14 hours. */
static bool
take_zone(const char **at)
{
	int hour, minute;

	if (take_char(at, "Z"))
		return true;
	if (!take_char(at, "+-"))
		return false;
	hour = take_digits(at, 2);
	(void)take_char(at, ":");
	minute = take_digits(at, 2);
	return hour >= 0 && hour <= 14 && minute >= 0 && minute <= 59;
}

enum rc
moment_parse(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e)
{
	struct moment *moment = out;
	const char *at;
	char *text;
	bool has_zone;

	(void)e;
	text = arena_alloc(a, len + 2);
	memcpy(text, bytes, len);
	at = text;
	moment->is_odd = true;
	if (!take_day(&at) || !take_char(&at, "T ") || !take_time(&at))
		return RC_OK;
	has_zone = *at != '\0';
	if ((has_zone && !take_zone(&at)) || at != text + len)
		return RC_OK;
	if (!has_zone)
		text[len] = 'Z';
	moment->text = text;
	moment->is_odd = false;
	return RC_OK;
}
