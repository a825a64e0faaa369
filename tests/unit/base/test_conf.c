/* test_conf.c - the configuration: what an empty file means, what each key stores, and every error with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/conf.h"

#define TOLD_MAX 8192

/* All that was told, one "LINE: MESSAGE\n" after the other. */
struct told {
	size_t len;
	char text[TOLD_MAX];
};

static void tell(void *arg, const char *file, unsigned line, const char *message)
{
	struct told *told = arg;

	assert_string_equal(file, "test.conf");
	told->len +=
		(size_t)snprintf(told->text + told->len, sizeof(told->text) - told->len, "%u: %s\n", line, message);
	assert_true(told->len < sizeof(told->text));
}

static bool parse(struct conf *conf, struct told *told, const char *text)
{
	*told = (struct told){ 0 };
	return conf_parse(conf, "test.conf", text, tell, told);
}

static void parse_well(struct conf *conf, const char *text)
{
	struct told told;

	if (!parse(conf, &told, text))
		fail_msg("refused: %s", told.text);
	assert_int_equal(told.len, 0);
}

static void test_empty_file(void **state)
{
	static const char *const texts[] = { "", "\n", "  \t\r\n", "# nothing\n// nothing\n/* nothing\n at all */",
					     "#" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct conf conf;
		char text[ENDPOINT_TEXT_MAX];
		parse_well(&conf, texts[i]);
		assert_true(conf.scope_local);
		assert_false(conf.scope_forward);
		assert_int_equal(conf.source, CONF_SOURCE_CLIENT);
		assert_int_equal(conf.listen_port, 825);
		assert_int_equal(conf.ports_count, 1);
		assert_int_equal(conf.ports[0], 25);
		assert_int_equal(conf.workers, 0);
		assert_string_equal(conf.user, "gate25");
		assert_string_equal(conf.policy_user, "gate25-policy");
		assert_string_equal(conf.monitor_user, "gate25-monitor");
		assert_true(conf.monitor);
		assert_string_equal(endpoint_format(&conf.monitor_listen, text), "127.0.0.1:9525");
		assert_false(conf.log_syslog);
		assert_int_equal(conf.log_format, LOG_FORMAT_TEXT);
		assert_int_equal(conf.log_level, LOG_LEVEL_INFO);
		assert_int_equal(conf.bare_newline, CONF_BARE_NEWLINE_NORMALIZE);
		assert_true(conf.tls_compat);
		assert_null(conf.tls_groups);
		assert_string_equal(conf.ca_file, CONF_CA_FILE);
		assert_true(conf.enforce);
		assert_int_equal(conf.default_level, LEVEL_DANE);
		assert_int_equal(conf.floor, LEVEL_ENCRYPT);
		assert_int_equal(conf.dnssec, CONF_DNSSEC_AUTO);
		assert_int_equal(conf.resolvers_count + conf.domains_count + conf.destinations_count, 0);
		assert_false(conf_may_permit_clear(&conf));
		conf_cleanup(&conf);
	}
}

static void test_default_marks_are_disjoint_bits(void **state)
{
	static const uint32_t marks[] = { CONF_MARK_OWN, CONF_MARK_SEEN, CONF_MARK_TPROXY, CONF_CTMARK_APPROVED,
					  CONF_CTMARK_LOCAL };
	uint32_t seen = 0x1; /* the bit that everybody's tutorial uses */

	(void)state;
	for (size_t i = 0; i < COUNT(marks); i++) {
		assert_true(marks[i] != 0 && (marks[i] & (marks[i] - 1)) == 0);
		assert_int_equal(seen & marks[i], 0);
		seen |= marks[i];
	}
}

