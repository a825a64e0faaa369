/* conf_warnings.c - what a sound configuration says that its author may not have meant. */
#include "proxy/base/conf_internal.h"

#include <stdio.h>
#include <string.h>

#define PASSTHROUGH_WARNING \
	"%sclient-tls = passthrough: the gate ensures that TLS happens, and judges no server: the client must"

/* Ranges that the Internet does not route: RFC 1918, 6598, 3927. Behind them someone rewrites addresses in any case. */
static bool is_private(const struct prefix *prefix)
{
	static const struct prefix ranges[] = {
		{ { AF_INET, { 10, 0, 0, 0 } }, 8 },     { { AF_INET, { 172, 16, 0, 0 } }, 12 },
		{ { AF_INET, { 192, 168, 0, 0 } }, 16 }, { { AF_INET, { 100, 64, 0, 0 } }, 10 },
		{ { AF_INET, { 169, 254, 0, 0 } }, 16 },
	};

	for (size_t i = 0; i < COUNT(ranges); i++) {
		if (prefix->bits >= ranges[i].bits && prefix_contains(&ranges[i], &prefix->addr))
			return true;
	}
	return false;
}

#define PREFIX_TEXT_MAX (ADDR_TEXT_MAX + 4)

/* prefix_text writes a single address without its length. */
static const char *prefix_text(const struct prefix *prefix, char buf[PREFIX_TEXT_MAX])
{
	char addr[ADDR_TEXT_MAX];

	(void)addr_format(&prefix->addr, addr);
	if (prefix->bits == addr_len(&prefix->addr) * 8)
		(void)snprintf(buf, PREFIX_TEXT_MAX, "%s", addr);
	else
		(void)snprintf(buf, PREFIX_TEXT_MAX, "%s/%u", addr, prefix->bits);
	return buf;
}

static void warn_sources(const struct conf *conf, struct conf_problems *warnings)
{
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < conf->sources.count; i++) {
		const struct prefix *prefix = &conf->sources.items[i];
		if (prefix->bits == 0)
			conf_problem(warnings, 0, "sources has %s: everybody may speak SMTP outwards",
				     prefix_text(prefix, text));
		else if (conf->source != CONF_SOURCE_CLIENT && !is_private(prefix))
			conf_problem(warnings, 0,
				     "source hides the routable addresses of %s behind this gateway's: servers judge "
				     "clients by address (SPF, PTR, allow-lists)",
				     prefix_text(prefix, text));
		for (size_t k = 0; k < conf->destinations_count; k++) {
			const struct conf_destination *destination = &conf->destinations[k];
			if (prefix->bits > 0 && prefix_contains(prefix, &destination->prefix.addr))
				conf_problem(warnings, destination->rule.line,
					     "this destination lies within sources: what it sends outwards itself goes "
					     "through the gate, too");
		}
	}
}

static void warn_scope(const struct conf *conf, struct conf_problems *warnings)
{
	const struct {
		const char *key;
		bool idle;
	} rows[] = {
		{ "interfaces", !conf->scope_forward && conf->interfaces.count > 0 },
		{ "sources", !conf->scope_forward && conf->sources.count > 0 },
		{ "source", !conf->scope_forward && conf->source != CONF_SOURCE_CLIENT },
		{ "exempt-source", !conf->scope_forward && conf->exempt_source.count > 0 },
		{ "exempt-user", !conf->scope_local && conf->exempt_user.count > 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].idle)
			conf_problem(warnings, 0, "%s has no effect: scope does not have %s", rows[i].key,
				     conf->scope_forward ? "local" : "forward");
	}
	if (conf->scope_forward)
		warn_sources(conf, warnings);
}

/* wants_published: whether level dane, where what is published counts, holds anywhere. */
static bool wants_published(const struct conf *conf)
{
	bool wants = conf->default_level == LEVEL_DANE;

	for (size_t i = 0; i < conf->domains_count; i++)
		wants = wants || conf->domains[i].rule.level == LEVEL_DANE;
	for (size_t i = 0; i < conf->destinations_count; i++)
		wants = wants || conf->destinations[i].rule.level == LEVEL_DANE;
	return wants;
}

/* deploy/systemd/gate25.service has PrivateTmp=: what is there, the gate does not see. */
static bool is_temporary(const char *path)
{
	return strncmp(path, "/tmp/", 5) == 0 || strncmp(path, "/var/tmp/", 9) == 0;
}

