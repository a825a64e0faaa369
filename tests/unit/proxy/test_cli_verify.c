/* `gate25 verify` and `gate25 tlsa`: what they say and how they end. What is judged how, test_tls_dane.c has. */
#include "tlsa_made.h"

#include "cli_run.h"

#include "proxy/cli/cli.h"

#define AT "1800000000" /* MADE_NOW */

static struct made leaf; /* for MX and *.example.org, by the intermediate */
static struct made late; /* expired */
static struct made odd;  /* with octets in its names that a terminal would obey */
static struct cast cast;
static char folder[] = "/tmp/gate25-verify-XXXXXX";

static const char *path_of(const char *file)
{
	static char paths[8][128];
	static size_t next;
	char *path = paths[next++ % COUNT(paths)];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, file);
	return path;
}

static void write_file(const char *file, const char *before, const struct made *const *certs)
{
	char pem[16384];
	FILE *out = fopen(path_of(file), "w");

	(void)snprintf(pem, sizeof(pem), "%s", before);
	for (; *certs != NULL; certs++)
		made_pem(*certs, pem, sizeof(pem));
	assert_non_null(out);
	assert_int_equal(fputs(pem, out) >= 0, 1);
	assert_int_equal(fclose(out), 0);
}

/* --- verify ------------------------------------------------------------------------------------------------------- */

