/* conf.c - see conf.h. From text to struct conf: defaults, conf_scan, libConfuse with conf_keys, conf_checks. */
#include "proxy/base/conf.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/conf_internal.h"

/* The parse under way. libConfuse hands its callbacks no context, and its lexer is one for the whole process anyway. */
static struct parse {
	struct conf *conf;
	struct conf_scan *scan;
	struct conf_problems *problems;
	void **bases;   /* what each of scan->sections fills, in their order: a conf_rule or a conf_client */
	size_t section; /* the one that libConfuse is in, or reaches next */
} * parse;

static void PRINTF_LIKE(2, 0) on_syntax_error(cfg_t *cfg, const char *format, va_list args)
{
	char text[256];

	(void)vsnprintf(text, sizeof(text), format, args);
	conf_problem(parse->problems, (unsigned)cfg->line, "%s", text);
}

/* on_value stores one value. It never fails towards libConfuse, which would stop: all problems are to be told. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct conf_section *section = &parse->scan->gate;
	void *base = parse->conf;
	const char *wrong;
	int index;

	*(const char **)result = value;
	if (strcmp(cfg_name(cfg), "root") != 0) {
		if (parse->section >= parse->scan->sections_count)
			return -1;
		section = &parse->scan->sections[parse->section];
		base = parse->bases[parse->section];
	}
	index = conf_key_index(cfg_opt_name(opt), section->where);
	if (index < 0)
		return -1;
	if (!conf_keys[index].list && cfg_opt_size(opt) > 1) {
		conf_problem(parse->problems, (unsigned)cfg->line, "%s takes a single value", conf_keys[index].name);
		return 0;
	}
	wrong = conf_keys[index].set(&conf_keys[index], base, value);
	if (wrong != NULL)
		conf_problem(parse->problems, (unsigned)cfg->line, "%s: \"%s\" %s", conf_keys[index].name, value,
			     wrong);
	return 0;
}

static int on_section_end(cfg_t *cfg, cfg_opt_t *opt)
{
	(void)cfg;
	(void)opt;
	parse->section++;
	return 0;
}

#define SECTION_KINDS 3

/* options_of fills |out|, CONF_KEYS_MAX and an end, with the keys of |where|, as lists: that a key takes one value is
 * ours to say. */
static size_t options_of(unsigned where, cfg_opt_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < conf_keys_count; i++) {
		if ((conf_keys[i].where & where) == 0)
			continue;
		cfg_opt_t option = CFG_STR_LIST_CB(conf_keys[i].name, NULL, CFGF_NODEFAULT, on_value);
		out[n++] = option;
	}
	cfg_opt_t end = CFG_END();
	out[n] = end;
	return n;
}

static bool run_libconfuse(const char *text)
{
	cfg_opt_t gate[CONF_KEYS_MAX + SECTION_KINDS + 1];
	cfg_opt_t domain[CONF_KEYS_MAX + 1];
	cfg_opt_t destination[CONF_KEYS_MAX + 1];
	cfg_opt_t client[CONF_KEYS_MAX + 1];
	cfg_opt_t sections[] = {
		CFG_SEC("domain", domain, CFGF_MULTI),
		CFG_SEC("destination", destination, CFGF_MULTI),
		CFG_SEC("client", client, CFGF_MULTI),
		CFG_END(),
	};
	size_t n = options_of(CONF_IN_GATE, gate);
	cfg_t *cfg;
	bool ok;

	(void)options_of(CONF_IN_DOMAIN, domain);
	(void)options_of(CONF_IN_DESTINATION, destination);
	(void)options_of(CONF_IN_CLIENT, client);
	for (size_t i = 0; i < SECTION_KINDS; i++)
		sections[i].validcb = on_section_end;
	memcpy(gate + n, sections, sizeof(sections));

	cfg = cfg_init(gate, CFGF_NONE);
	if (cfg == NULL)
		return false;
	(void)cfg_set_error_function(cfg, on_syntax_error);
	ok = cfg_parse_buf(cfg, text) == CFG_SUCCESS;
	(void)cfg_free(cfg);
	return ok;
}

