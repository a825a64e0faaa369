/* test_conf_errors.c - everything that is wrong with a configuration, told with its line; and what is merely odd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/conf.h"

/* All that was told, one "LINE: MESSAGE\n" after the other. */
struct told {
	size_t len;
	char text[8192];
};

static void tell(void *arg, const char *file, unsigned line, const char *message)
{
	struct told *told = arg;

	assert_string_equal(file, "test.conf");
	told->len +=
		(size_t)snprintf(told->text + told->len, sizeof(told->text) - told->len, "%u: %s\n", line, message);
	assert_true(told->len < sizeof(told->text));
}

static void check_errors(const char *text, const char *errors)
{
	struct told told = { 0 };
	struct conf conf;
	bool ok = conf_parse(&conf, "test.conf", text, tell, &told);

	assert_string_equal(told.text, errors);
	assert_int_equal(ok, told.len == 0);
	conf_cleanup(&conf);
}

#define NOT_NAME   "is not a domain name"
#define TEN        "0123456789"
#define HUNDRED    TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define NOT_PATH   "is not the absolute path of a file"
#define NOT_MARK   "is not a mark of exactly one bit (0x1, 0x2, 0x4, ...)"
#define NOT_LEVEL  "is not a level: none, may, encrypt, fingerprint, dane, dane-only, verify or secure"
#define NOT_PREFIX "is not an address or prefix (192.0.2.0/24, 2001:db8::/32; no bits set behind the prefix length)"
#define NOT_SHA256 "is not a SHA-256 fingerprint: 64 hexadecimal digits, colons between pairs allowed"
#define NOT_FLOOR  "is none of may, encrypt, verify and secure"
#define SHARED     "is not gate25's own: each of its processes needs a user that nothing else runs under"
#define LABEL_63   "a23456789b23456789c23456789d23456789e23456789f23456789g23456789"