static const char everything[] =
	"scope = {local, forward}\n"
	"interfaces = {eth1, \"br-lan\"} # inside\n"
	"sources = {10.0.0.0/8, 2001:db8::/32}\n"
	"source = {192.0.2.1, 2001:db8::1}\n"
	"exempt = 198.51.100.0/24\n"
	"exempt-source = {10.0.0.5}\n"
	"exempt-user = {Debian-exim, 1000}\n"
	"listen-port = 2525 ports = {25, 0x24b}\n"
	"fence = yes\nmark-own = 0x100\nmark-tproxy = 512\nmark-seen = 0x800\nctmark-approved = 0x400\nctmark-local = "
	"0x80000000\nroute-table = 1000\n"
	"workers = 3 user = g policy-user = 1001 monitor-user = 'm'\n"
	"monitor = [::1]:9000\nlog = syslog log-format = json log-level = debug max-sessions = 17 drain-limit = 86400 "
	"max-sessions-client = 5 max-sessions-destination = 6 max-handshakes = 7\n"
	"bare-newline = reject tls-compat = no tls-groups = {X25519, P-256}\n"
	"ca-file = /etc/ca.pem enforce = off default-level = verify\n"
	"resolvers = {127.0.0.1, \"[::1]:5353\"}\n"
	"domain Example.COM {\n\tlevel = secure match = {nexthop, .Example.org}\n\tservername = MX.example.com\n"
	"\tca-file = '/etc/a b.pem' min-protocol = TLSv1.3 enforce = no\n}\n"
	"domain .example.net { level = none }\n"
	"destination \"192.0.2.25\" { level = fingerprint auth = yes fingerprints = {\n"
	"\t\"AB:cd:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\",\n"
	"\t0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef, }\n}\n"
	"destination 2001:db8:1::/48 { level = verify nexthop = relay.example ca-file = /etc/c.pem }";

