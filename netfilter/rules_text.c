/* rules_text.c - see rules_text.h. */
#include "netfilter/rules_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netfilter/plan.h"
#include "netfilter/say.h"

static void put_addr(FILE *out, const uint8_t *bytes, uint8_t family)
{
	struct addr addr = { .family = family };
	char text[ADDR_TEXT_MAX];

	memcpy(addr.bytes, bytes, addr_len(&addr));
	(void)fputs(addr_format(&addr, text), out);
}

/* An address, a prefix, or a range, whichever is shortest. */
static void put_interval(FILE *out, const struct interval *interval, uint8_t family)
{
	int bits = interval_bits(interval, family);

	put_addr(out, interval->first, family);
	if (bits < 0) {
		(void)fputc('-', out);
		put_addr(out, interval->last, family);
	} else if (bits < (family == AF_INET ? 32 : 128)) {
		(void)fprintf(out, "/%d", bits);
	}
}

static void put_key(FILE *out, const struct plan_set *set, const struct interval *item)
{
	uint32_t uid;

	switch (set->type) {
	case PLAN_SET_IPV4:
	case PLAN_SET_IPV6: put_interval(out, item, set->type == PLAN_SET_IPV4 ? AF_INET : AF_INET6); break;
	case PLAN_SET_PORT: (void)fprintf(out, "%u", (unsigned)item->first[0] << 8 | item->first[1]); break;
	case PLAN_SET_UID:
		memcpy(&uid, item->first, sizeof(uid));
		(void)fprintf(out, "%" PRIu32, uid);
		break;
	case PLAN_SET_IFNAME: (void)fprintf(out, "\"%.16s\"", (const char *)item->first); break;
	case PLAN_SET_DOWN4:
	case PLAN_SET_DOWN6:
	case PLAN_SET_DOWN_CLIENT4:
	case PLAN_SET_DOWN_CLIENT6: break; /* no plan has any */
	}
}

static void put_set(FILE *out, const struct plan_set *set)
{
	(void)fprintf(out, "\tset %s {\n\t\ttype %s\n", set->name, plan_set_type_name(set->type));
	if (plan_set_is_interval(set->type))
		(void)fputs("\t\tflags interval\n", out);
	if (plan_set_is_dynamic(set->type))
		(void)fputs("\t\tflags timeout\n", out);
	for (size_t i = 0; i < set->list.count; i++) {
		(void)fputs(i == 0 ? "\t\telements = { " : ",\n\t\t\t     ", out);
		put_key(out, set, &set->list.items[i]);
	}
	(void)fputs(set->list.count > 0 ? " }\n\t}\n" : "\t}\n", out);
}

static bool put_chain(FILE *out, const struct plan_chain *chain)
{
	(void)fprintf(out, "\tchain %s {\n", chain->name);
	if (chain->type != NULL)
		(void)fprintf(out, "\t\ttype %s hook %s priority %s; policy accept;\n", chain->type, chain->hook,
			      chain->priority_name);
	for (size_t i = 0; i < chain->count; i++) {
		(void)fputs("\t\t", out);
		for (size_t k = 0; k < chain->rules[i].count; k++) {
			char text[128];

			if (!term_text(&chain->rules[i].terms[k], text, sizeof(text)))
				return false;
			(void)fprintf(out, "%s%s", k > 0 ? " " : "", text);
		}
		(void)fputc('\n', out);
	}
	(void)fputs("\t}\n", out);
	return true;
}

static bool put_table(FILE *out, const struct plan_table *table)
{
	(void)fprintf(out, "table inet %s {\n", table->name);
	for (size_t i = 0; i < table->sets_count; i++) {
		put_set(out, &table->sets[i]);
		(void)fputc('\n', out);
	}
	for (size_t i = 0; i < table->chains_count; i++) {
		if (!put_chain(out, &table->chains[i]))
			return false;
		if (i + 1 < table->chains_count)
			(void)fputc('\n', out);
	}
	(void)fputs("}\n", out);
	return true;
}

char *rules_text(const struct gate_spec *spec, bool guard_only, char *err, size_t err_len)
{
	struct plan *plan = plan_new(spec, guard_only, err, err_len);
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	bool ok = true;

	if (plan == NULL)
		return NULL;
	out = open_memstream(&text, &len);
	for (size_t i = 0; out != NULL && i < plan->count && ok; i++)
		ok = put_table(out, &plan->tables[i]);
	plan_free(plan);
	if (out == NULL || fclose(out) != 0 || !ok) {
		(void)say(err, err_len, "out of memory");
		free(text);
		return NULL;
	}
	return text;
}