/* One value each: the key, the value as written, and the end of the complaint; NULL: it is taken. */
static const struct {
	const char *key;
	const char *value;
	const char *wrong;
} values[] = {
	{ "scope", "local", NULL },
	{ "scope", "both", "is neither local nor forward" },
	{ "listen-port", "1", NULL },
	{ "listen-port", "65535", NULL },
	{ "listen-port", "0", "is not a port number from 1 to 65535" },
	{ "listen-port", "65536", "is not a port number from 1 to 65535" },
	{ "listen-port", "0825", "is not a port number from 1 to 65535" },
	{ "listen-port", "-1", "is not a port number from 1 to 65535" },
	{ "listen-port", "825x", "is not a port number from 1 to 65535" },
	{ "listen-port", "99999999999999999999", "is not a port number from 1 to 65535" },
	{ "mark-own", "0x80000000", NULL },
	{ "mark-seen", "0x5", NOT_MARK },
	{ "fence", "maybe", "is neither yes nor no" },
	{ "mark-own", "0x3", NOT_MARK },
	{ "mark-own", "0", NOT_MARK },
	{ "mark-own", "0x100000000", NOT_MARK },
	{ "mark-own", "0x", NOT_MARK },
	{ "route-table", "252", NULL },
	{ "route-table", "256", NULL },
	{ "route-table", "254", "is not the number of a free routing table, from 1 to 252 or from 256 to 2147483647" },
	{ "route-table", "0", "is not the number of a free routing table, from 1 to 252 or from 256 to 2147483647" },
	{ "workers", "auto", NULL },
	{ "workers", "256", NULL },
	{ "workers", "0", "is neither auto nor a number from 1 to 256" },
	{ "workers", "257", "is neither auto nor a number from 1 to 256" },
	{ "max-sessions", "100000", NULL },
	{ "max-sessions", "0", "is not a number from 1 to 100000" },
	{ "drain-limit", "1", NULL },
	{ "drain-limit", "0", "is not a number of seconds from 1 to 86400" },
	{ "drain-limit", "86401", "is not a number of seconds from 1 to 86400" },
	{ "max-sessions-client", "100000", NULL },
	{ "max-sessions-client", "0", "is not a number from 1 to 100000" },
	{ "max-sessions-destination", "1", NULL },
	{ "max-sessions-destination", "100001", "is not a number from 1 to 100000" },
	{ "max-handshakes", "1", NULL },
	{ "max-handshakes", "no", "is not a number from 1 to 100000" },
	{ "user", "gate", NULL },
	{ "user", "4000", NULL },
	{ "user", "root", SHARED },
	{ "user", "0", SHARED },
	{ "policy-user", "nobody", SHARED },
	{ "monitor-user", "65534", SHARED },
	{ "user", "4294967295", "is not the name or number of a user" },
	{ "user", "a/b", "is not the name or number of a user" },
	{ "user", "", "is not the name or number of a user" },
	{ "exempt-user", "root", NULL },
	{ "exempt-user", "-x", "is not the name or number of a user" },
	{ "interfaces", "eth0.100", NULL },
	{ "interfaces", "lo", "is the loopback interface, which nothing enters from outside" },
	{ "interfaces", "eth*", "is not the name of a network interface" },
	{ "interfaces", "sixteen-letters.", "is not the name of a network interface" },
	{ "interfaces", "a b", "is not the name of a network interface" },
	{ "sources", "0.0.0.0/0", NULL },
	{ "sources", "10.1.2.3/8", NOT_PREFIX },
	{ "exempt", "mx.example.com", NOT_PREFIX },
	{ "exempt-source", "fe80::1%eth0", NOT_PREFIX },
	{ "source", "gateway", NULL },
	{ "source", "2001:db8::1", NULL },
	{ "source", "192.0.2.0/24", "is neither client nor gateway nor the address of a host" },
	{ "source", "0.0.0.0", "is neither client nor gateway nor the address of a host" },
	{ "source", "::", "is neither client nor gateway nor the address of a host" },
	{ "source", "224.0.0.1", "is neither client nor gateway nor the address of a host" },
	{ "source", "127.0.0.1", "is neither client nor gateway nor the address of a host" },
	{ "source", "::1", "is neither client nor gateway nor the address of a host" },
	{ "monitor", "off", NULL },
	{ "monitor", "127.0.0.1", NULL },
	{ "monitor", "on", "is neither off nor ADDRESS:PORT" },
	{ "monitor", "localhost:9525", "is neither off nor ADDRESS:PORT" },
	{ "log", "file", "is neither stderr nor syslog" },
	{ "log-format", "xml", "is neither text nor json" },
	{ "log-level", "notice", "is none of error, warning, info and debug" },
	{ "bare-newline", "accept", "is neither normalize nor reject" },
	{ "tls-compat", "maybe", "is neither yes nor no" },
	{ "enforce", "", "is neither yes nor no" },
	{ "tls-groups", "X25519", NULL },
	{ "tls-groups", "X448", "is none of X25519MLKEM768, X25519, P-256, P-384 and P-521" },
	{ "ca-file", "ca.pem", NOT_PATH },
	{ "ca-file", "/etc/ssl/", NOT_PATH },
	{ "ca-file", "", NOT_PATH },
	{ "resolvers", "::1", NULL },
	{ "resolvers", "0.0.0.0", "is not the address of a resolver, with or without a port" },
	{ "resolvers", "dns.example", "is not the address of a resolver, with or without a port" },
	{ "default-level", "secure", NULL },
	{ "default-level", "dane", NULL },
	{ "default-level", "dane-only", NULL },
	{ "floor", "may", NULL },
	{ "floor", "encrypt", NULL },
	{ "floor", "verify", NULL },
	{ "floor", "secure", NULL },
	{ "floor", "none", NOT_FLOOR },
	{ "floor", "dane", NOT_FLOOR },
	{ "floor", "fingerprint", NOT_FLOOR },
	{ "floor", "", NOT_FLOOR },
	{ "dnssec", "auto", NULL },
	{ "dnssec", "trust-ad", NULL },
	{ "dnssec", "validate", NULL },
	{ "dnssec", "off", NULL },
	{ "dnssec", "yes", "is none of auto, trust-ad, validate and off" },
	{ "dane-insecure-mx", "dane", NULL },
	{ "dane-insecure-mx", "encrypt", NULL },
	{ "dane-insecure-mx", "may", NULL },
	{ "dane-insecure-mx", "none", "is none of dane, encrypt and may" },
	{ "strict-mx", "yes", NULL },
	{ "strict-mx", "1", "is neither yes nor no" },
	{ "mta-sts", "no", NULL },
	{ "mta-sts", "enforce", "is neither yes nor no" },
	{ "mta-sts-lookup-failed", "ignore", NULL },
	{ "mta-sts-lookup-failed", "no", "is neither defer nor ignore" },
	{ "list-file", "/etc/gate25/policy.json", NULL },
	{ "list-file", "policy.json", "is not the absolute path of a file" },
	{ "list-expired", "enforce", NULL },
	{ "list-expired", "yes", "is neither ignore nor enforce" },
	{ "client-tls", "terminate", NULL },
	{ "client-tls", "auto", NULL },
	{ "client-tls", "passthrough", NULL },
	{ "client-tls", "off", NULL },
	{ "client-tls", "yes", "is none of auto, terminate, off and passthrough" },
	{ "state-dir", "off", NULL },
	{ "state-dir", "/srv/gate25", NULL },
	{ "state-dir", "gate25", "is neither off nor the absolute path of a folder" },
	{ "history-size", "0", NULL },
	{ "history-size", "4097", "is not a number of MiB from 0 to 4096" },
	{ "tlsrpt-socket", "/run/tlsrpt.sock", NULL },
	{ "tlsrpt-socket", "run", "is not the absolute path of a socket, of at most 107 octets" },
	{ "tlsrpt-socket", "/" HUNDRED "/12345", NULL },
	{ "tlsrpt-socket", "/" HUNDRED "/123456", "is not the absolute path of a socket, of at most 107 octets" },
	{ "trusted-resolvers", "192.0.2.53", NULL },
	{ "trusted-resolvers", "192.0.2.0/24", "is not the address of a resolver" },
	{ "trusted-resolvers", "0.0.0.0", "is not the address of a resolver" },
	{ "trust-anchor-file", "/etc/gate25/root.ds", NULL },
	{ "trust-anchor-file", "root.ds", NOT_PATH },
	{ "recursion", "no", NULL },
	{ "recursion", "maybe", "is neither yes nor no" },
	{ "root-servers", "2001:db8::53", NULL },
	{ "root-servers", "a.root.example", "is not the address of a name server" },
	{ "bogus-names", "bogus.example", NULL },
	{ "default-level", "fingerprint", "is a level for rules: each server has a fingerprint of its own" },
	{ "default-level", "unset", NOT_LEVEL },
	{ "default-level", "Secure", NOT_LEVEL },
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		char text[256];
		char errors[512] = "";
		(void)snprintf(text, sizeof(text), "# a comment\n\n%s = \"%s\"\n", values[i].key, values[i].value);
		if (values[i].wrong != NULL)
			(void)snprintf(errors, sizeof(errors), "3: %s: \"%s\" %s\n", values[i].key, values[i].value,
				       values[i].wrong);
		check_errors(text, errors);
	}
}