/* In |args|, "@311l" stands for that record, and "+file" for that file. */
static const struct {
	const char *args[16];
	int status;
	const char *line; /* the first of stdout; "" for none */
	const char *says; /* NULL: anything. Part of stdout; of stderr where there is no line */
} cases[] = {
	/* DANE */
	{ { "--chain", "+full", "--name", MX, "--tlsa", "@311l" },
	  CLI_OK,
	  "verdict=pass result=none match=\"3 1 1\" depth=0",
	  "usable; of certificate 0" },
	{ { "--chain", "+full", "--name", MX, "--tlsa", "@201r" },
	  CLI_OK,
	  "verdict=pass result=none match=\"2 0 1\" depth=2",
	  "level: dane, at 2027-01-15 08:00:00 UTC" },
	{ { "--chain", "+full", "--name", "nobody.test", "--tlsa", "@311l" },
	  CLI_OK,
	  "verdict=pass result=none match=\"3 1 1\" depth=0",
	  NULL },
	{ { "--chain", "+full", "--name", "nobody.test", "--tlsa", "@211i" },
	  CLI_FAILED,
	  "verdict=refuse result=certificate-host-mismatch match=\"-\" depth=-",
	  "reason: the certificate of the server is for " MX },
	{ { "--chain", "+full", "--name", "nobody.test", "--name", MX, "--tlsa", "@211i" },
	  CLI_OK,
	  "verdict=pass result=none match=\"2 1 1\" depth=1",
	  "matched: " MX },
	{ { "--chain", "+full", "--name", "nobody.test", "--name", "other.test", "--name", "MX.Example.COM.", "--tlsa",
	    "@211i" },
	  CLI_OK,
	  "verdict=pass result=none match=\"2 1 1\" depth=1",
	  "matched: " MX },
	{ { "--chain", "+late", "--name", MX, "--tlsa", "@211i" },
	  CLI_FAILED,
	  "verdict=refuse result=certificate-expired match=\"-\" depth=-",
	  "reason: the certificate of the server has expired" },
	{ { "--chain", "+full", "--name", MX, "--tlsa", "@311x" },
	  CLI_FAILED,
	  "verdict=refuse result=tlsa-invalid match=\"-\" depth=-",
	  "reason: no TLSA record of " MX " matches" },
	{ { "--chain", "+full", "--name", MX, "--tlsa", "@311l", "--tlsa", "@312x" },
	  CLI_FAILED,
	  "verdict=refuse result=tlsa-invalid match=\"-\" depth=-",
	  "does not count, a stronger digest is there; of certificate 0" },
	{ { "--chain", "+full", "--name", MX, "--tlsa", "@111l" },
	  CLI_OK,
	  "verdict=unauthenticated result=none match=\"-\" depth=-",
	  "unusable, usages 0 and 1 are not for SMTP; of certificate 0" },
	{ { "--chain", "+full", "--name", MX, "--tlsa", "3 1 1 00", "--tlsa", "3 0 0 00" },
	  CLI_OK,
	  "verdict=unauthenticated result=none match=\"-\" depth=-",
	  "unusable, its data is no certificate" },
	{ { "--chain", "+full", "--name", MX, "--tlsa", "@111l", "--tlsa", "@311x" },
	  CLI_FAILED,
	  "verdict=refuse result=tlsa-invalid match=\"-\" depth=-",
	  NULL },
	{ { "--chain", "+full", "--name", MX, "--level", "dane-only", "--tlsa", "@111l" },
	  CLI_FAILED,
	  "verdict=refuse result=dane-required match=\"-\" depth=-",
	  NULL },
	{ { "--chain", "+full", "--name", MX, "--level", "dane" },
	  CLI_OK,
	  "verdict=unauthenticated result=none match=\"-\" depth=-",
	  NULL },
	{ { "--chain", "+odd", "--name", MX, "--tlsa", "@311x" },
	  CLI_FAILED,
	  "verdict=refuse result=tlsa-invalid match=\"-\" depth=-",
	  "names: a?[2Jb " MX },
	/* the other levels */
	{ { "--chain", "+full", "--name", MX, "--ca-file", "+root" },
	  CLI_OK,
	  "verdict=pass result=none match=\"-\" depth=-",
	  "matched: " MX },
	{ { "--chain", "+full", "--name", "a.test", "--name", MX, "--ca-file", "+root", "--level", "verify" },
	  CLI_OK,
	  "verdict=pass result=none match=\"-\" depth=-",
	  "level: verify" },
	{ { "--chain", "+full", "--name", MX, "--ca-file", "+stranger" },
	  CLI_FAILED,
	  "verdict=refuse result=certificate-not-trusted match=\"-\" depth=-",
	  NULL },
	{ { "--chain", "+full", "--name", "a.test", "--match", "hostname", "--ca-file", "+root" },
	  CLI_FAILED,
	  "verdict=refuse result=certificate-host-mismatch match=\"-\" depth=-",
	  NULL },
	{ { "--chain", "+full", "--name", "a.test", "--match", ".example.org", "--ca-file", "+root" },
	  CLI_OK,
	  "verdict=pass result=none match=\"-\" depth=-",
	  "matched: .example.org" },
	{ { "--chain", "+full", "--name", "a.test", "--name", "example.com", "--match", "dot-nexthop", "--ca-file",
	    "+root" },
	  CLI_OK,
	  "verdict=pass result=none match=\"-\" depth=-",
	  "matched: .example.com" },
	{ { "--chain", "+full", "--name", "a.test", "--match", "nexthop", "--ca-file", "+root" },
	  CLI_FAILED,
	  "verdict=refuse result=validation-failure match=\"-\" depth=-",
	  NULL },
	{ { "--chain", "+full", "--level", "encrypt" },
	  CLI_OK,
	  "verdict=unauthenticated result=none match=\"-\" depth=-",
	  NULL },
	{ { "--chain", "+many", "--name", MX, "--tlsa", "@311l" },
	  CLI_FAILED,
	  "verdict=refuse result=validation-failure match=\"-\" depth=-",
	  "sends more than 10 certificates" },
	{ { "--chain", "+full", "--name", MX, "--tlsa", "@311l", "--json" }, CLI_OK, "{", "\"match\": \"3 1 1\"" },
	/* usage */
	{ { "--help" }, CLI_OK, "usage: gate25 verify --chain FILE --name NAME [--name NAME...] [OPTION...]", NULL },
	{ { NULL }, CLI_USAGE, "", "usage: gate25 verify" },
	{ { "--chain", "+full" }, CLI_USAGE, "", "level secure needs a --name" },
	{ { "--chain", "+full", "--name", MX, "more" }, CLI_USAGE, "", "usage: gate25 verify" },
	{ { "--chain", "+full", "--name", "no name" }, CLI_USAGE, "", "--name: not a host name" },
	{ { "--chain", "+full", "--name", MX, "--tlsa", "3 1 1" }, CLI_USAGE, "", "--tlsa: not of the form" },
	{ { "--chain", "+full", "--name", MX, "--tlsa", "3 1 1 0" }, CLI_USAGE, "", "--tlsa: not of the form" },
	{ { "--chain", "+full", "--name", MX, "--tlsa", "@311l", "--level", "secure" },
	  CLI_USAGE,
	  "",
	  "--tlsa is for" },
	{ { "--chain", "+full", "--name", MX, "--tlsa", "@311l", "--match", MX }, CLI_USAGE, "", "--match is for" },
	{ { "--chain", "+full", "--name", MX, "--level", "high" }, CLI_USAGE, "", "--level: no such level" },
	{ { "--chain", "+full", "--name", MX, "--level", "fingerprint" }, CLI_USAGE, "", "go together" },
	{ { "--chain", "+full", "--name", MX, "--fingerprint", "00" }, CLI_USAGE, "", "not a SHA-256" },
	{ { "--chain", "+full", "--name", MX, "--at", "now" }, CLI_USAGE, "", "--at: not a number" },
	{ { "--chain", "+full", "--name", "a.test", "--name", "b.test", "--name", "c.test", "--name", "d.test",
	    "--tlsa", "@311l" },
	  CLI_USAGE,
	  "",
	  "at most 3 names" },
	{ { "--chain", "+missing", "--name", MX }, CLI_USAGE, "", "No such file" },
	{ { "--chain", "+empty", "--name", MX, "--tlsa", "@311l" }, CLI_USAGE, "", "holds no certificate" },
	{ { "--chain", "+damaged", "--name", MX, "--tlsa", "@311l" }, CLI_USAGE, "", "is damaged" },
	{ { "--chain", "+full", "--name", MX, "--ca-file", "+missing" }, CLI_USAGE, "", "No such file" },
};

