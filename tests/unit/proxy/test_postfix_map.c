/* test_postfix_map.c - a Postfix TLS policy table as rules: each line of it to the rule that it makes, or to what is
 * said of it; and all that comes out is a configuration that gate25 takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/conf.h"
#include "proxy/import/postfix_map.h"

#define SHA256 "b6b47234e259cdfbb6b47234e259cdfbb6b47234e259cdfbb6b47234e259cdfb"
#define COLONS "B6:B4:72:34:E2:59:CD:FB:B6:B4:72:34:E2:59:CD:FB:B6:B4:72:34:E2:59:CD:FB:B6:B4:72:34:E2:59:CD:FB"
#define SHA1   "51:e9:af:2e:1e:40:1f:51:e9:af:2e:1e:40:1f:51:e9:af:2e:1e:40"
#define MD5    "51:e9:af:2e:1e:40:1f:51:e9:af:2e:1e:40:1f:51:e9"

struct heard {
	char lost[4096]; /* "LINE MESSAGE" each, a new line behind it */
	char notes[4096];
};

static void hear(void *arg, enum postfix_told kind, unsigned line, const char *message)
{
	struct heard *heard = arg;
	char *to = kind == POSTFIX_LOST ? heard->lost : heard->notes;
	size_t len = strlen(to);

	assert_true(len + strlen(message) + 16 < sizeof(heard->lost));
	(void)snprintf(to + len, sizeof(heard->lost) - len, "%u %s\n", line, message);
}

static void print_wrong(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	print_error("%s:%u: %s\n", file, line, message);
}

/* convert: the rules, without the comments that are no rules, for the caller to free. */
static char *convert(const char *table, struct heard *heard)
{
	struct conf conf = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool whole;

	*heard = (struct heard){ 0 };
	assert_non_null(out);
	whole = postfix_map_import(out, "map", table, hear, heard);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(whole, heard->lost[0] == '\0');
	if (!conf_parse(&conf, "rules", text, print_wrong, NULL))
		fail_msg("of %s: no configuration: %s", table, text);
	conf_cleanup(&conf);
	return text;
}

