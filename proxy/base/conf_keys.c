/* conf_keys.c - every key of the configuration, one row each: where it may stand, what it takes, where that goes. */
#include <string.h>

#include "proxy/base/conf_set.h"

static const char *const dnssec_modes[] = { "auto", "trust-ad", "validate", "off", NULL };
static const char *const insecure_mx[] = { "dane", "encrypt", "may", NULL };
static const char *const sts_lookups[] = { "defer", "ignore", NULL };
static const char *const expireds[] = { "ignore", "enforce", NULL };
static const char *const client_tls[] = { "auto", "terminate", "off", "passthrough", NULL };
static const char *const log_formats[] = { "text", "json", NULL };
static const char *const log_levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const newlines[] = { "normalize", "reject", NULL };
static const char *const tls_versions[] = { "TLSv1.2", "TLSv1.3", NULL };
static const char *const groups[] = { "X25519MLKEM768", "X25519", "P-256", "P-384", "P-521", NULL };

#define GATE         CONF_IN_GATE
#define RULE         (CONF_IN_DOMAIN | CONF_IN_DESTINATION)
#define DESTINATION  CONF_IN_DESTINATION
#define IN_GATE(f)   .offset = offsetof(struct conf, f)
#define IN_CLIENT(f) .offset = offsetof(struct conf_client, f)
#define IN_RULE(f)   .offset = offsetof(struct conf_rule, f)

#define NOT_BOOL       "is neither yes nor no"
#define NOT_PORT       "is not a port number from 1 to 65535"
#define NOT_LIMIT      "is not a number from 1 to 100000"
#define NOT_PREFIX     "is not an address or prefix (192.0.2.0/24, 2001:db8::/32; no bits set behind the prefix length)"
#define NOT_USER       "is not the name or number of a user"
#define NOT_MARK       "is not a mark of exactly one bit (0x1, 0x2, 0x4, ...)"
#define NOT_PATH       "is not the absolute path of a file"
#define NOT_SOCKET     "is not the absolute path of a socket, of at most 107 octets"
#define NOT_LEVEL      "is not a level: none, may, encrypt, fingerprint, dane, dane-only, verify or secure"
#define NOT_CLIENT_TLS "is none of auto, terminate, off and passthrough"
#define NOT_FLOOR      "is none of may, encrypt, verify and secure"