static const char *expand(const char *arg)
{
	static char texts[4][9000];
	static size_t next;
	struct tlsa *record;
	size_t count;
	char *text;

	if (arg == NULL || arg[0] == '+')
		return arg != NULL ? path_of(arg + 1) : NULL;
	if (arg[0] != '@')
		return arg;
	text = texts[next++ % COUNT(texts)];
	record = tlsa_made(arg + 1, &cast, &count);
	(void)snprintf(text, sizeof(texts[0]), "%u %u %u ", record->usage, record->selector, record->mtype);
	for (size_t i = 0; i < record->len; i++)
		(void)snprintf(text + strlen(text), 3, "%02x", record->data[i]);
	tlsa_free(record, count);
	return text;
}

static void is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		assert_true(*text == '\n' || (*text >= ' ' && *text < 0x7f));
}

static void verify_says_it_and_ends_so(void **state)
{
	struct cli_said said;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *args[20] = { "--at", AT };
		size_t line = strlen(cases[i].line);
		for (size_t k = 0; k < COUNT(cases[i].args); k++)
			args[2 + k] = expand(cases[i].args[k]);
		cli_run_as(&said, cli_verify, cases[i].args[0] != NULL ? args : args + 2);
		if (said.status != cases[i].status || strncmp(said.out, cases[i].line, line) != 0 ||
		    (line > 0 ? said.out[line] != '\n' : said.out[0] != '\0') ||
		    (cases[i].says != NULL && strstr(line > 0 ? said.out : said.err, cases[i].says) == NULL))
			fail_msg("case %zu: %d\n%s%s", i, said.status, said.out, said.err);
		is_printable(said.out);
	}
}

/* --- tlsa --------------------------------------------------------------------------------------------------------- */

static void expect_record(const char *out, const char *owner, const char *record)
{
	char line[512];

	(void)snprintf(line, sizeof(line), "\n%s IN TLSA %s\n", owner, expand(record));
	if (strstr(out, line) == NULL)
		fail_msg("no %s in\n%s", line, out);
}

static void tlsa_prints_what_would_be_accepted(void **state)
{
	static const char owner[] = "_25._tcp." MX ".";
	struct cli_said said;

	(void)state;
	cli_run_as(&said, cli_tlsa, (const char *[]){ path_of("now"), NULL });
	assert_int_equal(said.status, CLI_OK);
	assert_int_equal(said.out[0], ';');
	expect_record(said.out, owner, "@311l");
	expect_record(said.out, owner, "@211i");
	expect_record(said.out, owner, "@201i");
	expect_record(said.out, owner, "@211r");
	expect_record(said.out, owner, "@201r");
	assert_true(strstr(said.out, "TLSA 3 1 1") < strstr(said.out, "TLSA 2 1 1"));
	is_printable(said.out);

	cli_run_as(&said, cli_tlsa,
		   (const char *[]){ path_of("now"), "--name", "a.example.org", "--port", "2525", "--json", NULL });
	assert_int_equal(said.status, CLI_OK); /* by the wildcard */
	assert_non_null(strstr(said.out, "\"name\": \"_2525._tcp.a.example.org.\""));

	cli_run_as(&said, cli_tlsa, (const char *[]){ path_of("now"), "--name", "other.test", NULL });
	assert_int_equal(said.status, CLI_FAILED); /* 3 1 1 needs no name, 2 1 1 does */
	expect_record(said.out, "_25._tcp.other.test.", "@311l");
	assert_non_null(
		strstr(said.out, "; refused as it stands: the certificate of the server is for *.example.org, " MX));
	assert_non_null(strstr(said.out, "\n; _25._tcp.other.test. IN TLSA 2 1 1 "));

	cli_run_as(&said, cli_tlsa, (const char *[]){ path_of("stray"), NULL }); /* a certificate that issued nothing */
	assert_int_equal(said.status, CLI_OK);
	assert_null(strstr(said.out, "TLSA 2 "));
}