static void warn_gate(const struct conf *conf, struct conf_problems *warnings)
{
	char text[ENDPOINT_TEXT_MAX];

	if (!conf->enforce)
		conf_problem(warnings, 0,
			     "enforce = no: the gate reports and refuses nothing; mail may leave in clear");
	if (level_permits_clear(conf->default_level))
		conf_problem(warnings, 0, "default-level = %s: mail may leave in clear wherever no rule forbids it",
			     level_name(conf->default_level));
	if (conf->default_level == LEVEL_DANE && level_permits_clear(conf->floor))
		conf_problem(warnings, 0, "floor = %s: mail may leave in clear wherever no DANE forbids it",
			     level_name(conf->floor));
	if (conf->listen_port >= 1024)
		conf_problem(
			warnings, 0,
			"listen-port %u is not below 1024: while gate25 is down, any user of this host could take it",
			conf->listen_port);
	if (conf->monitor && !addr_is_loopback(&conf->monitor_listen.addr))
		conf_problem(warnings, 0, "monitor listens on %s: whoever reaches it reads who mails whom",
			     endpoint_format(&conf->monitor_listen, text));
	if (conf->list_file != NULL && !wants_published(conf))
		conf_problem(warnings, 0, "list-file has no effect: nothing has level dane, where a list counts");
	if (!conf_may_terminate(conf) && conf->client_tls_certificate != NULL)
		conf_problem(warnings, 0, "client-tls-certificate has no effect: client-tls is terminate for nobody");
	if (conf->client_tls == CONF_CLIENT_TLS_PASSTHROUGH)
		conf_problem(warnings, 0, PASSTHROUGH_WARNING, "");
	if (conf->tlsrpt_socket != NULL && is_temporary(conf->tlsrpt_socket))
		conf_problem(
			warnings, 0,
			"tlsrpt-socket %s: where systemd starts gate25 it has a /tmp and a /var/tmp of its own, and "
			"no report will arrive: have the collector put its socket below /run",
			conf->tlsrpt_socket);
	if (!conf->monitor && conf->history_mib > 0 && conf->state_dir[0] != '\0')
		conf_problem(warnings, 0,
			     "monitor = off: gate25 report will have no history (history-size = 0 says that this is "
			     "meant)");
}

/* How much a level demands, coarsely: a rule is weaker only when it gives up a whole kind of protection. */
static unsigned strength(enum level level)
{
	if (level_authenticates(level))
		return 3;
	if (!level_permits_clear(level))
		return level == LEVEL_UNSET ? 0 : 2;
	return level == LEVEL_MAY ? 1 : 0;
}

static void warn_rule(const struct conf *conf, const struct conf_rule *rule, const char *kind, const char *what,
		      struct conf_problems *warnings)
{
	const char *level = level_name(rule->level);

	if (!rule->enforce && conf->enforce)
		conf_problem(warnings, rule->line, "%s %s: enforce = no: refuses nothing; mail may leave in clear",
			     kind, what);
	if (level_permits_clear(rule->level))
		conf_problem(warnings, rule->line, "%s %s: level %s: mail may leave in clear%s", kind, what, level,
			     rule->level == LEVEL_NONE ? ", and TLS is not even tried" : "");
	else if (rule->level == LEVEL_DANE && level_permits_clear(conf_floor(conf, rule)) &&
		 (rule->floor != LEVEL_UNSET || conf->default_level != LEVEL_DANE))
		conf_problem(warnings, rule->line,
			     "%s %s: floor = %s: mail may leave in clear where no DANE forbids it", kind, what,
			     level_name(conf_floor(conf, rule)));
	else if (rule->level == LEVEL_DANE && conf->dnssec == CONF_DNSSEC_OFF)
		conf_problem(warnings, rule->line, "%s %s: level dane comes to %s, for dnssec = off", kind, what,
			     conf->mta_sts || conf->list_file != NULL ? "what is published by other ways, or its floor"
								      : "its floor");
	else if (rule->level == LEVEL_DANE_ONLY && conf->dnssec == CONF_DNSSEC_OFF)
		conf_problem(warnings, rule->line, "%s %s: level dane-only can never be met with dnssec = off", kind,
			     what);
	else if (strength(rule->level) < strength(conf->default_level))
		conf_problem(warnings, rule->line, "%s %s: level %s is weaker than default-level %s", kind, what, level,
			     level_name(conf->default_level));
}

static void warn_client(const struct conf_client *client, struct conf_problems *warnings)
{
	char text[PREFIX_TEXT_MAX];
	char what[PREFIX_TEXT_MAX + 16];

	(void)snprintf(what, sizeof(what), "client %s: ", prefix_text(&client->prefix, text));
	if (client->client_tls == CONF_CLIENT_TLS_PASSTHROUGH)
		conf_problem(warnings, client->line, PASSTHROUGH_WARNING, what);
}

void conf_warnings(const struct conf *conf, const char *name, conf_error_fn *warning, void *arg)
{
	struct conf_problems warnings = { 0 };
	char text[PREFIX_TEXT_MAX];

	warn_gate(conf, &warnings);
	warn_scope(conf, &warnings);
	for (size_t i = 0; i < conf->domains_count; i++)
		warn_rule(conf, &conf->domains[i].rule, "domain", conf->domains[i].name, &warnings);
	for (size_t i = 0; i < conf->destinations_count; i++)
		warn_rule(conf, &conf->destinations[i].rule, "destination",
			  prefix_text(&conf->destinations[i].prefix, text), &warnings);
	for (size_t i = 0; i < conf->clients_count; i++)
		warn_client(&conf->clients[i], &warnings);
	(void)conf_problems_tell(&warnings, name, warning, arg);
}
