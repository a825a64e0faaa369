/* conf_keys.c - every key of the configuration, one row each: where it may stand, what it takes, where that goes. */
#include "proxy/base/conf_internal.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static void *field(const struct conf_key *key, void *base)
{
	return (char *)base + key->offset;
}

static const char *set_bool(const struct conf_key *key, void *base, const char *value)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false", "true" };

	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcmp(value, words[i]) == 0) {
			*(bool *)field(key, base) = i % 2 == 1;
			return NULL;
		}
	}
	return key->expect;
}

static const char *set_number(const struct conf_key *key, void *base, const char *value)
{
	unsigned long number;

	if (!conf_number(value, key->min, key->max, &number))
		return key->expect;
	*(uint32_t *)field(key, base) = (uint32_t)number;
	return NULL;
}

static const char *set_workers(const struct conf_key *key, void *base, const char *value)
{
	struct conf *conf = base;

	if (strcmp(value, "auto") != 0)
		return set_number(key, base, value);
	conf->workers = 0;
	return NULL;
}

/* Tables 253 to 255 are the kernel's default, main and local. */
static const char *set_route_table(const struct conf_key *key, void *base, const char *value)
{
	unsigned long number;

	if (conf_number(value, 253, 255, &number))
		return key->expect;
	return set_number(key, base, value);
}

/* The fields are enums, which are as wide as unsigned. */
static const char *set_word(const struct conf_key *key, void *base, const char *value)
{
	for (unsigned i = 0; key->words[i] != NULL; i++) {
		if (strcmp(value, key->words[i]) == 0) {
			memcpy(field(key, base), &i, sizeof(i));
			return NULL;
		}
	}
	return key->expect;
}

static const char *set_log(const struct conf_key *key, void *base, const char *value)
{
	struct conf *conf = base;

	if (strcmp(value, "stderr") != 0 && strcmp(value, "syslog") != 0)
		return key->expect;
	conf->log_syslog = value[1] == 'y';
	return NULL;
}

static const char *set_port(const struct conf_key *key, void *base, const char *value)
{
	unsigned long number;

	if (!conf_number(value, 1, 65535, &number))
		return key->expect;
	*(uint16_t *)field(key, base) = (uint16_t)number;
	return NULL;
}

static const char *set_ports(const struct conf_key *key, void *base, const char *value)
{
	struct conf *conf = base;
	unsigned long number;
	uint16_t *ports;

	if (!conf_number(value, 1, 65535, &number))
		return key->expect;
	for (size_t i = 0; i < conf->ports_count; i++) {
		if (conf->ports[i] == number)
			return "is listed twice";
	}
	ports = realloc(conf->ports, (conf->ports_count + 1) * sizeof(*ports));
	if (ports == NULL)
		return CONF_OUT_OF_MEMORY;
	conf->ports = ports;
	ports[conf->ports_count++] = (uint16_t)number;
	return NULL;
}

static const char *set_mark(const struct conf_key *key, void *base, const char *value)
{
	unsigned long number;

	if (!conf_number(value, 1, UINT32_MAX, &number) || (number & (number - 1)) != 0)
		return key->expect;
	*(uint32_t *)field(key, base) = (uint32_t)number;
	return NULL;
}

static const char *set_scope(const struct conf_key *key, void *base, const char *value)
{
	struct conf *conf = base;
	bool *scope = strcmp(value, "local") == 0     ? &conf->scope_local
		      : strcmp(value, "forward") == 0 ? &conf->scope_forward
						      : NULL;

	if (scope == NULL)
		return key->expect;
	if (*scope)
		return "is listed twice";
	*scope = true;
	return NULL;
}

/* is_host: an address that a packet of ours can come from or go to. */
static bool is_host(const struct addr *addr)
{
	static const uint8_t none[16] = { 0 };

	if (memcmp(addr->bytes, none, addr_len(addr)) == 0)
		return false;
	return addr->family == AF_INET ? addr->bytes[0] < 224 : addr->bytes[0] != 0xff;
}

static const char *set_source(const struct conf_key *key, void *base, const char *value)
{
	struct conf *conf = base;
	bool gateway = strcmp(value, "gateway") == 0;
	struct prefix prefix = { 0 };

	bool word = gateway || strcmp(value, "client") == 0;

	if (conf->source != CONF_SOURCE_UNSET && (word || conf->source != CONF_SOURCE_ADDRESS))
		return "cannot stand beside another value: client, gateway, or one address of each family";
	if (word) {
		conf->source = gateway ? CONF_SOURCE_GATEWAY : CONF_SOURCE_CLIENT;
		return NULL;
	}
	if (!addr_parse(&prefix.addr, value) || !is_host(&prefix.addr) || addr_is_loopback(&prefix.addr))
		return key->expect;
	for (size_t i = 0; i < conf->source_addresses.count; i++) {
		if (conf->source_addresses.items[i].addr.family == prefix.addr.family)
			return "is the second address of its family: one IPv4 and one IPv6 address at most";
	}
	prefix.bits = (uint8_t)(addr_len(&prefix.addr) * 8);
	conf->source = CONF_SOURCE_ADDRESS;
	return conf_prefixes_add(&conf->source_addresses, &prefix);
}

