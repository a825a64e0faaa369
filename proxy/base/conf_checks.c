/* conf_checks.c - what must hold between the keys of a configuration. Each value by itself is sound already, or told.
 */
#include "proxy/base/conf_internal.h"

#include <stdlib.h>
#include <string.h>

static void check_scope(const struct conf *conf, const struct conf_section *gate, struct conf_problems *problems)
{
	if (conf->fence && !conf->scope_forward)
		conf_problem(problems, conf_line_of(gate, "fence"),
			     "fence = yes needs scope forward: packets of this host are not routed past it");
	if (!conf->scope_forward)
		return;
	if (conf_line_of(gate, "interfaces") == 0)
		conf_problem(problems, conf_line_of(gate, "scope"),
			     "scope forward needs interfaces: where clients enter from");
	if (conf_line_of(gate, "sources") == 0)
		conf_problem(problems, conf_line_of(gate, "scope"),
			     "scope forward needs sources: who may speak SMTP outwards at all");
}

/* Packet marks and connection marks are two things, but often one is saved into the other: no bit is used twice. */
static void check_marks(const struct conf *conf, const struct conf_section *gate, struct conf_problems *problems)
{
	const struct {
		const char *key;
		uint32_t mark;
	} marks[] = {
		{ "mark-own", conf->mark_own },         { "mark-tproxy", conf->mark_tproxy },
		{ "mark-seen", conf->mark_seen },       { "ctmark-approved", conf->ctmark_approved },
		{ "ctmark-local", conf->ctmark_local },
	};

	for (size_t i = 0; i < COUNT(marks); i++) {
		for (size_t k = 0; k < i; k++) {
			unsigned first = conf_line_of(gate, marks[k].key);
			unsigned second = conf_line_of(gate, marks[i].key);
			if (marks[i].mark == marks[k].mark)
				conf_problem(problems, first > second ? first : second,
					     "%s and %s are the same bit, 0x%x", marks[k].key, marks[i].key,
					     (unsigned)marks[i].mark);
		}
	}
}

/* Who proves DNSSEC, and what needs it. */
static void check_dnssec(const struct conf *conf, const struct conf_section *gate, struct conf_problems *problems)
{
	if (conf->recursion && conf->dnssec != CONF_DNSSEC_VALIDATE)
		conf_problem(
			problems, conf_line_of(gate, "recursion"),
			"recursion = yes needs dnssec = validate: no resolver is asked then, so none can be believed");
	if (conf->dnssec == CONF_DNSSEC_OFF && conf->default_level == LEVEL_DANE_ONLY)
		conf_problem(problems, conf_line_of(gate, "default-level"),
			     "default-level dane-only can never be met with dnssec = off");
}

static void check_ports(const struct conf *conf, const struct conf_section *gate, struct conf_problems *problems)
{
	unsigned line = conf_line_of(gate, "listen-port");

	for (size_t i = 0; i < conf->ports_count; i++) {
		if (conf->ports[i] == conf->listen_port)
			conf_problem(problems, line != 0 ? line : conf_line_of(gate, "ports"),
				     "listen-port %u is one of the intercepted ports", conf->listen_port);
	}
	if (conf->ports_count == 0 && conf->listen_port == 25)
		conf_problem(problems, line, "listen-port 25 is one of the intercepted ports");
	if (conf->monitor && conf->monitor_listen.port == conf->listen_port)
		conf_problem(problems, line != 0 ? line : conf_line_of(gate, "monitor"),
			     "listen-port and monitor use the same port, %u", conf->listen_port);
}

/* The guards let the worker's user out: no other process may run under it. */
static void check_users(const struct conf *conf, const struct conf_section *gate, struct conf_problems *problems)
{
	const char *user = conf->user != NULL ? conf->user : "gate25";

	if (conf->policy_user != NULL && strcmp(user, conf->policy_user) == 0)
		conf_problem(problems, conf_line_of(gate, "policy-user"), "policy-user must differ from user");
	if (conf->monitor_user != NULL && strcmp(user, conf->monitor_user) == 0)
		conf_problem(problems, conf_line_of(gate, "monitor-user"), "monitor-user must differ from user");
}