/* --- one line ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *table;
	const char *rule; /* with spaces in the place of white space; "": none. # stands where it is not in force */
	const char *lost; /* what is said begins so; NULL: nothing is lost */
	const char *note; /* likewise */
} rows[] = {
	/* levels */
	{ "a.example none", "domain \"a.example\" { level = none }", NULL, NULL },
	{ "a.example may", "domain \"a.example\" { level = may }", NULL, NULL },
	{ "a.example encrypt", "domain \"a.example\" { level = encrypt }", NULL, NULL },
	{ "A.Example\tENCRYPT", "domain \"a.example\" { level = encrypt }", NULL, NULL },
	{ "a.example verify", "domain \"a.example\" { level = verify }", NULL, NULL },
	{ "a.example secure", "domain \"a.example\" { level = secure }", NULL, NULL },
	{ "a.example dane-only", "domain \"a.example\" { level = dane-only }", NULL, NULL },
	{ "a.example dane",
	  "domain \"a.example\" { level = dane # Postfix goes on in clear text where there are no TLSA records: that "
	  "would be "
	  "# floor = may. Without it the gate's floor holds. }",
	  NULL, NULL },
	{ "a.example half-dane", "", "1 a.example: half-dane is a word of Postfix's log", NULL },
	{ "a.example strong", "", "1 a.example: strong is no level; Postfix defers mail by such a line", NULL },
	{ "a.example ,", "", "1 a.example: no policy at all", NULL },
	{ "a.example none protocols=TLSv1", "domain \"a.example\" { level = none }", NULL,
	  "1 a.example: protocols=TLSv1 has no meaning at level none" },
	/* keys */
	{ ".a.example encrypt", "domain \".a.example\" { level = encrypt }", NULL, NULL },
	{ "\"a.example\" encrypt", "domain \"a.example\" { level = encrypt }", NULL, NULL },
	{ "[192.0.2.1] encrypt", "destination \"192.0.2.1\" { level = encrypt }", NULL,
	  "1 [192.0.2.1]: the rule holds for all sessions with this address" },
	{ "[192.0.2.1]:25 encrypt", "destination \"192.0.2.1\" { level = encrypt }", NULL,
	  "1 [192.0.2.1]:25: the rule" },
	{ "[192.0.2.1]:smtp encrypt", "destination \"192.0.2.1\" { level = encrypt }", NULL,
	  "1 [192.0.2.1]:smtp: the" },
	{ "[2001:db8::1] encrypt", "destination \"2001:db8::1\" { level = encrypt }", NULL,
	  "1 [2001:db8::1]: the rule" },
	{ "[IPv6:2001:DB8::1]:25 encrypt", "destination \"2001:db8::1\" { level = encrypt }", NULL,
	  "1 [ipv6:2001:db8:" },
	{ "[192.0.2.1] secure match=mx.a.example:.b.example",
	  "destination \"192.0.2.1\" { level = secure match = {\"mx.a.example\", \".b.example\"} }", NULL,
	  "1 [192.0.2.1]: the rule" },
	{ "[192.0.2.1] fingerprint match=" SHA256,
	  "destination \"192.0.2.1\" { level = fingerprint fingerprints = {\"" SHA256 "\"} }", NULL,
	  "1 [192.0.2.1]: the" },
	/* what would be weaker elsewhere stays behind # signs */
	{ "[192.0.2.1] may", "#destination \"192.0.2.1\" { # level = may #}",
	  "1 [192.0.2.1]: a destination rule comes before the domains' own", NULL },
	{ "[192.0.2.1] none", "#destination \"192.0.2.1\" { # level = none #}",
	  "1 [192.0.2.1]: a destination rule comes before the domains' own", NULL },
	{ "[192.0.2.1]:587 encrypt", "#destination \"192.0.2.1\" { # level = encrypt #}",
	  "1 [192.0.2.1]:587: a destination rule holds at every port, and this one is for 587", NULL },
	{ "[192.0.2.1] secure", "#destination \"192.0.2.1\" { # level = secure #}",
	  "1 [192.0.2.1]: an address has no name for level secure to go by", NULL },
	{ "[192.0.2.1] verify match=mx.example:hostname",
	  "#destination \"192.0.2.1\" { # level = verify # match = {\"mx.example\", \"hostname\"} #}",
	  "1 [192.0.2.1]: an address has no name for level verify to go by", NULL },
	{ "[192.0.2.1] dane-only", "#destination \"192.0.2.1\" { # level = dane-only #}",
	  "1 [192.0.2.1]: an address has no name for level dane-only to go by", NULL },
	{ "[mx.a.example] encrypt", "#destination \"ADDRESS\" { # level = encrypt # nexthop = \"mx.a.example\" #}",
	  "1 [mx.a.example]: a host without a look at its MX records", NULL },
	{ "[mx.a.example]:submission secure",
	  "#destination \"ADDRESS\" { # level = secure # nexthop = \"mx.a.example\" #}",
	  "1 [mx.a.example]:submission: a host without a look at its MX records", NULL },
	{ "a.example:25 encrypt", "#domain \"a.example\" { # level = encrypt #}",
	  "1 a.example:25: a next hop with a port", NULL },
	{ "a.example:msa encrypt", "#domain \"a.example\" { # level = encrypt #}",
	  "1 a.example:msa: a next hop with a port", NULL },
	/* keys that nothing comes of */
	{ "192.0.2.1 encrypt", "", "1 192.0.2.1: an address without brackets; Postfix never looks that up", NULL },
	{ "[192.0.2.1 encrypt", "", "1 [192.0.2.1: the bracket is never closed", NULL },
	{ "[192.0.2.1]x encrypt", "", "1 [192.0.2.1]x: what follows the host is no port", NULL },
	{ "[192.0.2.300] encrypt", "", "1 [192.0.2.300]: \"192.0.2.300\" is not a domain name", NULL },
	{ "a.example: encrypt", "", "1 a.example:: what follows the host is no port", NULL },
	{ "/^a/ encrypt", "", "1 /^a/: a pattern of a regexp: or pcre: table", NULL },
	{ "* encrypt", "", "1 *: \"*\" has a wildcard", NULL },
	{ "b\xc3\xbc"
	  "cher.example encrypt",
	  "", "1 b??cher.example: \"b??cher.example\" has letters beyond ASCII", NULL },
	{ "a..example encrypt", "", "1 a..example: \"a..example\" is not a domain name", NULL },
	{ "a.example", "", "1 not a key, white space and a policy; Postfix passes over it", NULL },
	{ "  a.example encrypt", "", "1 a line that begins with white space", NULL },
	{ "\"a.example encrypt", "", "1 the quote before the key is never closed", NULL },
	/* match */
	{ "a.example verify match=hostname", "domain \"a.example\" { level = verify match = {\"hostname\"} }", NULL,
	  NULL },
	{ "a.example secure match=nexthop:dot-nexthop match=.B.example",
	  "domain \"a.example\" { level = secure match = {\"nexthop\", \"dot-nexthop\", \".b.example\"} }", NULL,
	  NULL },
	{ "a.example secure, { match = nexthop }, { servername = mx.a.example }",
	  "domain \"a.example\" { level = secure match = {\"nexthop\"} servername = \"mx.a.example\" }", NULL, NULL },
	{ "a.example encrypt match=nexthop", "", "1 a.example: match has no meaning at level encrypt; Postfix defers",
	  NULL },
	{ "a.example dane match=nexthop", "", "1 a.example: match has no meaning at level dane; Postfix defers", NULL },
	{ "a.example secure match=", "", "1 a.example: match is empty; Postfix defers", NULL },
	{ "a.example secure match=::", "", "1 a.example: match has no name; Postfix defers", NULL },
	{ "a.example secure match=*.a.example", "", "1 a.example: match: \"*.a.example\" has a wildcard", NULL },
	{ "a.example secure match=b.example:192.0.2.1", "", "1 a.example: match: \"192.0.2.1\" is an address", NULL },
	/* fingerprints */
	{ "a.example fingerprint match=" COLONS "|" SHA256,
	  "domain \"a.example\" { level = fingerprint fingerprints = {\"" SHA256 "\", \"" SHA256 "\"} }", NULL, NULL },
	{ "a.example fingerprint match=" SHA1 " match=" COLONS,
	  "domain \"a.example\" { level = fingerprint fingerprints = {\"" SHA256 "\"} }",
	  "1 a.example: match: " SHA1 " is of SHA-1, and gate25 knows SHA-256 alone", NULL },
	{ "a.example fingerprint match=" MD5, "", "1 a.example: match: " MD5 " is of MD5, and gate25 knows SHA-256",
	  NULL },
	{ "a.example fingerprint", "", "1 a.example: fingerprint without a SHA-256 digest", NULL },
	{ "a.example fingerprint match=12:34", "", "1 a.example: match: \"12:34\" is no fingerprint", NULL },
	{ "a.example fingerprint match=nexthop", "", "1 a.example: match: \"nexthop\" is no fingerprint", NULL },
	/* servername */
	{ "a.example may servername=MX.a.example", "domain \"a.example\" { level = may servername = \"mx.a.example\" }",
	  NULL, NULL },
	{ "a.example secure servername=hostname", "domain \"a.example\" { level = secure }", NULL, NULL },
	{ "a.example secure servername=nexthop", "domain \"a.example\" { level = secure servername = \"a.example\" }",
	  NULL, NULL },
	{ ".a.example secure servername=nexthop", "domain \".a.example\" { level = secure }",
	  "1 .a.example: servername=nexthop: there is no one name here", NULL },
	{ "a.example secure servername=a_b..c", "", "1 a.example: servername: \"a_b..c\" is not a domain name", NULL },
	/* tafile */
	{ "a.example secure tafile=/etc/ssl/a.pem",
	  "domain \"a.example\" { level = secure ca-file = \"/etc/ssl/a.pem\" }", NULL, NULL },
	{ "a.example secure tafile=/a.pem tafile=/b.pem", "", "1 a.example: tafile is there twice, and a rule has one",
	  NULL },
	{ "a.example secure tafile=a.pem", "", "1 a.example: tafile=a.pem: ca-file needs the whole path", NULL },
	{ "a.example secure tafile=/a\".pem", "", "1 a.example: tafile=/a\".pem: ca-file needs the whole path", NULL },
	{ "a.example encrypt tafile=/a.pem", "", "1 a.example: tafile has no meaning at level encrypt", NULL },
	/* protocols */
	{ "a.example encrypt protocols=>=TLSv1.3", "domain \"a.example\" { level = encrypt min-protocol = TLSv1.3 }",
	  NULL, NULL },
	{ "a.example encrypt protocols=TLSv1.3", "domain \"a.example\" { level = encrypt min-protocol = TLSv1.3 }",
	  NULL, NULL },
	{ "a.example encrypt protocols=>=0x0304", "domain \"a.example\" { level = encrypt min-protocol = TLSv1.3 }",
	  NULL, NULL },
	{ "a.example encrypt protocols=!SSLv2:!SSLv3:!TLSv1:!TLSv1.1:!TLSv1.2",
	  "domain \"a.example\" { level = encrypt min-protocol = TLSv1.3 }", NULL, NULL },
	{ "a.example encrypt protocols=!SSLv2:!SSLv3", "domain \"a.example\" { level = encrypt }", NULL, NULL },
	{ "a.example encrypt protocols=>=tlsv1.2:<=TLSv1.3", "domain \"a.example\" { level = encrypt }", NULL, NULL },
	{ "a.example encrypt protocols=", "domain \"a.example\" { level = encrypt }", NULL, NULL },
	{ "a.example encrypt protocols=TLSv1.2", "domain \"a.example\" { level = encrypt }",
	  "1 a.example: protocols=TLSv1.2: gate25 has no latest version", NULL },
	{ "a.example encrypt protocols=<=TLSv1.2", "domain \"a.example\" { level = encrypt }",
	  "1 a.example: protocols=<=TLSv1.2: gate25 has no latest version", NULL },
	/* a gap: what is above it is not spoken */
	{ "a.example encrypt protocols=!TLSv1.2", "domain \"a.example\" { level = encrypt }",
	  "1 a.example: protocols=!TLSv1.2: gate25 speaks TLS 1.2 and later", NULL },
	{ "a.example encrypt protocols=TLSv1", "domain \"a.example\" { level = encrypt }",
	  "1 a.example: protocols=TLSv1: gate25 speaks TLS 1.2 and later", NULL },
	{ "a.example encrypt protocols=TLSv2", "", "1 a.example: protocols=TLSv2: \"TLSv2\" is no version of TLS",
	  NULL },
	{ "a.example encrypt protocols=!0303", "", "1 a.example: protocols=!0303: \"!0303\" is no version of TLS",
	  NULL },
	{ "a.example encrypt protocols=TLSv1.2 protocols=TLSv1.3", "", "1 a.example: protocols=TLSv1.2", NULL },
	/* ciphers and the rest */
	{ "a.example encrypt ciphers=medium exclude=aNULL:MD5:RC4", "domain \"a.example\" { level = encrypt }", NULL,
	  NULL },
	{ "a.example encrypt ciphers=best", "", "1 a.example: ciphers=best is no grade that Postfix knows", NULL },
	{ "a.example encrypt exclude=ECDHE", "domain \"a.example\" { level = encrypt }",
	  "1 a.example: exclude=ECDHE: gate25 has a list of ciphers of its own", NULL },
	{ "a.example encrypt exclude=", "domain \"a.example\" { level = encrypt }", NULL, NULL },
	{ "a.example encrypt connection_reuse=no enable_rpk=no", "domain \"a.example\" { level = encrypt }", NULL,
	  NULL },
	{ "a.example encrypt connection_reuse=yes", "domain \"a.example\" { level = encrypt }", NULL,
	  "1 a.example: connection_reuse=yes means nothing to gate25" },
	{ "a.example encrypt enable_rpk=yes", "domain \"a.example\" { level = encrypt }", NULL,
	  "1 a.example: enable_rpk=yes: gate25 asks for certificates" },
	{ "a.example encrypt enable_rpk=maybe", "", "1 a.example: enable_rpk=maybe is neither yes nor no", NULL },
	{ "a.example secure policy_type=sts", "domain \"a.example\" { level = secure }",
	  "1 a.example: policy_type is what a policy service adds", NULL },
	{ "a.example encrypt colour=green", "", "1 a.example: colour is no attribute that Postfix knows", NULL },
	{ "a.example encrypt green", "", "1 a.example: green is not of the form name=value", NULL },
	{ "a.example encrypt =green", "", "1 a.example: =green is not of the form name=value", NULL },
	{ "a.example encrypt {match=x", "", "1 a.example: {match=x is not of the form name=value", NULL },
};