static const char *set_prefix(const struct conf_key *key, void *base, const char *value)
{
	struct prefix prefix;

	if (!prefix_parse(&prefix, value))
		return key->expect;
	return conf_prefixes_add(field(key, base), &prefix);
}

static const char *add_string(const struct conf_key *key, void *base, const char *value)
{
	char *copy = NULL;
	const char *wrong = conf_string_set(&copy, value);

	return wrong != NULL ? wrong : conf_strings_add(field(key, base), copy);
}

static const char *set_interface(const struct conf_key *key, void *base, const char *value)
{
	if (strcmp(value, "lo") == 0)
		return "is the loopback interface, which nothing enters from outside";
	return conf_is_interface(value) ? add_string(key, base, value) : key->expect;
}

static const char *set_exempt_user(const struct conf_key *key, void *base, const char *value)
{
	return conf_is_user(value) ? add_string(key, base, value) : key->expect;
}

/* A uid that others run under, too, would let them past the guards (DESIGN: never 0, 65534 or shared). */
static const char *set_user(const struct conf_key *key, void *base, const char *value)
{
	static const char *const shared[] = { "root", "0", "nobody", "65534" };

	for (size_t i = 0; i < COUNT(shared); i++) {
		if (strcmp(value, shared[i]) == 0)
			return "is not gate25's own: each of its processes needs a user that nothing else runs under";
	}
	return conf_is_user(value) ? conf_string_set(field(key, base), value) : key->expect;
}

static const char *set_path(const struct conf_key *key, void *base, const char *value)
{
	if (value[0] != '/' || value[strlen(value) - 1] == '/')
		return key->expect;
	return conf_string_set(field(key, base), value);
}

static const char *set_monitor(const struct conf_key *key, void *base, const char *value)
{
	struct conf *conf = base;

	conf->monitor = strcmp(value, "off") != 0;
	if (conf->monitor && !endpoint_parse(&conf->monitor_listen, value, CONF_MONITOR_PORT))
		return key->expect;
	return NULL;
}

static const char *set_resolver(const struct conf_key *key, void *base, const char *value)
{
	struct conf *conf = base;
	struct endpoint endpoint;
	struct endpoint *all;

	if (!endpoint_parse(&endpoint, value, 53) || !is_host(&endpoint.addr))
		return key->expect;
	all = realloc(conf->resolvers, (conf->resolvers_count + 1) * sizeof(*all));
	if (all == NULL)
		return CONF_OUT_OF_MEMORY;
	conf->resolvers = all;
	all[conf->resolvers_count++] = endpoint;
	return NULL;
}

/* Kept in the form that TLS libraries take: names with colons between. */
static const char *set_group(const struct conf_key *key, void *base, const char *value)
{
	struct conf *conf = base;
	size_t len = conf->tls_groups != NULL ? strlen(conf->tls_groups) : 0;
	unsigned i = 0;
	char *all;

	while (key->words[i] != NULL && strcmp(key->words[i], value) != 0)
		i++;
	if (key->words[i] == NULL)
		return key->expect;
	all = realloc(conf->tls_groups, len + strlen(value) + 2);
	if (all == NULL)
		return CONF_OUT_OF_MEMORY;
	conf->tls_groups = all;
	if (len > 0)
		all[len++] = ':';
	memcpy(all + len, value, strlen(value) + 1);
	return NULL;
}

static const char *set_level(const struct conf_key *key, void *base, const char *value)
{
	enum level level;

	if (!level_parse(&level, value))
		return key->expect;
	*(enum level *)field(key, base) = level;
	return NULL;
}

static const char *set_default_level(const struct conf_key *key, void *base, const char *value)
{
	if (strcmp(value, level_name(LEVEL_FINGERPRINT)) == 0)
		return "is a level for rules: each server has a fingerprint of its own";
	return set_level(key, base, value);
}

static const char *set_floor(const struct conf_key *key, void *base, const char *value)
{
	enum level level;

	if (!level_parse(&level, value) || level == LEVEL_NONE || level == LEVEL_FINGERPRINT || level == LEVEL_DANE ||
	    level == LEVEL_DANE_ONLY)
		return key->expect;
	*(enum level *)field(key, base) = level;
	return NULL;
}

