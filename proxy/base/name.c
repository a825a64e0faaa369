/* name.c - see name.h. */
#include "proxy/base/name.h"

#include <string.h>

#include "proxy/base/addr.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* is_label: letters, digits, hyphens inside; and underscores. */
static bool is_label(const char *label, size_t len)
{
	if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(label[i]) && label[i] != '-' && label[i] != '_')
			return false;
	}
	return true;
}

/* is_name: labels with single dots between them; the last is no number, so that no IPv4 address is taken for a name. */
static bool is_name(const char *text)
{
	const char *label = text;
	size_t len;

	for (;;) {
		len = strcspn(label, ".");
		if (!is_label(label, len))
			return false;
		if (label[len] == '\0')
			return strspn(label, "0123456789") != len;
		label += len + 1;
	}
}

const char *name_read(char out[CONF_NAME_MAX], const char *text, bool dot)
{
	const char *name = text + (text[0] == '.' ? 1 : 0);
	struct prefix prefix;
	size_t len = strlen(text);

	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c >= 0x80)
			return "has letters beyond ASCII: write the name in its A-label form (xn--...)";
	}
	if (prefix_parse(&prefix, text))
		return "is an address and not a domain name";
	if (name != text && !dot)
		return "begins with a dot, which has no meaning here";
	if (name[0] == '*')
		return "has a wildcard: write .example.com for every name below example.com";
	if (len >= CONF_NAME_MAX || !is_name(name))
		return "is not a domain name";
	for (size_t i = 0; i <= len; i++)
		out[i] = lower(text[i]);
	return NULL;
}