static void check_gate_values(const struct conf *conf)
{
	char text[ENDPOINT_TEXT_MAX];

	assert_true(conf->scope_local && conf->scope_forward);
	assert_int_equal(conf->interfaces.count, 2);
	assert_string_equal(conf->interfaces.items[1], "br-lan");
	assert_int_equal(conf->sources.count, 2);
	assert_int_equal(conf->sources.items[1].bits, 32);
	assert_int_equal(conf->source, CONF_SOURCE_ADDRESS);
	assert_int_equal(conf->source_addresses.count, 2);
	assert_int_equal(conf->source_addresses.items[1].bits, 128);
	assert_int_equal(conf->exempt.count, 1);
	assert_int_equal(conf->exempt_source.items[0].bits, 32);
	assert_string_equal(conf->exempt_user.items[0], "Debian-exim");
	assert_int_equal(conf->listen_port, 2525);
	assert_int_equal(conf->ports_count, 2);
	assert_int_equal(conf->ports[1], 587);
	assert_int_equal(conf->mark_own, 0x100);
	assert_int_equal(conf->mark_tproxy, 0x200);
	assert_int_equal(conf->mark_seen, 0x800);
	assert_true(conf->fence);
	assert_int_equal(conf->ctmark_approved, 0x400);
	assert_true(conf->ctmark_local == 0x80000000U);
	assert_int_equal(conf->route_table, 1000);
	assert_int_equal(conf->workers, 3);
	assert_string_equal(conf->user, "g");
	assert_string_equal(conf->policy_user, "1001");
	assert_string_equal(conf->monitor_user, "m");
	assert_string_equal(endpoint_format(&conf->monitor_listen, text), "[::1]:9000");
	assert_true(conf->log_syslog);
	assert_int_equal(conf->log_format, LOG_FORMAT_JSON);
	assert_int_equal(conf->log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(conf->max_sessions, 17);
	assert_int_equal(conf->drain_limit_s, 86400);
	assert_int_equal(conf->max_sessions_client, 5);
	assert_int_equal(conf->max_sessions_destination, 6);
	assert_int_equal(conf->max_handshakes, 7);
	assert_int_equal(conf->bare_newline, CONF_BARE_NEWLINE_REJECT);
	assert_false(conf->tls_compat);
	assert_string_equal(conf->tls_groups, "X25519:P-256");
	assert_string_equal(conf->ca_file, "/etc/ca.pem");
	assert_false(conf->enforce);
	assert_int_equal(conf->default_level, LEVEL_VERIFY);
	assert_string_equal(endpoint_format(&conf->resolvers[0], text), "127.0.0.1:53");
	assert_string_equal(endpoint_format(&conf->resolvers[1], text), "[::1]:5353");
}

static void check_rule_values(const struct conf *conf)
{
	const struct conf_rule *rule;

	assert_int_equal(conf->domains_count, 2);
	assert_string_equal(conf->domains[0].name, "example.com");
	rule = &conf->domains[0].rule;
	assert_int_equal(rule->line, 22);
	assert_int_equal(rule->level, LEVEL_SECURE);
	assert_false(rule->enforce);
	assert_int_equal(rule->match.count, 2);
	assert_string_equal(rule->match.items[1], ".example.org");
	assert_string_equal(rule->servername, "mx.example.com");
	assert_string_equal(rule->ca_file, "/etc/a b.pem");
	assert_int_equal(rule->min_protocol, CONF_TLS13);
	assert_false(rule->auth);

	assert_string_equal(conf->domains[1].name, ".example.net");
	assert_int_equal(conf->domains[1].rule.level, LEVEL_NONE);
	assert_true(conf->domains[1].rule.enforce);
	assert_int_equal(conf->domains[1].rule.min_protocol, CONF_TLS12);

	assert_int_equal(conf->destinations_count, 2);
	rule = &conf->destinations[0].rule;
	assert_int_equal(conf->destinations[0].prefix.bits, 32);
	assert_int_equal(rule->level, LEVEL_FINGERPRINT);
	assert_true(rule->auth);
	assert_int_equal(rule->fingerprints.count, 2);
	assert_string_equal(rule->fingerprints.items[0],
			    "abcd000000000000000000000000000000000000000000000000000000000000");
	assert_string_equal(conf->destinations[1].rule.nexthop, "relay.example");
	assert_null(conf->destinations[1].rule.servername);
}

static void test_every_key(void **state)
{
	struct conf conf;

	(void)state;
	parse_well(&conf, everything);
	check_gate_values(&conf);
	check_rule_values(&conf);
	conf_cleanup(&conf);
}

/* Cut anywhere, a file is either sound or refused with a reason; and the parse after it knows nothing of it. */
static void test_every_cut(void **state)
{
	char text[sizeof(everything)];

	(void)state;
	for (size_t len = 0; len < sizeof(everything); len++) {
		struct conf conf;
		struct told told;
		bool ok;
		memcpy(text, everything, len);
		text[len] = '\0';
		ok = parse(&conf, &told, text);
		assert_int_equal(ok, told.len == 0);
		conf_cleanup(&conf);
		if (len % 64 != 0)
			continue;
		parse_well(&conf, "workers = 7");
		assert_int_equal(conf.workers, 7);
		conf_cleanup(&conf);
	}
}

static void test_files(void **state)
{
	char path[] = "/tmp/test_conf.XXXXXX";
	int fd = mkstemp(path);
	char *text;

	(void)state;
	assert_true(fd >= 0);
	text = conf_read_file(path);
	assert_non_null(text);
	assert_string_equal(text, "");
	free(text);

	assert_int_equal(write(fd, "a\nb", 3), 3);
	text = conf_read_file(path);
	assert_non_null(text);
	assert_string_equal(text, "a\nb");
	free(text);

	assert_int_equal(ftruncate(fd, 4), 0); /* a NUL at the end */
	assert_null(conf_read_file(path));
	assert_int_equal(errno, EILSEQ);
	assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
	assert_null(conf_read_file(path));
	assert_int_equal(errno, EFBIG);

	(void)close(fd);
	assert_int_equal(unlink(path), 0);
	assert_null(conf_read_file(path));
	assert_int_equal(errno, ENOENT);
	assert_null(conf_read_file("/"));
	assert_int_equal(errno, EISDIR);
}

static void test_ca_files(void **state)
{
	struct conf conf;

	(void)state;
	parse_well(&conf, "ca-file = /gate\ndestination 192.0.2.1 { level = verify match = a.b ca-file = /2 }\n"
			  "domain a { level = verify ca-file = /1 }\ndomain b { level = verify ca-file = /2 }\n"
			  "domain c { level = verify }");
	assert_string_equal(conf_ca_file(&conf, 1), "/2");
	assert_string_equal(conf_ca_file(&conf, 2), "/1");
	assert_null(conf_ca_file(&conf, 0));
	assert_null(conf_ca_file(&conf, 3));
	assert_int_equal(conf_ca_index(&conf, NULL), 0);
	assert_int_equal(conf_ca_index(&conf, "/gate"), 0);
	assert_int_equal(conf_ca_index(&conf, "/1"), 2);
	assert_int_equal(conf_ca_index(&conf, conf.domains[1].rule.ca_file), 1);
	conf_cleanup(&conf);
	conf_cleanup(&conf);
}

static void test_may_permit_clear(void **state)
{
	static const struct {
		const char *text;
		bool may;
	} cases[] = {
		{ "default-level = secure", false },
		{ "default-level = may", true },
		{ "default-level = none", true },
		{ "enforce = no", true },
		{ "domain a { level = encrypt }", false },
		{ "domain b { level = encrypt } domain a { level = may }", true },
		{ "domain a { level = secure enforce = no }", true },
		{ "destination ::/0 { level = none }", true },
		{ "destination 192.0.2.1 { level = encrypt enforce = no }", true },
		{ "destination 192.0.2.1 { level = encrypt }", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf conf;
		parse_well(&conf, cases[i].text);
		assert_int_equal(conf_may_permit_clear(&conf), cases[i].may);
		conf_cleanup(&conf);
	}
}

static void test_client_tls_by_client(void **state)
{
	static const char text[] = "client 192.0.2.0/24 { client-tls = passthrough }\n"
				   "domain a { level = dane ca-file = /x }\n"
				   "client 192.0.2.128/25 { client-tls = auto }\n"
				   "client 192.0.2.7 { client-tls = off }\n"
				   "client 2001:db8::/32 { client-tls = terminate }\n"
				   "client ::/0 { client-tls = off }\n";
	static const struct {
		const char *addr;
		enum conf_client_tls forwarded, of_this_host;
	} cases[] = {
		{ "192.0.2.1", CONF_CLIENT_TLS_PASSTHROUGH, CONF_CLIENT_TLS_PASSTHROUGH },
		{ "192.0.2.7", CONF_CLIENT_TLS_OFF, CONF_CLIENT_TLS_OFF },
		{ "192.0.2.200", CONF_CLIENT_TLS_TERMINATE, CONF_CLIENT_TLS_OFF },
		{ "192.0.3.1", CONF_CLIENT_TLS_TERMINATE, CONF_CLIENT_TLS_OFF },
		{ "2001:db8::1", CONF_CLIENT_TLS_TERMINATE, CONF_CLIENT_TLS_TERMINATE },
		{ "2001:db9::1", CONF_CLIENT_TLS_OFF, CONF_CLIENT_TLS_OFF },
	};
	struct conf conf;

	(void)state;
	parse_well(&conf, text);
	assert_int_equal(conf.clients_count, 5);
	assert_int_equal(conf.clients[1].line, 3);
	assert_int_equal(conf_ca_index(&conf, "/x"), 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct addr addr;
		assert_true(addr_parse(&addr, cases[i].addr));
		assert_int_equal(conf_client_tls_for(&conf, &addr, true), cases[i].forwarded);
		assert_int_equal(conf_client_tls_for(&conf, &addr, false), cases[i].of_this_host);
	}
	conf_cleanup(&conf);
}

static void test_may_terminate(void **state)
{
#define FORWARD "scope = {local, forward} interfaces = a sources = 192.0.2.0/24 "
	static const struct {
		const char *text;
		bool may;
	} cases[] = {
		{ "", false },
		{ FORWARD, true },
		{ FORWARD "client-tls = off", false },
		{ FORWARD "client-tls = passthrough", false },
		{ FORWARD "client-tls = off client ::1 { client-tls = auto }", true },
		{ "client ::1 { client-tls = auto }", false },
		{ "client ::1 { client-tls = passthrough }", false },
		{ "client ::1 { client-tls = terminate }", true },
		{ "client-tls = terminate", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf conf;
		parse_well(&conf, cases[i].text);
		assert_int_equal(conf_may_terminate(&conf), cases[i].may);
		conf_cleanup(&conf);
	}
}

static void test_wants_dane(void **state)
{
	static const struct {
		const char *text;
		bool wants;
	} cases[] = {
		{ "default-level = encrypt", false },
		{ "default-level = secure", false },
		{ "default-level = dane", true },
		{ "default-level = encrypt domain a { level = dane }", true },
		{ "default-level = encrypt domain b { level = may } domain a { level = dane-only }", true },
		{ "default-level = encrypt destination ::1 { level = dane nexthop = a }", true },
		{ "default-level = encrypt destination ::1 { level = encrypt }", false },
		{ "default-level = dane domain a { level = may }", true },
		{ "default-level = dane dnssec = off", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf conf;
		parse_well(&conf, cases[i].text);
		assert_int_equal(conf_wants_dane(&conf), cases[i].wants);
		conf_cleanup(&conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_default_marks_are_disjoint_bits),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_ca_files),
		cmocka_unit_test(test_may_permit_clear),
		cmocka_unit_test(test_client_tls_by_client),
		cmocka_unit_test(test_may_terminate),
		cmocka_unit_test(test_wants_dane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