/* squeeze leaves the rules alone: no comments that are no rules, one space for all white space. */
static void squeeze(char *text)
{
	char *to = text;
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "# ", 2) == 0)
			continue;
		if (to != text)
			*to++ = ' ';
		for (; *line != '\0'; line++) {
			if (*line != '\t')
				*to++ = *line;
			else if (to[-1] != ' ')
				*to++ = ' ';
		}
	}
	*to = '\0';
}

static bool begins(const char *text, const char *with)
{
	return with == NULL ? text[0] == '\0' : strncmp(text, with, strlen(with)) == 0;
}

static void test_rows(void **state)
{
	struct heard heard;
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = convert(rows[i].table, &heard);
		squeeze(text);
		if (strcmp(text, rows[i].rule) != 0 || !begins(heard.lost, rows[i].lost) ||
		    !begins(heard.notes, rows[i].note)) {
			wrong++;
			print_error("%s:\n rule %s\n lost %s note %s\n", rows[i].table, text, heard.lost, heard.notes);
		}
		free(text);
	}
	assert_int_equal(wrong, 0);
}

/* --- a table ------------------------------------------------------------------------------------------------------ */

/* As one that has grown over the years: nothing of it is lost. */
static const char grown[] = "# TLS policy of the mail relay\n"
			    "\n"
			    "example.edu                 none\n"
			    "   # an indented comment, and an empty line\n"
			    "   \n"
			    "example.gov                 encrypt protocols=!SSLv2:!SSLv3:!TLSv1 ciphers=high\n"
			    "example.com\tverify\n"
			    "example.net                 secure\r\n"
			    ".example.net                secure match=.example.net:example.net\n"
			    "# fingerprints\n"
			    "thumb.example               fingerprint\n"
			    "    match=" COLONS "\n"
			    "# the next one is from the new key\n"
			    "    match=" SHA256 "\n"
			    "bank.example\n"
			    "\tsecure,\n"
			    "\tmatch=mx.bank.example,tafile=/etc/ssl/certs/bank.pem\n"
			    "dane.example dane-only";