const struct conf_key conf_keys[] = {
	{ "scope", GATE, true, conf_set_scope, .expect = "is neither local nor forward" },
	{ "interfaces", GATE, true, conf_set_interface, IN_GATE(interfaces), "is not the name of a network interface" },
	{ "sources", GATE, true, conf_set_prefix, IN_GATE(sources), NOT_PREFIX },
	{ "source", GATE, true, conf_set_source, .expect = "is neither client nor gateway nor the address of a host" },
	{ "exempt", GATE, true, conf_set_prefix, IN_GATE(exempt), NOT_PREFIX },
	{ "exempt-source", GATE, true, conf_set_prefix, IN_GATE(exempt_source), NOT_PREFIX },
	{ "exempt-user", GATE, true, conf_set_exempt_user, IN_GATE(exempt_user), NOT_USER },
	{ "fence", GATE, false, conf_set_bool, IN_GATE(fence), NOT_BOOL },
	{ "listen-port", GATE, false, conf_set_port, IN_GATE(listen_port), NOT_PORT },
	{ "ports", GATE, true, conf_set_ports, .expect = NOT_PORT },
	{ "mark-own", GATE, false, conf_set_mark, IN_GATE(mark_own), NOT_MARK },
	{ "mark-tproxy", GATE, false, conf_set_mark, IN_GATE(mark_tproxy), NOT_MARK },
	{ "mark-seen", GATE, false, conf_set_mark, IN_GATE(mark_seen), NOT_MARK },
	{ "ctmark-approved", GATE, false, conf_set_mark, IN_GATE(ctmark_approved), NOT_MARK },
	{ "ctmark-local", GATE, false, conf_set_mark, IN_GATE(ctmark_local), NOT_MARK },
	{ "route-table", GATE, false, conf_set_route_table, IN_GATE(route_table),
	  "is not the number of a free routing table, from 1 to 252 or from 256 to 2147483647", 1, INT32_MAX },
	{ "workers", GATE, false, conf_set_workers, IN_GATE(workers), "is neither auto nor a number from 1 to 256", 1,
	  256 },
	{ "user", GATE, false, conf_set_user, IN_GATE(user), NOT_USER },
	{ "policy-user", GATE, false, conf_set_user, IN_GATE(policy_user), NOT_USER },
	{ "monitor-user", GATE, false, conf_set_user, IN_GATE(monitor_user), NOT_USER },
	{ "monitor", GATE, false, conf_set_monitor, .expect = "is neither off nor ADDRESS:PORT" },
	{ "log", GATE, false, conf_set_log, .expect = "is neither stderr nor syslog" },
	{ "log-format", GATE, false, conf_set_word, IN_GATE(log_format), "is neither text nor json",
	  .words = log_formats },
	{ "log-level", GATE, false, conf_set_word, IN_GATE(log_level), "is none of error, warning, info and debug",
	  .words = log_levels },
	{ "max-sessions", GATE, false, conf_set_number, IN_GATE(max_sessions), NOT_LIMIT, 1, 100000 },
	{ "max-sessions-client", GATE, false, conf_set_number, IN_GATE(max_sessions_client), NOT_LIMIT, 1, 100000 },
	{ "max-sessions-destination", GATE, false, conf_set_number, IN_GATE(max_sessions_destination), NOT_LIMIT, 1,
	  100000 },
	{ "max-handshakes", GATE, false, conf_set_number, IN_GATE(max_handshakes), NOT_LIMIT, 1, 100000 },
	{ "drain-limit", GATE, false, conf_set_number, IN_GATE(drain_limit_s),
	  "is not a number of seconds from 1 to 86400", 1, CONF_DRAIN_LIMIT_MAX },
	{ "bare-newline", GATE, false, conf_set_word, IN_GATE(bare_newline), "is neither normalize nor reject",
	  .words = newlines },
	{ "tls-compat", GATE, false, conf_set_bool, IN_GATE(tls_compat), NOT_BOOL },
	{ "tls-groups", GATE, true, conf_set_group, .words = groups,
	  .expect = "is none of X25519MLKEM768, X25519, P-256, P-384 and P-521" },
	{ "ca-file", GATE, false, conf_set_path, IN_GATE(ca_file), NOT_PATH },
	{ "enforce", GATE, false, conf_set_bool, IN_GATE(enforce), NOT_BOOL },
	{ "default-level", GATE, false, conf_set_default_level, IN_GATE(default_level), NOT_LEVEL },
	{ "resolvers", GATE, true, conf_set_resolver,
	  .expect = "is not the address of a resolver, with or without a port" },

	{ "floor", GATE, false, conf_set_floor, IN_GATE(floor), NOT_FLOOR },
	{ "dnssec", GATE, false, conf_set_word, IN_GATE(dnssec), "is none of auto, trust-ad, validate and off",
	  .words = dnssec_modes },
	{ "dane-insecure-mx", GATE, false, conf_set_word, IN_GATE(insecure_mx), "is none of dane, encrypt and may",
	  .words = insecure_mx },
	{ "strict-mx", GATE, false, conf_set_bool, IN_GATE(strict_mx), NOT_BOOL },
	{ "trusted-resolvers", GATE, true, conf_set_host, IN_GATE(trusted_resolvers),
	  "is not the address of a resolver" },
	{ "trust-anchor-file", GATE, false, conf_set_path, IN_GATE(trust_anchor_file), NOT_PATH },
	{ "recursion", GATE, false, conf_set_bool, IN_GATE(recursion), NOT_BOOL },
	{ "root-servers", GATE, true, conf_set_host, IN_GATE(root_servers), "is not the address of a name server" },
	{ "bogus-names", GATE, true, conf_add_name, IN_GATE(bogus_names) },

	{ "mta-sts", GATE, false, conf_set_bool, IN_GATE(mta_sts), NOT_BOOL },
	{ "mta-sts-lookup-failed", GATE, false, conf_set_word, IN_GATE(sts_lookup), "is neither defer nor ignore",
	  .words = sts_lookups },
	{ "mta-sts-private", GATE, true, conf_set_prefix, IN_GATE(sts_private), NOT_PREFIX },
	{ "list-file", GATE, false, conf_set_path, IN_GATE(list_file), NOT_PATH },
	{ "list-expired", GATE, false, conf_set_word, IN_GATE(list_expired), "is neither ignore nor enforce",
	  .words = expireds },
	{ "client-tls", GATE, false, conf_set_word, IN_GATE(client_tls), NOT_CLIENT_TLS, .words = client_tls },
	{ "client-tls-certificate", GATE, false, conf_set_path, IN_GATE(client_tls_certificate), NOT_PATH },
	{ "client-tls-key", GATE, false, conf_set_path, IN_GATE(client_tls_key), NOT_PATH },
	{ "state-dir", GATE, false, conf_set_path_or_off, IN_GATE(state_dir),
	  "is neither off nor the absolute path of a folder" },
	{ "history-size", GATE, false, conf_set_number, IN_GATE(history_mib), "is not a number of MiB from 0 to 4096",
	  0, 4096 },
	{ "tlsrpt-socket", GATE, false, conf_set_socket, IN_GATE(tlsrpt_socket), NOT_SOCKET },

	{ "level", RULE, false, conf_set_level, IN_RULE(level), NOT_LEVEL },
	{ "floor", RULE, false, conf_set_floor, IN_RULE(floor), NOT_FLOOR },
	{ "enforce", RULE, false, conf_set_bool, IN_RULE(enforce), NOT_BOOL },
	{ "match", RULE, true, conf_set_match, IN_RULE(match) },
	{ "fingerprints", RULE, true, conf_set_fingerprint, IN_RULE(fingerprints) },
	{ "servername", RULE, false, conf_set_name, IN_RULE(servername) },
	{ "nexthop", DESTINATION, false, conf_set_name, IN_RULE(nexthop) },
	{ "ca-file", RULE, false, conf_set_path, IN_RULE(ca_file), NOT_PATH },
	{ "min-protocol", RULE, false, conf_set_word, IN_RULE(min_protocol), "is neither TLSv1.2 nor TLSv1.3",
	  .words = tls_versions },
	{ "client-tls", CONF_IN_CLIENT, false, conf_set_word, IN_CLIENT(client_tls), NOT_CLIENT_TLS,
	  .words = client_tls },
	{ "auth", DESTINATION, false, conf_set_bool, IN_RULE(auth), NOT_BOOL },
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