static void tlsa_says_what_is_wrong(void **state)
{
	static const struct {
		const char *args[6];
		int status;
		const char *says;
	} wrong[] = {
		{ { "--help" }, CLI_OK, "" },
		{ { NULL }, CLI_USAGE, "usage: gate25 tlsa" },
		{ { "+full", "+full" }, CLI_USAGE, "usage: gate25 tlsa" },
		{ { "+full", "--port", "0" }, CLI_USAGE, "--port: not a port" },
		{ { "+full", "--port", "65536" }, CLI_USAGE, "--port: not a port" },
		{ { "+full", "--name", "-" }, CLI_USAGE, "--name: not a host name" },
		{ { "+missing" }, CLI_USAGE, "No such file" },
		{ { "+empty" }, CLI_USAGE, "holds no certificate" },
		{ { "+many" }, CLI_USAGE, "more than 10 certificates" },
		{ { "+root" }, CLI_USAGE, "the certificate names no host; give --name" },
		{ { "+reversed" }, CLI_USAGE, "the server's own comes first" },
	};
	struct cli_said said;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		const char *args[COUNT(wrong[i].args) + 1] = { NULL };
		for (size_t k = 0; k < COUNT(wrong[i].args); k++)
			args[k] = expand(wrong[i].args[k]);
		cli_run_as(&said, cli_tlsa, args);
		if (said.status != wrong[i].status || strstr(said.err, wrong[i].says) == NULL)
			fail_msg("case %zu: %d\n%s%s", i, said.status, said.out, said.err);
	}
}

/* --- the files ---------------------------------------------------------------------------------------------------- */

static const char *const files[] = { "full", "late",  "odd",   "root",    "stranger", "many",
				     "now",  "stray", "empty", "damaged", "reversed" };

/* `tlsa` has the real clock: these are valid now. */
static struct made now_made[3];

static void make_now(void)
{
	const int days = (int)((time(NULL) - MADE_NOW) / MADE_DAY);
	struct recipe ca = {
		.cn = "now", .basic = CA_BASIC, .key_usage = CA_USAGE, .from_days = days - 9, .to_days = days + 9
	};
	const struct recipe host = { .sans = "*.example.org," MX, .from_days = days - 9, .to_days = days + 9 };

	now_made[2] = made_cert(&ca, NULL);
	ca.cn = "below now";
	now_made[1] = made_cert(&ca, &now_made[2]);
	now_made[0] = made_cert_for(&host, &now_made[1], leaf.key);
	EVP_PKEY_up_ref(leaf.key);
}

static int make_all(void **state)
{
	const struct made *inter = &made[BY_INTER];
	const struct made *root = &made[BY_ROOT];
	const struct made *many[TLS_CHAIN_CERTS_MAX + 2] = { NULL };

	(void)make_world(state);
	leaf = made_cert(&(struct recipe){ .sans = MX ",*.example.org" }, inter);
	late = made_cert(&(struct recipe){ .sans = MX, .from_days = -9, .to_days = -1 }, inter);
	odd = made_cert(&(struct recipe){ .cn = "\x1b]0;x\x07", .sans = "a\x1b[2Jb," MX }, inter);
	make_now();
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i <= TLS_CHAIN_CERTS_MAX; i++)
		many[i] = &leaf;
	write_file("full", "A key may be in it.\n", (const struct made *[]){ &leaf, inter, root, NULL });
	write_file("late", "", (const struct made *[]){ &late, inter, NULL });
	write_file("odd", "", (const struct made *[]){ &odd, inter, NULL });
	write_file("root", "", (const struct made *[]){ root, NULL });
	write_file("stranger", "", (const struct made *[]){ &made[BY_STRANGER], NULL });
	write_file("many", "", many);
	write_file("now", "", (const struct made *[]){ &now_made[0], &now_made[2], &now_made[1], NULL });
	write_file("stray", "", (const struct made *[]){ &now_made[0], &made[BY_STRANGER], NULL });
	write_file("empty", "nothing\n", (const struct made *[]){ NULL });
	write_file("damaged", "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n",
		   (const struct made *[]){ NULL });
	write_file("reversed", "", (const struct made *[]){ inter, &leaf, NULL });
	return 0;
}

/* Whose records the letters mean: of the world of MADE_NOW, or of today. */
static int cast_then(void **state)
{
	(void)state;
	cast = (struct cast){ &leaf, &made[BY_INTER], NULL, NULL };
	return 0;
}

static int cast_now(void **state)
{
	(void)state;
	cast = (struct cast){ &now_made[0], &now_made[1], NULL, &now_made[2] };
	return 0;
}

static int unmake_all(void **state)
{
	for (size_t i = 0; i < COUNT(files); i++)
		(void)unlink(path_of(files[i]));
	assert_int_equal(rmdir(folder), 0);
	made_free(&leaf);
	made_free(&late);
	made_free(&odd);
	for (size_t i = 0; i < COUNT(now_made); i++)
		made_free(&now_made[i]);
	return unmake_world(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(verify_says_it_and_ends_so, cast_then),
		cmocka_unit_test_setup(tlsa_says_what_is_wrong, cast_then),
		cmocka_unit_test_setup(tlsa_prints_what_would_be_accepted, cast_now),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