static void check_client_tls(const struct conf *conf, const struct conf_section *gate, struct conf_problems *problems)
{
	if ((conf->client_tls_certificate == NULL) == (conf->client_tls_key == NULL))
		return;
	conf_problem(problems,
		     conf_line_of(gate, conf->client_tls_key == NULL ? "client-tls-certificate" : "client-tls-key"),
		     "client-tls-certificate and client-tls-key belong together, and one is missing");
}

void conf_check_gate(const struct conf *conf, const struct conf_section *gate, struct conf_problems *problems)
{
	check_scope(conf, gate, problems);
	check_marks(conf, gate, problems);
	check_dnssec(conf, gate, problems);
	check_ports(conf, gate, problems);
	check_users(conf, gate, problems);
	check_client_tls(conf, gate, problems);
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

static bool is_match_word(const char *item)
{
	return strcmp(item, "hostname") == 0 || strcmp(item, "nexthop") == 0 || strcmp(item, "dot-nexthop") == 0;
}

/* A destination is an address: without nexthop, only names that are written out can be looked for in a certificate. */
static void check_destination(const struct conf_rule *rule, const struct conf_section *section,
			      struct conf_problems *problems)
{
	if (conf_line_of(section, "nexthop") != 0)
		return;
	if (level_is_dane(rule->level))
		conf_problem(problems, section->line,
			     "level %s of a destination needs nexthop: an address has no TLSA records",
			     level_name(rule->level));
	if (!level_is_named(rule->level))
		return;
	if (conf_line_of(section, "match") == 0)
		conf_problem(problems, section->line,
			     "level %s of a destination needs nexthop or match: an address has no name to look for",
			     level_name(rule->level));
	for (size_t i = 0; i < rule->match.count; i++) {
		if (is_match_word(rule->match.items[i]))
			conf_problem(problems, conf_line_of(section, "match"),
				     "match = %s needs nexthop in a destination", rule->match.items[i]);
	}
}

/* An attribute that its level never looks at is a mistake, and perhaps one that someone relies on. */
static void check_attributes(const struct conf_rule *rule, const struct conf_section *section,
			     struct conf_problems *problems)
{
	const char *level = level_name(rule->level);
	bool names = level_is_named(rule->level) || rule->level == LEVEL_DANE; /* its floor may */
	const struct {
		const char *key;
		bool used;
		const char *levels;
	} rows[] = {
		{ "match", names, "dane, verify and secure" },
		{ "ca-file", names, "dane, verify and secure" },
		{ "floor", rule->level == LEVEL_DANE, "dane" },
		{ "fingerprints", rule->level == LEVEL_FINGERPRINT, "fingerprint" },
		{ "auth", !rule->auth || level_authenticates(rule->level),
		  "fingerprint, dane, dane-only, verify and secure" },
		{ "servername", rule->level != LEVEL_NONE, "all but none" },
		{ "min-protocol", rule->level != LEVEL_NONE, "all but none" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!rows[i].used && conf_line_of(section, rows[i].key) != 0)
			conf_problem(problems, conf_line_of(section, rows[i].key),
				     "%s has no meaning at level %s; its levels: %s", rows[i].key, level,
				     rows[i].levels);
	}
	if (rule->level == LEVEL_FINGERPRINT && conf_line_of(section, "fingerprints") == 0)
		conf_problem(problems, section->line, "level fingerprint needs fingerprints");
}

void conf_check_rule(const struct conf_rule *rule, const struct conf_section *section, struct conf_problems *problems)
{
	if (conf_line_of(section, "level") == 0)
		conf_problem(problems, section->line, "this rule has no level");
	if (rule->level == LEVEL_UNSET)
		return;
	check_attributes(rule, section, problems);
	if (section->where == CONF_IN_DESTINATION)
		check_destination(rule, section, problems);
}

void conf_check_client(const struct conf_section *section, struct conf_problems *problems)
{
	if (conf_line_of(section, "client-tls") == 0)
		conf_problem(problems, section->line, "this client section says nothing: it has no client-tls");
}

/* --- rules against each other: sorted, so that a long list costs no quadratic time ---------------------------------
 */

static int compare_lines(unsigned a, unsigned b)
{
	return a < b ? -1 : a > b;
}

static int by_name(const void *left, const void *right)
{
	const struct conf_domain *const *a = left;
	const struct conf_domain *const *b = right;
	int order = strcmp((*a)->name, (*b)->name);

	return order != 0 ? order : compare_lines((*a)->rule.line, (*b)->rule.line);
}

static int by_prefix(const void *left, const void *right)
{
	const struct conf_destination *const *a = left;
	const struct conf_destination *const *b = right;
	int order = memcmp(&(*a)->prefix, &(*b)->prefix, sizeof(struct prefix));

	return order != 0 ? order : compare_lines((*a)->rule.line, (*b)->rule.line);
}

static void check_domains(const struct conf *conf, struct conf_problems *problems)
{
	const struct conf_domain **all = calloc(conf->domains_count + 1, sizeof(struct conf_domain *));
	size_t n = 0;

	if (all == NULL) {
		problems->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < conf->domains_count; i++) {
		if (conf->domains[i].name != NULL)
			all[n++] = &conf->domains[i];
	}
	qsort(all, n, sizeof(struct conf_domain *), by_name);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(all[i - 1]->name, all[i]->name) == 0)
			conf_problem(problems, all[i]->rule.line, "domain \"%s\" has a rule already, on line %u",
				     all[i]->name, all[i - 1]->rule.line);
	}
	free(all);
}

