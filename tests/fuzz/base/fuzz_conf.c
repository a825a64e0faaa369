/* fuzz_conf.c - any bytes as a configuration: refused with a reason, or sound, and what is sound keeps its promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct told {
	unsigned count;
	unsigned last_line;
};

static void tell(void *arg, const char *file, unsigned line, const char *message)
{
	struct told *told = arg;

	must(strcmp(file, "fuzz") == 0 && message[0] != '\0');
	must(line >= told->last_line || line == 0);
	told->last_line = line;
	told->count++;
}

static bool is_one_bit(uint32_t mark)
{
	return mark != 0 && (mark & (mark - 1)) == 0;
}

static void check_rule(const struct conf *conf, const struct conf_rule *rule)
{
	must(rule->line > 0);
	must(rule->level > LEVEL_UNSET && rule->level < LEVEL_COUNT);
	must((rule->level == LEVEL_FINGERPRINT) == (rule->fingerprints.count > 0));
	must(!rule->auth || level_authenticates(rule->level));
	for (size_t i = 0; i < rule->fingerprints.count; i++)
		must(strspn(rule->fingerprints.items[i], "0123456789abcdef") == 64 &&
		     rule->fingerprints.items[i][64] == '\0');
	for (size_t i = 0; i < rule->match.count; i++)
		must(strlen(rule->match.items[i]) < CONF_NAME_MAX);
	must((conf_ca_index(conf, rule->ca_file) != 0) == (rule->ca_file != NULL));
	must(!(level_permits_clear(rule->level) || !rule->enforce) || conf_may_permit_clear(conf));
}

static void check(const struct conf *conf)
{
	must(conf->scope_local || conf->scope_forward);
	must(!conf->scope_forward || (conf->interfaces.count > 0 && conf->sources.count > 0));
	must(conf->source <= CONF_SOURCE_ADDRESS);
	must((conf->source == CONF_SOURCE_ADDRESS) == (conf->source_addresses.count > 0));
	must(conf->source_addresses.count <= 2);
	must(conf->listen_port != 0 && conf->ports_count > 0);
	for (size_t i = 0; i < conf->ports_count; i++)
		must(conf->ports[i] != 0 && conf->ports[i] != conf->listen_port);
	must(is_one_bit(conf->mark_own) && is_one_bit(conf->mark_tproxy));
	must(is_one_bit(conf->ctmark_approved) && is_one_bit(conf->ctmark_local));
	must(conf->mark_own != conf->mark_tproxy && conf->ctmark_approved != conf->ctmark_local);
	must(strcmp(conf->user, conf->policy_user) != 0 && strcmp(conf->user, conf->monitor_user) != 0);
	must(conf->ca_file[0] == '/');
	must(conf->default_level > LEVEL_UNSET && conf->default_level < LEVEL_COUNT);
	for (size_t i = 0; i < conf->domains_count; i++) {
		must(conf->domains[i].name != NULL && strlen(conf->domains[i].name) < CONF_NAME_MAX);
		check_rule(conf, &conf->domains[i].rule);
	}
	for (size_t i = 0; i < conf->clients_count; i++) {
		const struct conf_client *client = &conf->clients[i];
		enum conf_client_tls mode = conf_client_tls_for(conf, &client->prefix.addr, i % 2 == 0);
		must(addr_len(&client->prefix.addr) != 0 && client->line > 0);
		must(client->client_tls <= CONF_CLIENT_TLS_PASSTHROUGH);
		must(mode > CONF_CLIENT_TLS_AUTO && mode <= CONF_CLIENT_TLS_PASSTHROUGH);
		must(mode != CONF_CLIENT_TLS_TERMINATE || conf_may_terminate(conf) || !conf->scope_forward);
	}
	for (size_t i = 0; i < conf->destinations_count; i++) {
		must(addr_len(&conf->destinations[i].prefix.addr) != 0);
		check_rule(conf, &conf->destinations[i].rule);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	char *text = strndup((const char *)in, in_len);
	struct told told = { 0 };
	struct conf conf;
	bool ok;

	if (text == NULL)
		return 0;
	ok = conf_parse(&conf, "fuzz", text, tell, &told);
	must(ok == (told.count == 0));
	if (ok) {
		check(&conf);
		conf_warnings(&conf, "fuzz", tell, &told);
	}
	conf_cleanup(&conf);
	free(text);
	return 0;
}
