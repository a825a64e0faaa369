/* fuzz_postfix_map.c - any bytes as a Postfix TLS policy table: what is said is printable, and what comes out is a
 * configuration that gate25 takes, without a rule that permits clear text at an address. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/conf.h"
#include "proxy/base/printable.h"
#include "proxy/import/postfix_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void tell(void *arg, enum postfix_told kind, unsigned line, const char *message)
{
	unsigned *lost = arg;

	must(line > 0 && message[0] != '\0');
	for (const char *c = message; *c != '\0'; c++)
		must(is_printable(*c));
	*lost += kind == POSTFIX_LOST;
}

static void fail(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	(void)file;
	(void)line;
	(void)message;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	char *table = strndup((const char *)in, in_len);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct conf conf = { 0 };
	unsigned lost = 0;
	bool whole;

	must(table != NULL && out != NULL);
	whole = postfix_map_import(out, "fuzz\nlevel = none", table, tell, &lost);
	must(whole == (lost == 0));
	must(fclose(out) == 0);
	must(conf_parse(&conf, "fuzz", text, fail, NULL));
	must(conf.default_level != LEVEL_NONE && conf.enforce);
	for (size_t i = 0; i < conf.destinations_count; i++)
		must(!level_permits_clear(conf.destinations[i].rule.level));
	conf_cleanup(&conf);
	free(text);
	free(table);
	return 0;
}
