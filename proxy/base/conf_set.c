/* conf_set.c - how the values of the keys are read and where they go; see conf_set.h. */
#include "proxy/base/conf_set.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static void *field(const struct conf_key *key, void *base)
{
	return (char *)base + key->offset;
}

const char *conf_set_bool(const struct conf_key *key, void *base, const char *value)
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

const char *conf_set_number(const struct conf_key *key, void *base, const char *value)
{
	unsigned long number;

	if (!conf_number(value, key->min, key->max, &number))
		return key->expect;
	*(uint32_t *)field(key, base) = (uint32_t)number;
	return NULL;
}

const char *conf_set_workers(const struct conf_key *key, void *base, const char *value)
{
	struct conf *conf = base;

	if (strcmp(value, "auto") != 0)
		return conf_set_number(key, base, value);
	conf->workers = 0;
	return NULL;
}

/* Tables 253 to 255 are the kernel's default, main and local. */
const char *conf_set_route_table(const struct conf_key *key, void *base, const char *value)
{
	unsigned long number;

	if (conf_number(value, 253, 255, &number))
		return key->expect;
	return conf_set_number(key, base, value);
}

/* The fields are enums, which are as wide as unsigned. */
const char *conf_set_word(const struct conf_key *key, void *base, const char *value)
{
	for (unsigned i = 0; key->words[i] != NULL; i++) {
		if (strcmp(value, key->words[i]) == 0) {
			memcpy(field(key, base), &i, sizeof(i));
			return NULL;
		}
	}
	return key->expect;
}

const char *conf_set_log(const struct conf_key *key, void *base, const char *value)
{
	struct conf *conf = base;

	if (strcmp(value, "stderr") != 0 && strcmp(value, "syslog") != 0)
		return key->expect;
	conf->log_syslog = value[1] == 'y';
	return NULL;
}

const char *conf_set_port(const struct conf_key *key, void *base, const char *value)
{
	unsigned long number;

	if (!conf_number(value, 1, 65535, &number))
		return key->expect;
	*(uint16_t *)field(key, base) = (uint16_t)number;
	return NULL;
}

const char *conf_set_ports(const struct conf_key *key, void *base, const char *value)
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

const char *conf_set_mark(const struct conf_key *key, void *base, const char *value)
{
	unsigned long number;

	if (!conf_number(value, 1, UINT32_MAX, &number) || (number & (number - 1)) != 0)
		return key->expect;
	*(uint32_t *)field(key, base) = (uint32_t)number;
	return NULL;
}

const char *conf_set_scope(const struct conf_key *key, void *base, const char *value)
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

const char *conf_set_source(const struct conf_key *key, void *base, const char *value)
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

const char *conf_set_prefix(const struct conf_key *key, void *base, const char *value)
{
	struct prefix prefix;

	if (!prefix_parse(&prefix, value))
		return key->expect;
	return conf_prefixes_add(field(key, base), &prefix);
}

const char *conf_add_string(const struct conf_key *key, void *base, const char *value)
{
	char *copy = NULL;
	const char *wrong = conf_string_set(&copy, value);

	return wrong != NULL ? wrong : conf_strings_add(field(key, base), copy);
}

const char *conf_set_interface(const struct conf_key *key, void *base, const char *value)
{
	if (strcmp(value, "lo") == 0)
		return "is the loopback interface, which nothing enters from outside";
	return conf_is_interface(value) ? conf_add_string(key, base, value) : key->expect;
}

const char *conf_set_exempt_user(const struct conf_key *key, void *base, const char *value)
{
	return conf_is_user(value) ? conf_add_string(key, base, value) : key->expect;
}

/* A uid that others run under, too, would let them past the guards. */
const char *conf_set_user(const struct conf_key *key, void *base, const char *value)
{
	static const char *const shared[] = { "root", "0", "nobody", "65534" };

	for (size_t i = 0; i < COUNT(shared); i++) {
		if (strcmp(value, shared[i]) == 0)
			return "is not gate25's own: each of its processes needs a user that nothing else runs under";
	}
	return conf_is_user(value) ? conf_string_set(field(key, base), value) : key->expect;
}

const char *conf_set_path(const struct conf_key *key, void *base, const char *value)
{
	if (value[0] != '/' || value[strlen(value) - 1] == '/')
		return key->expect;
	return conf_string_set(field(key, base), value);
}

/* The path of a socket has less room than another (unix(7)). */
const char *conf_set_socket(const struct conf_key *key, void *base, const char *value)
{
	return strlen(value) < CONF_SOCKET_MAX ? conf_set_path(key, base, value) : key->expect;
}

/* Off is the empty string: nothing else could be meant by it, and a default does not replace it. */
const char *conf_set_path_or_off(const struct conf_key *key, void *base, const char *value)
{
	return strcmp(value, "off") == 0 ? conf_string_set(field(key, base), "") : conf_set_path(key, base, value);
}

const char *conf_set_monitor(const struct conf_key *key, void *base, const char *value)
{
	struct conf *conf = base;

	conf->monitor = strcmp(value, "off") != 0;
	if (conf->monitor && !endpoint_parse(&conf->monitor_listen, value, CONF_MONITOR_PORT))
		return key->expect;
	return NULL;
}

const char *conf_set_resolver(const struct conf_key *key, void *base, const char *value)
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
const char *conf_set_group(const struct conf_key *key, void *base, const char *value)
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

const char *conf_set_level(const struct conf_key *key, void *base, const char *value)
{
	enum level level;

	if (!level_parse(&level, value))
		return key->expect;
	*(enum level *)field(key, base) = level;
	return NULL;
}

const char *conf_set_default_level(const struct conf_key *key, void *base, const char *value)
{
	if (strcmp(value, level_name(LEVEL_FINGERPRINT)) == 0)
		return "is a level for rules: each server has a fingerprint of its own";
	return conf_set_level(key, base, value);
}

const char *conf_set_floor(const struct conf_key *key, void *base, const char *value)
{
	enum level level;

	if (!level_parse(&level, value) || level == LEVEL_NONE || level == LEVEL_FINGERPRINT || level == LEVEL_DANE ||
	    level == LEVEL_DANE_ONLY)
		return key->expect;
	*(enum level *)field(key, base) = level;
	return NULL;
}

const char *conf_set_host(const struct conf_key *key, void *base, const char *value)
{
	struct prefix prefix = { 0 };

	if (!addr_parse(&prefix.addr, value) || !is_host(&prefix.addr))
		return key->expect;
	prefix.bits = (uint8_t)(addr_len(&prefix.addr) * 8);
	return conf_prefixes_add(field(key, base), &prefix);
}

const char *conf_add_name(const struct conf_key *key, void *base, const char *value)
{
	char *name = NULL;
	const char *wrong = conf_name_make(&name, value, false);

	return wrong != NULL ? wrong : conf_strings_add(field(key, base), name);
}

const char *conf_set_name(const struct conf_key *key, void *base, const char *value)
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

const char *conf_set_match(const struct conf_key *key, void *base, const char *value)
{
	char *name = NULL;
	const char *wrong = conf_name_make(&name, value, true);

	return wrong != NULL ? wrong : conf_strings_add(field(key, base), name);
}

const char *conf_set_fingerprint(const struct conf_key *key, void *base, const char *value)
{
	char *hex = NULL;
	const char *wrong = conf_fingerprint_make(&hex, value);

	return wrong != NULL ? wrong : conf_strings_add(field(key, base), hex);
}
