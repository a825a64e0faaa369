/* list_time.c - the times of a list. */
#include "policy/list/list_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* has_shape compares |text| with |shape|, in which 9 stands for any digit. */
static bool has_shape(const char *text, const char *shape)
{
	for (; *shape != '\0'; shape++, text++) {
		if (*shape == '9' ? *text < '0' || *text > '9' : *text != *shape)
			return false;
	}
	return true;
}

static int number(const char *digits, size_t count)
{
	int n = 0;

	for (size_t i = 0; i < count; i++)
		n = n * 10 + (digits[i] - '0');
	return n;
}

/* offset_s: Z, or +99:99 or -99:99, and nothing behind it. */
static bool offset_s(int *out, const char *text)
{
	const int sign = text[0] == '-' ? -1 : 1;

	*out = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if ((text[0] != '+' && text[0] != '-') || !has_shape(text + 1, "99:99") || text[6] != '\0')
		return false;
	*out = sign * (number(text + 1, 2) * 3600 + number(text + 4, 2) * 60);
	return number(text + 1, 2) <= 23 && number(text + 4, 2) <= 59;
}

bool list_time(uint64_t *out, const char *text)
{
	const char *rest = text + sizeof("9999-99-99T99:99:99") - 1;
	struct tm wanted = { 0 };
	struct tm got;
	time_t at;
	int offset;

	if (!has_shape(text, "9999-99-99T99:99:99"))
		return false;
	if (*rest == '.') {
		size_t digits = strspn(rest + 1, "0123456789");
		if (digits == 0)
			return false;
		rest += 1 + digits;
	}
	wanted.tm_year = number(text, 4) - 1900;
	wanted.tm_mon = number(text + 5, 2) - 1;
	wanted.tm_mday = number(text + 8, 2);
	wanted.tm_hour = number(text + 11, 2);
	wanted.tm_min = number(text + 14, 2);
	wanted.tm_sec = number(text + 17, 2);
	if (!offset_s(&offset, rest))
		return false;
	/* What timegm had to carry over, as 30 February, was no time. */
	got = wanted;
	at = timegm(&got);
	if (got.tm_mon != wanted.tm_mon || got.tm_mday != wanted.tm_mday || got.tm_hour != wanted.tm_hour ||
	    got.tm_min != wanted.tm_min || got.tm_sec != wanted.tm_sec)
		return false;
	at -= offset;
	*out = (uint64_t)at;
	return at >= 0;
}