static const char *set_host(const struct conf_key *key, void *base, const char *value)
{
	struct prefix prefix = { 0 };

	if (!addr_parse(&prefix.addr, value) || !is_host(&prefix.addr))
		return key->expect;
	prefix.bits = (uint8_t)(addr_len(&prefix.addr) * 8);
	return conf_prefixes_add(field(key, base), &prefix);
}

static const char *add_name(const struct conf_key *key, void *base, const char *value)
{
	char *name = NULL;
	const char *wrong = conf_name_make(&name, value, false);

	return wrong != NULL ? wrong : conf_strings_add(field(key, base), name);
}

static const char *set_name(const struct conf_key *key, void *base, const char *value)
{
	char *name = NULL;
	const char *wrong = conf_name_make(&name, value, false);
	char **out = field(key, base);

	if (wrong != NULL)
		return wrong;
	free(*out);
	*out = name;
	return NULL;
}

static const char *set_match(const struct conf_key *key, void *base, const char *value)
{
	char *name = NULL;
	const char *wrong = conf_name_make(&name, value, true);

	return wrong != NULL ? wrong : conf_strings_add(field(key, base), name);
}

static const char *set_fingerprint(const struct conf_key *key, void *base, const char *value)
{
	char *hex = NULL;
	const char *wrong = conf_fingerprint_make(&hex, value);

	return wrong != NULL ? wrong : conf_strings_add(field(key, base), hex);
}

static const char *const dnssec_modes[] = { "auto", "trust-ad", "validate", "off", NULL };
static const char *const insecure_mx[] = { "dane", "encrypt", "may", NULL };
static const char *const log_formats[] = { "text", "json", NULL };
static const char *const log_levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const newlines[] = { "normalize", "reject", NULL };
static const char *const tls_versions[] = { "TLSv1.2", "TLSv1.3", NULL };
static const char *const groups[] = { "X25519MLKEM768", "X25519", "P-256", "P-384", "P-521", NULL };

#define GATE        CONF_IN_GATE
#define RULE        (CONF_IN_DOMAIN | CONF_IN_DESTINATION)
#define DESTINATION CONF_IN_DESTINATION
#define IN_GATE(f)  .offset = offsetof(struct conf, f)
#define IN_RULE(f)  .offset = offsetof(struct conf_rule, f)

#define NOT_BOOL   "is neither yes nor no"
#define NOT_PORT   "is not a port number from 1 to 65535"
#define NOT_PREFIX "is not an address or prefix (192.0.2.0/24, 2001:db8::/32; no bits set behind the prefix length)"
#define NOT_USER   "is not the name or number of a user"
#define NOT_MARK   "is not a mark of exactly one bit (0x1, 0x2, 0x4, ...)"
#define NOT_PATH   "is not the absolute path of a file"
#define NOT_LEVEL  "is not a level: none, may, encrypt, fingerprint, dane, dane-only, verify or secure"
#define NOT_FLOOR  "is none of may, encrypt, verify and secure"

