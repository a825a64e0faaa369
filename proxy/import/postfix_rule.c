/* postfix_rule.c - key and policy as a rule of gate25.conf.
 *
 * Postfix knows the next hop by name and looks a policy up by it. gate25 sees recipients and addresses: a name of
 * recipients is a domain rule, an address is a destination rule, and a host without a look at its MX records is one
 * whose addresses only the operator knows. */
#include "proxy/import/postfix_internal.h"

#include <stdio.h>
#include <string.h>

#include "proxy/base/printable.h"

/* Where a rule goes: in force, or behind # signs for somebody to complete. */
struct target {
	const char *section; /* "domain" or "destination" */
	char title[CONF_NAME_MAX];
	const char *nexthop; /* NULL: none */
	const char *lead;    /* "" or "#" */
};

static void print_list(FILE *out, const char *lead, const char *key, const struct string_list *list)
{
	if (list->count == 0)
		return;
	(void)fprintf(out, "%s\t%s = {", lead, key);
	for (size_t i = 0; i < list->count; i++)
		(void)fprintf(out, "%s\"%s\"", i > 0 ? ", " : "", list->items[i]);
	(void)fprintf(out, "}\n");
}

static void print_rule(FILE *out, const char *origin, const struct target *target, const struct postfix_policy *policy)
{
	const char *lead = target->lead;

	(void)fprintf(out, "\n# ");
	printable_print(out, origin);
	(void)fprintf(out, "\n%s%s \"%s\" {\n%s\tlevel = %s\n", lead, target->section, target->title, lead,
		      level_name(policy->level));
	if (policy->level == LEVEL_DANE)
		(void)fprintf(out,
			      "%s\t# Postfix goes on in clear text where there are no TLSA records: that would be\n"
			      "%s\t# floor = may. Without it the gate's floor holds.\n",
			      lead, lead);
	if (target->nexthop != NULL)
		(void)fprintf(out, "%s\tnexthop = \"%s\"\n", lead, target->nexthop);
	print_list(out, lead, "match", &policy->match);
	print_list(out, lead, "fingerprints", &policy->fingerprints);
	if (policy->servername[0] != '\0')
		(void)fprintf(out, "%s\tservername = \"%s\"\n", lead, policy->servername);
	if (policy->ca_file != NULL)
		(void)fprintf(out, "%s\tca-file = \"%s\"\n", lead, policy->ca_file);
	if (policy->tls13)
		(void)fprintf(out, "%s\tmin-protocol = TLSv1.3\n", lead);
	(void)fprintf(out, "%s}\n", lead);
}

/* fill_servername puts the next hop's name in the place of the word. */
static void fill_servername(struct postfix_policy *policy, const struct postfix_key *key, struct postfix_teller *teller)
{
	if (strcmp(policy->servername, "nexthop") != 0)
		return;
	policy->servername[0] = '\0';
	if (key->name[0] != '\0' && key->name[0] != '.')
		(void)snprintf(policy->servername, sizeof(policy->servername), "%s", key->name);
	else
		(void)postfix_lost(
			teller, "servername=nexthop: there is no one name here; where a server wants it, write a rule "
				"for each domain with its servername");
}

/* wants_name: level and match need a name that an address has not. */
static bool wants_name(const struct postfix_policy *policy)
{
	if (level_is_dane(policy->level))
		return true;
	return level_is_named(policy->level) &&
	       (policy->match.count == 0 || policy->names_hostname || policy->names_nexthop);
}

/* --- an address --------------------------------------------------------------------------------------------------- */

/* holds_at_address: whether the rule may stand there as it is. A destination rule comes before every other one, so one
 * that permits clear text would undo theirs. */
static bool holds_at_address(const struct postfix_key *key, const struct postfix_policy *policy,
			     struct postfix_teller *teller)
{
	if (!postfix_key_is_smtp(key))
		return postfix_lost(
			teller,
			"a destination rule holds at every port, and this one is for %s: see that ports has "
			"it and that the rule may hold at the others, then remove the # signs",
			key->port);
	if (level_permits_clear(policy->level))
		return postfix_lost(
			teller,
			"a destination rule comes before the domains' own, for all recipients: level %s there "
			"would undo theirs; where that is meant, remove the # signs",
			level_name(policy->level));
	if (wants_name(policy))
		return postfix_lost(
			teller,
			"an address has no name for level %s to go by: add nexthop, or match with names that "
			"are written out, and remove the # signs",
			level_name(policy->level));
	return true;
}

static bool print_address(FILE *out, const char *origin, const struct postfix_key *key,
			  const struct postfix_policy *policy, bool taken, struct postfix_teller *teller)
{
	struct target target = { .section = "destination", .lead = "" };
	char text[ADDR_TEXT_MAX];
	bool holds;

	(void)snprintf(target.title, sizeof(target.title), "%s", addr_format(&key->addr, text));
	holds = !taken && holds_at_address(key, policy, teller);
	if (!holds)
		target.lead = "#";
	if (taken)
		(void)postfix_lost(teller, "the address has a rule already, from a line before: choose one of them");
	else if (holds)
		postfix_note(teller,
			     "the rule holds for all sessions with this address, whatever the recipient's domain");
	print_rule(out, origin, &target, policy);
	return holds;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static bool print_host(FILE *out, const char *origin, const struct postfix_key *key,
		       const struct postfix_policy *policy, struct postfix_teller *teller)
{
	const struct target target = {
		.section = "destination", .title = "ADDRESS", .nexthop = key->name, .lead = "#"
	};

	print_rule(out, origin, &target, policy);
	return postfix_lost(
		teller,
		"a host without a look at its MX records, which gate25 knows by its address: put that in the "
		"place of ADDRESS, in a rule for each%s, and remove the # signs",
		postfix_key_is_smtp(key) ? "" : ", see that ports has its port");
}

static bool print_port(FILE *out, const char *origin, const struct postfix_key *key,
		       const struct postfix_policy *policy, struct postfix_teller *teller)
{
	struct target target = { .section = "domain", .lead = "#" };

	(void)snprintf(target.title, sizeof(target.title), "%s", key->name);
	print_rule(out, origin, &target, policy);
	return postfix_lost(
		teller,
		"a next hop with a port, which a transport table names: where it is the recipients' domain as "
		"well, and %s is among ports, remove the # signs",
		key->port);
}

static bool print_domain(FILE *out, const char *origin, const struct postfix_key *key,
			 const struct postfix_policy *policy, bool taken, struct postfix_teller *teller)
{
	struct target target = { .section = "domain", .lead = taken ? "#" : "" };

	(void)snprintf(target.title, sizeof(target.title), "%s", key->name);
	print_rule(out, origin, &target, policy);
	return !taken || postfix_lost(teller, "the domain has a rule already, from a line before: choose one of them");
}

bool postfix_rule_print(FILE *out, const char *origin, const struct postfix_key *key,
			const struct postfix_policy *policy, bool taken, struct postfix_teller *teller)
{
	struct postfix_policy filled = *policy; /* borrows its lists */

	fill_servername(&filled, key, teller);
	switch (key->kind) {
	case POSTFIX_KEY_ADDRESS: return print_address(out, origin, key, &filled, taken, teller);
	case POSTFIX_KEY_HOST: return print_host(out, origin, key, &filled, teller);
	case POSTFIX_KEY_PORT: return print_port(out, origin, key, &filled, teller);
	case POSTFIX_KEY_DOMAIN: break;
	}
	return print_domain(out, origin, key, &filled, taken, teller);
}