/* --- defaults ----------------------------------------------------------------------------------------------------- */

static void set_defaults(struct conf *conf)
{
	*conf = (struct conf){
		.source = CONF_SOURCE_UNSET,
		.listen_port = CONF_LISTEN_PORT,
		.mark_own = CONF_MARK_OWN,
		.mark_tproxy = CONF_MARK_TPROXY,
		.mark_seen = CONF_MARK_SEEN,
		.ctmark_approved = CONF_CTMARK_APPROVED,
		.ctmark_local = CONF_CTMARK_LOCAL,
		.route_table = CONF_ROUTE_TABLE,
		.monitor = true,
		.monitor_listen = { .addr = { .family = AF_INET, .bytes = { 127, 0, 0, 1 } },
				    .port = CONF_MONITOR_PORT },
		.log_format = LOG_FORMAT_TEXT,
		.log_level = LOG_LEVEL_INFO,
		.max_sessions = CONF_MAX_SESSIONS,
		.drain_limit_s = CONF_DRAIN_LIMIT_S,
		.max_sessions_client = CONF_MAX_SESSIONS_CLIENT,
		.max_sessions_destination = CONF_MAX_SESSIONS_DESTINATION,
		.max_handshakes = CONF_MAX_HANDSHAKES,
		.bare_newline = CONF_BARE_NEWLINE_NORMALIZE,
		.tls_compat = true,
		.enforce = true,
		.default_level = LEVEL_DANE,
		.floor = LEVEL_ENCRYPT,
		.mta_sts = true,
		.history_mib = CONF_HISTORY_MIB,
	};
}

static bool default_string(char **out, const char *text)
{
	return *out != NULL || conf_string_set(out, text) == NULL;
}

/* complete gives lists and strings that were not named their defaults. */
static bool complete(struct conf *conf)
{
	if (!conf->scope_local && !conf->scope_forward)
		conf->scope_local = true;
	if (conf->source == CONF_SOURCE_UNSET)
		conf->source = CONF_SOURCE_CLIENT;
	if (conf->bogus_names.count == 0) {
		char *name = NULL;
		if (conf_string_set(&name, CONF_BOGUS_NAME) != NULL ||
		    conf_strings_add(&conf->bogus_names, name) != NULL)
			return false;
	}
	if (conf->ports_count == 0) {
		conf->ports = malloc(sizeof(*conf->ports));
		if (conf->ports == NULL)
			return false;
		conf->ports[conf->ports_count++] = 25;
	}
	return default_string(&conf->user, "gate25") && default_string(&conf->policy_user, "gate25-policy") &&
	       default_string(&conf->monitor_user, "gate25-monitor") && default_string(&conf->ca_file, CONF_CA_FILE) &&
	       default_string(&conf->state_dir, CONF_STATE_DIR);
}

/* --- sections ----------------------------------------------------------------------------------------------------- */

static struct conf_rule *add_domain(struct conf *conf, const struct conf_section *section,
				    struct conf_problems *problems)
{
	struct conf_domain *domain = &conf->domains[conf->domains_count++];
	const char *wrong = conf_name_make(&domain->name, section->title, true);

	if (wrong != NULL)
		conf_problem(problems, section->line, "domain \"%s\" %s", section->title, wrong);
	return &domain->rule;
}

static void read_prefix(struct prefix *out, const char *kind, const struct conf_section *section,
			struct conf_problems *problems)
{
	if (!prefix_parse(out, section->title))
		conf_problem(problems, section->line,
			     "%s \"%s\" is not an address or prefix (no bits set behind the prefix length)", kind,
			     section->title);
}

static struct conf_rule *add_destination(struct conf *conf, const struct conf_section *section,
					 struct conf_problems *problems)
{
	struct conf_destination *destination = &conf->destinations[conf->destinations_count++];