static void test_domain_names(void **state)
{
	static const struct {
		const char *name;
		const char *wrong;
	} cases[] = {
		{ "example.com", NULL },
		{ ".example.com", NULL },
		{ "localhost", NULL },
		{ "xn--bcher-kva.example", NULL },
		{ "_x.example", NULL },
		{ "1.example", NULL },
		{ LABEL_63 ".com", NULL },
		{ LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, NOT_NAME }, /* 255 octets */
		{ "x" LABEL_63 ".com", NOT_NAME },
		{ "", NOT_NAME },
		{ ".", NOT_NAME },
		{ "example.com.", NOT_NAME },
		{ "a..b", NOT_NAME },
		{ "..b", NOT_NAME },
		{ "-a.b", NOT_NAME },
		{ "a-.b", NOT_NAME },
		{ "a b", NOT_NAME },
		{ "user@example.com", NOT_NAME },
		{ "example.123", NOT_NAME },
		{ "[192.0.2.1]", NOT_NAME },
		{ "192.0.2.1", "is an address and not a domain name" },
		{ "2001:db8::1", "is an address and not a domain name" },
		{ "*.example.com", "has a wildcard: write .example.com for every name below example.com" },
		{ "b\xc3\xbc"
		  "cher.example",
		  "has letters beyond ASCII: write the name in its A-label form (xn--...)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];
		char errors[1024] = "";
		(void)snprintf(text, sizeof(text), "domain '%s' { level = may }", cases[i].name);
		if (cases[i].wrong != NULL)
			(void)snprintf(errors, sizeof(errors), "1: domain \"%s\" %s\n", cases[i].name, cases[i].wrong);
		check_errors(text, errors);
	}
}

/* The body of a rule for a domain, or a destination, and what it gets. */
static const struct {
	const char *kind;
	const char *body; /* %s: a good fingerprint */
	const char *errors;
} rules[] = {
	{ "domain a", "level = secure\nmatch = {nexthop, dot-nexthop, hostname, x.y, .z}", "" },
	{ "domain a", "", "1: this rule has no level\n" },
	{ "domain a", "level = strong", "2: level: \"strong\" " NOT_LEVEL "\n" },
	{ "domain a", "level = dane\nfloor = secure\nmatch = nexthop", "" },
	{ "domain a", "level = dane-only", "" },
	{ "domain a", "level = dane-only\nfloor = may",
	  "3: floor has no meaning at level dane-only; its levels: dane\n" },
	{ "domain a", "level = verify\nfloor = may", "3: floor has no meaning at level verify; its levels: dane\n" },
	{ "domain a", "level = fingerprint", "1: level fingerprint needs fingerprints\n" },
	{ "domain a", "level = fingerprint\nfingerprints = %s", "" },
	{ "domain a", "level = fingerprint\nfingerprints = %.63s",
	  "3: fingerprints: \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\" " NOT_SHA256 "\n" },
	{ "domain a", "level = fingerprint\nfingerprints = %s0",
	  "3: fingerprints: \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0\" " NOT_SHA256 "\n" },
	{ "domain a", "level = fingerprint\nfingerprints = x%.63s",
	  "3: fingerprints: \"x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\" " NOT_SHA256 "\n" },
	{ "domain a", "level = fingerprint\nfingerprints = \"01:%.62s\"",
	  "3: fingerprints: \"01:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\" " NOT_SHA256 "\n" },
	{ "domain a", "level = verify\nfingerprints = %s",
	  "3: fingerprints has no meaning at level verify; its levels: fingerprint\n" },
	{ "domain a", "level = encrypt\nmatch = x.y\nca-file = /x",
	  "3: match has no meaning at level encrypt; its levels: dane, verify and secure\n"
	  "4: ca-file has no meaning at level encrypt; its levels: dane, verify and secure\n" },
	{ "domain a", "level = none\nservername = x.y\nmin-protocol = TLSv1.3",
	  "3: servername has no meaning at level none; its levels: all but none\n"
	  "4: min-protocol has no meaning at level none; its levels: all but none\n" },
	{ "domain a", "level = may\nmin-protocol = TLSv1.1",
	  "3: min-protocol: \"TLSv1.1\" is neither TLSv1.2 nor TLSv1.3\n" },
	{ "domain a", "level = may\nservername = .x.y",
	  "3: servername: \".x.y\" begins with a dot, which has no meaning here\n" },
	{ "domain a", "level = may\nauth = yes\nnexthop = b",
	  "3: auth has no meaning here: it belongs into a destination section\n"
	  "4: nexthop has no meaning here: it belongs into a destination section\n" },
	{ "domain a", "level = may\nworkers = 3", "3: workers has no meaning here: it belongs outside of sections\n" },
	{ "domain a", "level = may\nlevel = none", "3: level is given twice, first on line 2\n" },
	{ "domain a", "level = {may, none}", "2: level takes a single value\n" },
	{ "domain a", "level = may\ndomain b { level = none }",
	  "3: a domain section cannot stand inside another section\n" },
	{ "client 192.0.2.1", "client-tls = off", "" },
	{ "client 2001:db8::/32", "client-tls = auto", "" },
	{ "client 192.0.2.1", "", "1: this client section says nothing: it has no client-tls\n" },
	{ "client 192.0.2.1", "client-tls = on",
	  "2: client-tls: \"on\" is none of auto, terminate, off and passthrough\n" },
	{ "client 192.0.2.1", "client-tls = {off, auto}", "2: client-tls takes a single value\n" },
	{ "client 192.0.2.1", "client-tls = off\nclient-tls = auto",
	  "3: client-tls is given twice, first on line 2\n" },
	{ "client 192.0.2.1", "client-tls = off\nlevel = may",
	  "3: level has no meaning here: it belongs into a domain or destination section\n" },
	{ "client 192.0.2.1/24", "client-tls = off",
	  "1: client \"192.0.2.1/24\" is not an address or prefix (no bits set behind the prefix length)\n" },
	{ "client example.com", "client-tls = off",
	  "1: client \"example.com\" is not an address or prefix (no bits set behind the prefix length)\n" },
	{ "domain a", "level = may\nclient-tls = off",
	  "3: client-tls has no meaning here: it belongs outside of sections\n" },
	{ "destination 192.0.2.1", "level = verify\nnexthop = b.c\nauth = yes", "" },
	{ "destination 192.0.2.1", "level = verify\nmatch = b.c", "" },
	{ "destination 192.0.2.1", "level = secure",
	  "1: level secure of a destination needs nexthop or match: an address has no name to look for\n" },
	{ "destination 192.0.2.1", "level = verify\nmatch = {hostname, b.c, dot-nexthop}",
	  "3: match = hostname needs nexthop in a destination\n"
	  "3: match = dot-nexthop needs nexthop in a destination\n" },
	{ "destination 192.0.2.1", "level = encrypt\nauth = yes",
	  "3: auth has no meaning at level encrypt; its levels: fingerprint, dane, dane-only, verify and secure\n" },
	{ "destination 192.0.2.1", "level = encrypt\nauth = no", "" },
	{ "destination 192.0.2.1/24", "level = may",
	  "1: destination \"192.0.2.1/24\" is not an address or prefix (no bits set behind the prefix "
	  "length)\n" },
	{ "destination mx.example.com", "level = may",
	  "1: destination \"mx.example.com\" is not an address or prefix (no bits set behind the prefix "
	  "length)\n" },
};

static void test_rules(void **state)
{
	static const char hex[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		char text[1024];
		char body[512];
		const char *mark = strchr(rules[i].body, '%');
		size_t head = mark != NULL ? (size_t)(mark - rules[i].body) : strlen(rules[i].body);
		size_t digits = mark == NULL ? 0 : mark[1] == 's' ? 64 : strtoul(mark + 2, NULL, 10);
		const char *tail = mark != NULL ? strchr(mark, 's') + 1 : "";
		(void)snprintf(body, sizeof(body), "%.*s%.*s%s", (int)head, rules[i].body, (int)digits, hex, tail);
		(void)snprintf(text, sizeof(text), "%s {\n%s\n}\n", rules[i].kind, body);
		check_errors(text, rules[i].errors);
	}
}

/* Whole files: form, repeated and unknown keys, keys against each other; all errors of a file, in its order. */
static const struct {
	const char *text;
	const char *errors;
} files[] = {
	{ "wrokers = 3\n\nfoo = {1, 2}\nbar \"x\" {\n a = 1\n b { c = 2 }\n}\nbaz {}\nworkers = x",
	  "1: there is no key \"wrokers\"\n3: there is no key \"foo\"\n4: there is no section \"bar\"\n"
	  "8: there is no section \"baz\"\n9: workers: \"x\" is neither auto nor a number from 1 to 256\n" },
	{ "workers = 1\nworkers = 2\nworkers = 3",
	  "2: workers is given twice, first on line 1\n3: workers is given twice, first on line 1\n" },
	{ "sources = {}\nsources = {192.0.2.1}", "1: sources has an empty list: leave it out for its default\n"
						 "2: sources is given twice, first on line 1\n" },
	{ "level = may", "1: level has no meaning here: it belongs into a domain or destination section\n" },
	{ "domain a { level = may }\n\"domain|level\" = none\ndomain=a|level = none\n",
	  "2: there is no key \"domain|level\"\n3: there is no key \"domain\"\n"
	  "3: unexpected token '='\n" },
	{ "workers = {3}\nlisten-port = {26, 27}\n", "2: listen-port takes a single value\n" },
	{ "sources = {192.0.2.1\n, bad\n, worse }",
	  "2: sources: \"bad\" " NOT_PREFIX "\n3: sources: \"worse\" " NOT_PREFIX "\n" },
	{ "user = ${HOME}", "1: '$' has no meaning here\n" },
	{ "ca-file = \"${HOME}\"", "1: a string cannot have a control character, a backslash or a dollar sign in it\n"
				   "1: ca-file: \" {HOME}\" " NOT_PATH "\n" },
	{ "ca-file = \"/a\\n\"", "1: a string cannot have a control character, a backslash or a dollar sign in it\n" },
	{ "ports = {25}\nports += {26}", "2: '+' has no meaning here\n2: ports is given twice, first on line 1\n" },
	{ "workers = 3;\nlog = x", "1: ';' has no meaning here\n2: log: \"x\" is neither stderr nor syslog\n" },
	{ "workers = 3\a", "1: a control character (0x07) has no meaning here\n" },
	{ "workers = 3\r\nlog = x\r\n", "2: log: \"x\" is neither stderr nor syslog\n" },
	{ "workers\r= 3", "1: a control character (0x0d) has no meaning here\n" },
	{ "ca-file = /etc/", "1: a word that ends in a slash needs quotes\n" },
	{ "user = \"a", "1: this string has no closing quote on its line\n" },
	{ "wrong = 1\nuser = 'a\n'",
	  "1: there is no key \"wrong\"\n2: this string has no closing quote on its line\n" },
	{ "/* a\n*\nworkers = x", "1: this comment has no end\n" },
	{ "/* a\n*\n*/workers = x // y\n# \"\nlog = z",
	  "3: workers: \"x\" is neither auto nor a number from 1 to 256\n5: log: \"z\" is neither stderr nor "
	  "syslog\n" },
	{ "workers = 3\n\ndomain a {\n level = may\n", "3: this domain section has no closing brace\n" },
	{ "domain {\n level = may }\nx = y",
	  "1: a domain section needs a name: domain \"...\" {\n3: there is no key \"x\"\n" },
	{ "workers", "1: premature end of file\n" },
	{ "workers =\n", "2: premature end of file\n" },
	{ "workers = = 3", "1: unexpected token '='\n" },
	{ "\nworkers 3", "2: missing equal sign after option 'workers'\n" },
	{ "}", "1: unexpected closing brace\n" },
	{ "sources = {10.0.0.0/8 10.0.0.0/9}", "1: unexpected token '10.0.0.0/9'\n" },
	{ "sources = {10.0.0.0/8, {10.0.0.0/9}}", "1: unexpected token '{'\n" },
	{ "workers {3}", "1: there is no section \"workers\"\n" },
	{ "scope = forward", "1: scope forward needs interfaces: where clients enter from\n"
			     "1: scope forward needs sources: who may speak SMTP outwards at all\n" },
	{ "\nscope = {local, forward}\ninterfaces = a",
	  "2: scope forward needs sources: who may speak SMTP outwards at all\n" },
	{ "scope = {local, local}", "1: scope: \"local\" is listed twice\n" },
	{ "source = {client, 192.0.2.1}", "1: source: \"192.0.2.1\" cannot stand beside another value: client, "
					  "gateway, or one address of each family\n" },
	{ "source = {192.0.2.1, gateway}", "1: source: \"gateway\" cannot stand beside another value: client, "
					   "gateway, or one address of each family\n" },
	{ "source = {192.0.2.1, 192.0.2.2}", "1: source: \"192.0.2.2\" is the second address of its family: one "
					     "IPv4 and one IPv6 address at most\n" },
	{ "mark-own = 0x100\nmark-tproxy = 0x200\nctmark-local = 256",
	  "3: mark-own and ctmark-local are the same bit, 0x100\n" },
	{ "mark-seen = 0x10000000", "1: mark-tproxy and mark-seen are the same bit, 0x10000000\n" },
	{ "fence = yes", "1: fence = yes needs scope forward: packets of this host are not routed past it\n" },
	{ "mark-own = 0x10000000", "1: mark-own and mark-tproxy are the same bit, 0x10000000\n" },
	{ "listen-port = 25", "1: listen-port 25 is one of the intercepted ports\n" },
	{ "ports = {25, 825}", "1: listen-port 825 is one of the intercepted ports\n" },
	{ "ports = {25, 25}", "1: ports: \"25\" is listed twice\n" },
	{ "ports = {587}\nlisten-port = 25", "" },
	{ "monitor = 127.0.0.1:825", "1: listen-port and monitor use the same port, 825\n" },
	{ "policy-user = gate25", "1: policy-user must differ from user\n" },
	{ "user = x\nmonitor-user = x", "2: monitor-user must differ from user\n" },
	{ "domain a.B { level = may }\ndomain .a.b { level = may }\ndomain A.b { level = none }",
	  "3: domain \"a.b\" has a rule already, on line 1\n" },
	{ "destination 192.0.2.1 { level = may }\ndestination 192.0.2.1/32 { level = none }\n"
	  "destination 192.0.2.0/24 { level = may }",
	  "2: destination \"192.0.2.1/32\" has a rule already, on line 1\n" },
	{ "client 192.0.2.1 { client-tls = off }\nclient 192.0.2.1/32 { client-tls = auto }\n"
	  "client 192.0.2.0/24 { client-tls = off }",
	  "2: client \"192.0.2.1/32\" has a section already, on line 1\n" },
	{ "client 192.0.2.1 { client-tls = off }\ndomain a { level = may }\ndestination 192.0.2.1 { level = may }\n"
	  "client ::1 { client-tls = auto }",
	  "" },
	{ "domain a { level = may\n}\ndomain a { level = x\n}",
	  "3: level: \"x\" " NOT_LEVEL "\n3: domain \"a\" has a rule already, on line 1\n" },
};

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++)
		check_errors(files[i].text, files[i].errors);
}

