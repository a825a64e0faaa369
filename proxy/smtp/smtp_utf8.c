/* smtp_utf8.c - see smtp_utf8.h. */
#include "proxy/smtp/smtp_utf8.h"

#include <stdbool.h>

static bool is_tail(unsigned char c)
{
	return (c & 0xc0U) == 0x80;
}

/* length_by_first returns what the first octet promises. 0xC0, 0xC1 and those above 0xF4 never begin a character. */
static size_t length_by_first(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

/* second_fits keeps out over-long forms, surrogates, what lies beyond U+10FFFF, and C1. */
static bool second_fits(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xc2:
	case 0xe0: return second >= 0xa0;
	case 0xed: return second < 0xa0;
	case 0xf0: return second >= 0x90;
	case 0xf4: return second < 0x90;
	default: return true;
	}
}

size_t smtp_utf8_len(const char *in, size_t in_len)
{
	const unsigned char *s = (const unsigned char *)in;
	size_t len = in_len > 0 ? length_by_first(s[0]) : 0;

	if (len == 0 || len > in_len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if (!is_tail(s[i]))
			return 0;
	return len == 1 || second_fits(s[0], s[1]) ? len : 0;
}