	read_prefix(&destination->prefix, "destination", section, problems);
	return &destination->rule;
}

static struct conf_client *add_client(struct conf *conf, const struct conf_section *section,
				      struct conf_problems *problems)
{
	struct conf_client *client = &conf->clients[conf->clients_count++];

	read_prefix(&client->prefix, "client", section, problems);
	client->line = section->line;
	return client;
}

static void *add_rule(struct conf *conf, const struct conf_section *section, struct conf_problems *problems)
{
	struct conf_rule *rule = section->where == CONF_IN_DOMAIN ? add_domain(conf, section, problems)
								  : add_destination(conf, section, problems);

	rule->line = section->line;
	rule->enforce = true;
	return rule;
}

/* make_bases makes what each section fills, before libConfuse fills it: its address does not change any more. */
static bool make_bases(struct parse *p)
{
	size_t count = p->scan->sections_count;

	if (count == 0)
		return true;
	p->bases = calloc(count, sizeof(void *));
	p->conf->domains = calloc(count, sizeof(*p->conf->domains));
	p->conf->destinations = calloc(count, sizeof(*p->conf->destinations));
	p->conf->clients = calloc(count, sizeof(*p->conf->clients));
	if (p->bases == NULL || p->conf->domains == NULL || p->conf->destinations == NULL || p->conf->clients == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct conf_section *section = &p->scan->sections[i];
		p->bases[i] = section->where == CONF_IN_CLIENT ? (void *)add_client(p->conf, section, p->problems)
							       : add_rule(p->conf, section, p->problems);
	}
	return true;
}

/* rule_of: the rule that section |i| fills; NULL: it is none. */
static const struct conf_rule *rule_of(const struct parse *p, size_t i)
{
	return p->scan->sections[i].where == CONF_IN_CLIENT ? NULL : p->bases[i];
}

static bool number_ca_files(struct parse *p)
{
	for (size_t i = 0; i < p->scan->sections_count; i++) {
		const struct conf_rule *rule = rule_of(p, i);
		char *copy = NULL;
		if (rule == NULL || rule->ca_file == NULL || conf_ca_index(p->conf, rule->ca_file) != 0)
			continue;
		if (conf_string_set(&copy, rule->ca_file) != NULL || conf_strings_add(&p->conf->ca_files, copy) != NULL)
			return false;
	}
	return true;
}

static void read_values(struct parse *p)
{
	bool ok;

	parse = p;
	ok = run_libconfuse(p->scan->text);
	parse = NULL;
	/* Fail closed, should the two readers ever disagree. */
	if ((!ok || !p->scan->understood) && p->problems->count == 0)
		conf_problem(p->problems, 0, "the file cannot be read");
	if (!ok)
		return;
	if (!number_ca_files(p))
		p->problems->out_of_memory = true;
	conf_check_gate(p->conf, &p->scan->gate, p->problems);
	for (size_t i = 0; i < p->scan->sections_count; i++) {
		if (rule_of(p, i) != NULL)
			conf_check_rule(rule_of(p, i), &p->scan->sections[i], p->problems);
		else
			conf_check_client(&p->scan->sections[i], p->problems);
	}
	conf_check_duplicates(p->conf, p->problems);
}

bool conf_parse(struct conf *out, const char *name, const char *text, conf_error_fn *error, void *arg)
{
	struct conf_problems problems = { 0 };
	struct conf_scan scan;
	struct parse p = { .conf = out, .scan = &scan, .problems = &problems };

	set_defaults(out);
	if (conf_scan(&scan, text, &problems)) {
		if (make_bases(&p))
			read_values(&p);
		else
			problems.out_of_memory = true;
	}
	free(p.bases);
	conf_scan_cleanup(&scan);
	if (!complete(out))
		problems.out_of_memory = true;
	return !conf_problems_tell(&problems, name, error, arg);
}