/* What is read next knows nothing of an error before. libConfuse's lexer is one for the whole process. */
static void test_errors_leave_nothing_behind(void **state)
{
	static const char *const broken[] = { "user = \"x", "user = 'x",      "/* x",
					      "domain a {", "user = \"\\9\"", "user =" };

	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct told told = { 0 };
		struct conf conf;
		assert_false(conf_parse(&conf, "test.conf", broken[i], tell, &told));
		conf_cleanup(&conf);
		check_errors("user = good", "");
	}
}

static void check_warnings(const char *text, const char *warnings)
{
	struct told told = { 0 };
	struct conf conf;

	assert_true(conf_parse(&conf, "test.conf", text, tell, &told));
	conf_warnings(&conf, "test.conf", tell, &told);
	assert_string_equal(told.text, warnings);
	conf_cleanup(&conf);
}

#define FORWARD "scope = forward interfaces = eth1\n"
#define CLEAR   "mail may leave in clear"

static void test_warnings(void **state)
{
	static const struct {
		const char *text;
		const char *warnings;
	} cases[] = {
		{ "", "" },
		{ FORWARD "sources = {10.0.0.0/8, 2001:db8::/32}", "" },
		{ "enforce = no", "0: enforce = no: the gate reports and refuses nothing; " CLEAR "\n" },
		{ "default-level = may", "0: default-level = may: " CLEAR " wherever no rule forbids it\n" },
		{ "listen-port = 2525", "0: listen-port 2525 is not below 1024: while gate25 is down, any user of this "
					"host could take it\n" },
		{ "monitor = \"[2001:db8::1]:80\"",
		  "0: monitor listens on [2001:db8::1]:80: whoever reaches it reads who mails whom\n" },
		{ "monitor = \"[::1]:80\"", "" },
		{ "interfaces = a sources = 10.0.0.0/8 source = gateway exempt-source = 10.0.0.1",
		  "0: interfaces has no effect: scope does not have forward\n"
		  "0: sources has no effect: scope does not have forward\n"
		  "0: source has no effect: scope does not have forward\n"
		  "0: exempt-source has no effect: scope does not have forward\n" },
		{ FORWARD "sources = 10.0.0.0/8 exempt-user = x",
		  "0: exempt-user has no effect: scope does not have local\n" },
		{ FORWARD "sources = {0.0.0.0/0, ::/0}", "0: sources has 0.0.0.0/0: everybody may speak SMTP outwards\n"
							 "0: sources has ::/0: everybody may speak SMTP outwards\n" },
		{ FORWARD "source = gateway sources = {172.16.0.0/12, 172.0.0.0/8, fd00::/8}",
		  "0: source hides the routable addresses of 172.0.0.0/8 behind this gateway's: servers judge clients "
		  "by "
		  "address (SPF, PTR, allow-lists)\n"
		  "0: source hides the routable addresses of fd00::/8 behind this gateway's: servers judge clients by "
		  "address (SPF, PTR, allow-lists)\n" },
		{ FORWARD "sources = 10.0.0.0/8\ndestination 10.0.0.25 { level = secure nexthop = a.b }",
		  "3: this destination lies within sources: what it sends outwards itself goes through the gate, "
		  "too\n" },
		{ "domain a { level = none }\ndomain b { level = may }\ndomain c { level = encrypt }",
		  "1: domain a: level none: " CLEAR ", and TLS is not even tried\n2: domain b: level may: " CLEAR
		  "\n3: domain c: level encrypt is weaker than default-level dane\n" },
		{ "default-level = secure\ndomain a { level = encrypt }\ndomain b { level = verify }",
		  "2: domain a: level encrypt is weaker than default-level secure\n" },
		{ "list-file = /a default-level = encrypt",
		  "0: list-file has no effect: nothing has level dane, where a list counts\n" },
		{ "list-file = /a default-level = verify\ndomain a { level = dane floor = secure }", "" },
		{ "dnssec = off\ndomain a { level = dane floor = verify }",
		  "2: domain a: level dane comes to what is published by other ways, or its floor, for dnssec = "
		  "off\n" },
		{ "dnssec = off mta-sts = no\ndomain a { level = dane floor = verify }",
		  "2: domain a: level dane comes to its floor, for dnssec = off\n" },
		{ "\ndestination 192.0.2.0/24 { level = secure match = a.b enforce = no }",
		  "2: destination 192.0.2.0/24: enforce = no: refuses nothing; " CLEAR "\n" },
		{ "tlsrpt-socket = /tmp/a", "0: tlsrpt-socket /tmp/a: where systemd starts gate25 it has a /tmp and a "
					    "/var/tmp of its own, and no report will arrive: have the collector put "
					    "its socket below /run\n" },
		{ "tlsrpt-socket = /run/tmp/a", "" },
		{ "client-tls-certificate = \"/c\"\nclient-tls-key = \"/k\"",
		  "0: client-tls-certificate has no effect: client-tls is terminate for nobody\n" },
		{ "client 192.0.2.1 { client-tls = terminate }\nclient-tls-certificate = \"/c\"\nclient-tls-key = "
		  "\"/k\"",
		  "" },
		{ "client-tls = passthrough",
		  "0: client-tls = passthrough: the gate ensures that TLS happens, and judges no "
		  "server: the client must\n" },
		{ "\nclient 192.0.2.0/24 { client-tls = passthrough }",
		  "2: client 192.0.2.0/24: client-tls = passthrough: the gate ensures that TLS happens, and judges no "
		  "server: the client must\n" },
		{ "client-tls = terminate\nclient-tls-certificate = \"/c\"\nclient-tls-key = \"/k\"", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_warnings(cases[i].text, cases[i].warnings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_domain_names),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_errors_leave_nothing_behind),
		cmocka_unit_test(test_warnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