static void test_table(void **state)
{
	struct heard heard;
	struct conf conf = { 0 };
	char *text = convert(grown, &heard);

	(void)state;
	assert_string_equal(heard.lost, "");
	assert_string_equal(heard.notes, "");
	assert_true(conf_parse(&conf, "rules", text, print_wrong, NULL));
	assert_int_equal(conf.domains_count, 8);
	assert_int_equal(conf.destinations_count, 0);
	assert_string_equal(conf.domains[0].name, "example.edu");
	assert_int_equal(conf.domains[0].rule.level, LEVEL_NONE);
	assert_int_equal(conf.domains[1].rule.min_protocol, CONF_TLS12);
	assert_string_equal(conf.domains[4].name, ".example.net");
	assert_int_equal(conf.domains[4].rule.match.count, 2);
	assert_int_equal(conf.domains[5].rule.fingerprints.count, 2);
	assert_string_equal(conf.domains[6].name, "bank.example");
	assert_string_equal(conf.domains[6].rule.ca_file, "/etc/ssl/certs/bank.pem");
	assert_int_equal(conf.domains[7].rule.level, LEVEL_DANE_ONLY);
	assert_non_null(strstr(text, "# map:15: bank.example\n"));
	conf_cleanup(&conf);
	free(text);
}

static void test_several(void **state)
{
	struct heard heard;
	char *text = convert("[192.0.2.1] encrypt\n"
			     "[192.0.2.1]:25 encrypt\n"
			     "[192.0.2.1]:smtp fingerprint match=" SHA256 "\n"
			     "a.example secure\n"
			     "A.example may\n"
			     "b.example fingerprint match=" MD5 "\n"
			     "deep.sub.c.example strong\n"
			     ".c.example may\n",
			     &heard);

	(void)state;
	squeeze(text);
	assert_string_equal(text,
			    "destination \"192.0.2.1\" { level = encrypt } "
			    "#destination \"192.0.2.1\" { # level = fingerprint # fingerprints = {\"" SHA256 "\"} #} "
			    "domain \"a.example\" { level = secure } domain \".c.example\" { level = may }");
	assert_non_null(strstr(heard.notes, "2 [192.0.2.1]:25: the same as before in other words"));
	assert_non_null(strstr(heard.lost, "3 [192.0.2.1]:smtp: the address has a rule already"));
	assert_non_null(strstr(heard.lost, "5 a.example: is there twice, and Postfix uses the first"));
	/* What is lost may fall under a weaker rule: that is said as well. */
	assert_non_null(strstr(heard.lost, "6 b.example: as long as it has no rule, default-level holds for it"));
	assert_non_null(
		strstr(heard.lost, "7 deep.sub.c.example: as long as it has no rule, that of .c.example holds for it"));
	free(text);
}

static void test_nothing(void **state)
{
	static const char *const tables[] = { "", "\n", "# only\n#comments", "   \n\t\n", "\n\n# x\n   # y" };
	struct heard heard;

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		char *text = convert(tables[i], &heard);
		assert_string_equal(text, "# From map, by gate25 import-postfix.\n");
		assert_string_equal(heard.lost, "");
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