const struct conf_key conf_keys[] = {
	{ "scope", GATE, true, set_scope, .expect = "is neither local nor forward" },
	{ "interfaces", GATE, true, set_interface, IN_GATE(interfaces), "is not the name of a network interface" },
	{ "sources", GATE, true, set_prefix, IN_GATE(sources), NOT_PREFIX },
	{ "source", GATE, true, set_source, .expect = "is neither client nor gateway nor the address of a host" },
	{ "exempt", GATE, true, set_prefix, IN_GATE(exempt), NOT_PREFIX },
	{ "exempt-source", GATE, true, set_prefix, IN_GATE(exempt_source), NOT_PREFIX },
	{ "exempt-user", GATE, true, set_exempt_user, IN_GATE(exempt_user), NOT_USER },
	{ "listen-port", GATE, false, set_port, IN_GATE(listen_port), NOT_PORT },
	{ "ports", GATE, true, set_ports, .expect = NOT_PORT },
	{ "mark-own", GATE, false, set_mark, IN_GATE(mark_own), NOT_MARK },
	{ "mark-tproxy", GATE, false, set_mark, IN_GATE(mark_tproxy), NOT_MARK },
	{ "ctmark-approved", GATE, false, set_mark, IN_GATE(ctmark_approved), NOT_MARK },
	{ "ctmark-local", GATE, false, set_mark, IN_GATE(ctmark_local), NOT_MARK },
	{ "route-table", GATE, false, set_route_table, IN_GATE(route_table),
	  "is not the number of a free routing table, from 1 to 252 or from 256 to 2147483647", 1, INT32_MAX },
	{ "workers", GATE, false, set_workers, IN_GATE(workers), "is neither auto nor a number from 1 to 256", 1, 256 },
	{ "user", GATE, false, set_user, IN_GATE(user), NOT_USER },
	{ "policy-user", GATE, false, set_user, IN_GATE(policy_user), NOT_USER },
	{ "monitor-user", GATE, false, set_user, IN_GATE(monitor_user), NOT_USER },
	{ "monitor", GATE, false, set_monitor, .expect = "is neither off nor ADDRESS:PORT" },
	{ "log", GATE, false, set_log, .expect = "is neither stderr nor syslog" },
	{ "log-format", GATE, false, set_word, IN_GATE(log_format), "is neither text nor json", .words = log_formats },
	{ "log-level", GATE, false, set_word, IN_GATE(log_level), "is none of error, warning, info and debug",
	  .words = log_levels },
	{ "max-sessions", GATE, false, set_number, IN_GATE(max_sessions), "is not a number from 1 to 100000", 1,
	  100000 },
	{ "bare-newline", GATE, false, set_word, IN_GATE(bare_newline), "is neither normalize nor reject",
	  .words = newlines },
	{ "tls-compat", GATE, false, set_bool, IN_GATE(tls_compat), NOT_BOOL },
	{ "tls-groups", GATE, true, set_group, .words = groups,
	  .expect = "is none of X25519MLKEM768, X25519, P-256, P-384 and P-521" },
	{ "ca-file", GATE, false, set_path, IN_GATE(ca_file), NOT_PATH },
	{ "enforce", GATE, false, set_bool, IN_GATE(enforce), NOT_BOOL },
	{ "default-level", GATE, false, set_default_level, IN_GATE(default_level), NOT_LEVEL },
	{ "resolvers", GATE, true, set_resolver, .expect = "is not the address of a resolver, with or without a port" },

	{ "floor", GATE, false, set_floor, IN_GATE(floor), NOT_FLOOR },
	{ "dnssec", GATE, false, set_word, IN_GATE(dnssec), "is none of auto, trust-ad, validate and off",
	  .words = dnssec_modes },
	{ "dane-insecure-mx", GATE, false, set_word, IN_GATE(insecure_mx), "is none of dane, encrypt and may",
	  .words = insecure_mx },
	{ "strict-mx", GATE, false, set_bool, IN_GATE(strict_mx), NOT_BOOL },
	{ "trusted-resolvers", GATE, true, set_host, IN_GATE(trusted_resolvers), "is not the address of a resolver" },
	{ "trust-anchor-file", GATE, false, set_path, IN_GATE(trust_anchor_file), NOT_PATH },
	{ "recursion", GATE, false, set_bool, IN_GATE(recursion), NOT_BOOL },
	{ "root-servers", GATE, true, set_host, IN_GATE(root_servers), "is not the address of a name server" },
	{ "bogus-names", GATE, true, add_name, IN_GATE(bogus_names) },

	{ "level", RULE, false, set_level, IN_RULE(level), NOT_LEVEL },
	{ "floor", RULE, false, set_floor, IN_RULE(floor), NOT_FLOOR },
	{ "enforce", RULE, false, set_bool, IN_RULE(enforce), NOT_BOOL },
	{ "match", RULE, true, set_match, IN_RULE(match) },
	{ "fingerprints", RULE, true, set_fingerprint, IN_RULE(fingerprints) },
	{ "servername", RULE, false, set_name, IN_RULE(servername) },
	{ "nexthop", DESTINATION, false, set_name, IN_RULE(nexthop) },
	{ "ca-file", RULE, false, set_path, IN_RULE(ca_file), NOT_PATH },
	{ "min-protocol", RULE, false, set_word, IN_RULE(min_protocol), "is neither TLSv1.2 nor TLSv1.3",
	  .words = tls_versions },
	{ "auth", DESTINATION, false, set_bool, IN_RULE(auth), NOT_BOOL },
};

const size_t conf_keys_count = COUNT(conf_keys);
_Static_assert(COUNT(conf_keys) <= CONF_KEYS_MAX, "CONF_KEYS_MAX is too small");

int conf_key_index(const char *name, unsigned where)
{
	for (size_t i = 0; i < conf_keys_count; i++) {
		if ((conf_keys[i].where & where) != 0 && strcmp(conf_keys[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

bool conf_dnssec_parse(enum conf_dnssec *out, const char *text)
{
	for (size_t i = 0; dnssec_modes[i] != NULL; i++) {
		if (strcmp(dnssec_modes[i], text) == 0) {
			*out = (enum conf_dnssec)i;
			return true;
		}
	}
	return false;
}
