/* fuzz_list.c - any bytes as a STARTTLS-Everywhere list: refused with a printable reason, or sound, and what is sound
 * keeps its promises. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list/list_internal.h"
#include "proxy/base/printable.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_name(const char *name)
{
	size_t len = strlen(name);

	must(len > 0 && len < VERDICT_NAME_MAX && name[0] != '.' && name[len - 1] != '.');
	for (size_t i = 0; i < len; i++)
		must(is_printable(name[i]) && name[i] != '*' && !isupper((unsigned char)name[i]));
}

static void check(const struct list *list)
{
	struct list_entry entry;

	must(list_timestamp(list) < 253402387200 && list_expires(list) < 253402387200);
	for (size_t i = 0; i < list_count(list); i++) {
		const char *domain = list->policies.items[i].name;
		check_name(domain);
		must(strchr(domain, '.') != NULL);
		must(list_find(list, domain, &entry));
		must(entry.patterns_count > 0 && entry.patterns_count <= VERDICT_PATTERNS_MAX);
		for (size_t k = 0; k < entry.patterns_count; k++) {
			check_name(entry.patterns[k].name);
			must(strchr(entry.patterns[k].name, '.') != NULL);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	char err[LIST_REASON_MAX];
	char *copy = malloc(in_len > 0 ? in_len : 1);
	struct list *list;

	must(copy != NULL);
	if (in_len > 0)
		memcpy(copy, in, in_len);
	list = list_parse(copy, in_len, err, sizeof(err));
	free(copy);
	if (list != NULL) {
		check(list);
	} else {
		must(err[0] != '\0' && strlen(err) < sizeof(err));
		for (const char *c = err; *c != '\0'; c++)
			must(is_printable(*c));
	}
	list_free(list);
	return 0;
}
