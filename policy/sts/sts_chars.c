/* sts_chars.c - see sts_chars.h. */
#include "policy/sts/sts_chars.h"

#include "policy/verdict/verdict.h"

/* label_defect: what is wrong with the |len| octets at |label|; NULL: nothing. */
static const char *label_defect(const char *label, size_t len)
{
	if (len == 0)
		return "has an empty label";
	if (len > 63)
		return "has a label of more than 63 characters";
	if (label[0] == '-' || label[len - 1] == '-')
		return "has a label with a hyphen at its end";
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)label[i] >= 0x80)
			return "is not written in A-labels (xn--...)";
		if (label[i] == '*')
			return "has an asterisk elsewhere than in \"*.\" before a domain";
		if (!sts_is_alnum(label[i]) && label[i] != '-')
			return "has a character that no host name has";
	}
	return NULL;
}

const char *sts_host_defect(struct sts_span name)
{
	const char *defect = NULL;
	size_t start = 0;

	if (name.len >= VERDICT_NAME_MAX)
		return "is longer than a domain name";
	if (name.len > 0 && name.at[name.len - 1] == '.')
		return "ends in a dot";
	for (size_t i = 0; i <= name.len && defect == NULL; i++) {
		if (i < name.len && name.at[i] != '.')
			continue;
		defect = label_defect(name.at + start, i - start);
		start = i + 1;
	}
	return defect;
}

size_t sts_utf8_len(const char *text, size_t left)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;

	if (at[0] < 0xc2 || at[0] > 0xf4 || left < len)
		return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
	    (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}
