/* conf_values.c - single values of the configuration: names, numbers, fingerprints, and lists of them. */
#include "proxy/base/conf_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/base/name.h"

const char CONF_OUT_OF_MEMORY[] = "cannot be kept: out of memory";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

const char *conf_name_make(char **out, const char *text, bool dot)
{
	char name[CONF_NAME_MAX];
	const char *wrong = name_read(name, text, dot);

	if (wrong != NULL)
		return wrong;
	*out = strdup(name);
	return *out != NULL ? NULL : CONF_OUT_OF_MEMORY;
}

const char *conf_fingerprint_make(char **out, const char *text)
{
	static const char wrong[] = "is not a SHA-256 fingerprint: 64 hexadecimal digits, colons between pairs allowed";
	char hex[65];
	size_t n = 0;

	for (size_t i = 0; text[i] != '\0'; i++) {
		char c = lower(text[i]);
		if (c == ':' && i % 3 == 2)
			continue;
		if (n == 64 || (!is_digit(c) && (c < 'a' || c > 'f')))
			return wrong;
		hex[n++] = c;
	}
	hex[n] = '\0';
	if (n != 64 || (strchr(text, ':') != NULL && strlen(text) != 95))
		return wrong;
	return conf_string_set(out, hex);
}

bool conf_number(const char *text, unsigned long min, unsigned long max, unsigned long *out)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = text + (hex ? 2 : 0);
	size_t len = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");

	/* At most 10 digits: no overflow in 64 bits; and no octal surprise. */
	if (len == 0 || len > 10 || digits[len] != '\0' || (!hex && len > 1 && digits[0] == '0'))
		return false;
	*out = strtoul(digits, NULL, hex ? 16 : 10);
	return *out >= min && *out <= max;
}

bool conf_is_user(const char *text)
{
	unsigned long uid;
	size_t len = strlen(text);

	if (is_digit(text[0]))
		return text[1] != 'x' && text[1] != 'X' && conf_number(text, 0, 0xfffffffeUL, &uid);
	if (len == 0 || len > 32 || text[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(text[i]) && strchr("_.-", text[i]) == NULL)
			return false;
	}
	return true;
}

bool conf_is_interface(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > 15 || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] >= 0x7f || strchr("/:*\"", text[i]) != NULL)
			return false;
	}
	return true;
}

const char *conf_string_set(char **out, const char *text)
{
	free(*out);
	*out = strdup(text);
	return *out != NULL ? NULL : CONF_OUT_OF_MEMORY;
}

const char *conf_strings_add(struct string_list *list, char *taken)
{
	char **items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (items == NULL) {
		free(taken);
		return CONF_OUT_OF_MEMORY;
	}
	list->items = items;
	items[list->count++] = taken;
	return NULL;
}

const char *conf_prefixes_add(struct prefix_list *list, const struct prefix *prefix)
{
	struct prefix *items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (items == NULL)
		return CONF_OUT_OF_MEMORY;
	list->items = items;
	items[list->count++] = *prefix;
	return NULL;
}