static void check_destinations(const struct conf *conf, struct conf_problems *problems)
{
	const struct conf_destination **all = calloc(conf->destinations_count + 1, sizeof(struct conf_destination *));
	size_t n = 0;
	char text[ADDR_TEXT_MAX];

	if (all == NULL) {
		problems->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < conf->destinations_count; i++) {
		if (conf->destinations[i].prefix.addr.family != 0)
			all[n++] = &conf->destinations[i];
	}
	qsort(all, n, sizeof(struct conf_destination *), by_prefix);
	for (size_t i = 1; i < n; i++) {
		const struct prefix *prefix = &all[i]->prefix;
		if (memcmp(&all[i - 1]->prefix, prefix, sizeof(*prefix)) == 0)
			conf_problem(problems, all[i]->rule.line,
				     "destination \"%s/%u\" has a rule already, on line %u",
				     addr_format(&prefix->addr, text), prefix->bits, all[i - 1]->rule.line);
	}
	free(all);
}

static int by_client(const void *left, const void *right)
{
	const struct conf_client *const *a = left;
	const struct conf_client *const *b = right;
	int order = memcmp(&(*a)->prefix, &(*b)->prefix, sizeof(struct prefix));

	return order != 0 ? order : compare_lines((*a)->line, (*b)->line);
}

static void check_clients(const struct conf *conf, struct conf_problems *problems)
{
	const struct conf_client **all = calloc(conf->clients_count + 1, sizeof(struct conf_client *));
	size_t n = 0;
	char text[ADDR_TEXT_MAX];

	if (all == NULL) {
		problems->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < conf->clients_count; i++) {
		if (conf->clients[i].prefix.addr.family != 0)
			all[n++] = &conf->clients[i];
	}
	qsort(all, n, sizeof(struct conf_client *), by_client);
	for (size_t i = 1; i < n; i++) {
		const struct prefix *prefix = &all[i]->prefix;
		if (memcmp(&all[i - 1]->prefix, prefix, sizeof(*prefix)) == 0)
			conf_problem(problems, all[i]->line, "client \"%s/%u\" has a section already, on line %u",
				     addr_format(&prefix->addr, text), prefix->bits, all[i - 1]->line);
	}
	free(all);
}

void conf_check_duplicates(const struct conf *conf, struct conf_problems *problems)
{
	check_domains(conf, problems);
	check_destinations(conf, problems);
	check_clients(conf, problems);
}
