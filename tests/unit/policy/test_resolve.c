/* test_resolve.c - gate25-policyd --resolve, whole, against a resolver in another process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "policy/tools/resolve.h"
#include "tests/unit/policy/fake_dns.h"

static const struct fake_record records[] = {
	{ "d.example", T_MX, 300, 10, "mx.d.example" },
	{ "mx.d.example", T_A, 300, 0, "192.0.2.1" },
	{ "alias.example", T_CNAME, 200, 0, "mx.d.example" },
	{ "open.example", T_A, 300, 0, "192.0.2.2" },
	{ "_25._tcp.mx.d.example", T_TLSA, 300, 0, "3 1 1 AABB" },
	{ NULL, 0, 0, 0, NULL },
};

static pid_t server;
static char resolver[ENDPOINT_TEXT_MAX];
static char conf_path[] = "/tmp/gate25-resolve-XXXXXX";
static char said[8192]; /* standard output of the last run */

/* The fake lives in a child; its sockets are open before, so that no question comes too early. */
static int set_up(void **state)
{
	static struct fake_dns fake;
	struct event_base *base = event_base_new();

	(void)state;
	fake_dns_open(&fake, base, records);
	fake.validates = true;
	fake.insecure = "open.example";
	fake.broken = "broken.example";
	fake.ede = 7;
	(void)endpoint_format(&fake.at, resolver);
	server = fork();
	if (server == 0) {
		(void)event_base_dispatch(base);
		_exit(0);
	}
	int fd = mkstemp(conf_path);
	(void)close(fd);
	return server > 0 && fd >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	return unlink(conf_path);
}

/* run calls resolve_main with |args|, a NULL at their end, and --config. */
static int run(const char *const *args)
{
	char *argv[16];
	int argc = 0;
	int out = dup(STDOUT_FILENO);
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int status;

	assert_true(out >= 0 && fd >= 0);
	for (; args[argc] != NULL; argc++)
		argv[argc] = strdup(args[argc]);
	argv[argc++] = strdup("--config");
	argv[argc++] = strdup(conf_path);
	(void)fflush(stdout);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	status = resolve_main(argc, argv);
	(void)fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	ssize_t n = pread(fd, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	(void)close(fd);
	(void)close(out);
	while (argc > 0)
		free(argv[--argc]);
	return status;
}

struct row {
	const char *name;
	const char *type;
	const char *mode;
	int status;
	const char *says; /* the first line up to " resolver=", and more of the text */
	const char *more;
};

static const struct row rows[] = {
	{ "D.Example.", "mx", "trust-ad", 0, "status=secure mode=trust-ad",
	  "d.example.\t300\tIN\tMX\t10 mx.d.example." },
	{ "alias.example", "A", "trust-ad", 0, "status=secure mode=trust-ad",
	  "canonical=mx.d.example aliases=1 ttl=200\n" },
	{ "_25._tcp.mx.d.example", "TLSA", "trust-ad", 0, "status=secure mode=trust-ad", "TLSA\t3 1 1 aabb\n" },
	{ "open.example", "A", "trust-ad", 0, "status=insecure mode=trust-ad", "192.0.2.2" },
	{ "d.example", "AAAA", "trust-ad", 0, "status=absent-secure mode=trust-ad", "ttl=90\n" },
	{ "nothing.example", "A", "trust-ad", 0, "status=absent-secure mode=trust-ad", " nxdomain=yes\n" },
	{ "d.example", "MX", "off", 0, "status=insecure mode=off", "mx.d.example." },
	{ "nothing.example", "MX", "off", 0, "status=absent-insecure mode=off", " nxdomain=yes\n" },
	{ ".", "SOA", "trust-ad", 0, "status=secure mode=trust-ad", "canonical=. " },
	{ "broken.example", "A", "trust-ad", 3, "status=failed mode=trust-ad",
	  " bogus=yes\nreason: SERVFAIL: signature expired\n" },
};

static void test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		const char *const args[] = {
			row->name, row->type, "--dnssec", row->mode, "--resolver", resolver, NULL
		};
		int status = run(args);
		if (status != row->status || strncmp(said, row->says, strlen(row->says)) != 0 ||
		    strncmp(said + strlen(row->says), " resolver=127.0.0.1:", 20) != 0 ||
		    strstr(said, row->more) == NULL)
			fail_msg("%s %s: %d %s", row->name, row->type, status, said);
	}
}

static void test_json(void **state)
{
	const char *const found[] = {
		"d.example", "MX", "--json", "--dnssec", "trust-ad", "--resolver", resolver, NULL
	};
	const char *const failed[] = { "broken.example", "A",          "--json", "--dnssec",
				       "trust-ad",       "--resolver", resolver, NULL };

	(void)state;
	assert_int_equal(run(found), 0);
	assert_non_null(strstr(said, "\"status\": \"secure\""));
	assert_non_null(strstr(said, "\"reason\": null"));
	assert_non_null(strstr(said, "MX\\t10 mx.d.example."));
	assert_int_equal(run(failed), 3);
	assert_non_null(strstr(said, "\"bogus\": true"));
	assert_non_null(strstr(said, "\"records\": []"));
}

static void test_usage(void **state)
{
	static const char *const bad[][8] = {
		{ NULL },
		{ "d.example", NULL },
		{ "d.example", "AXFR", NULL },
		{ "d..example", "A", NULL },
		{ "d.example", "A", "more", NULL },
		{ "d.example", "A", "--nothing", NULL },
		{ "d.example", "A", "--dnssec", "maybe", NULL },
		{ "d.example", "A", "--resolver", "example.org", NULL },
		{ "d.example", "A", "--trust-anchor", "/nonexistent", NULL },
		{ "d.example", "A", "--dnssec", "trust-ad", "--resolver", "192.0.2.1", NULL }, /* not trusted */
		{ "d.example", "A", "--dnssec", "validate", "--trust-anchor", "/etc/hostname", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		int status = run(bad[i]);
		if (status != 2 || said[0] != '\0')
			fail_msg("row %zu: %d %s", i, status, said);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *text;
		const char *name;
	} names[] = {
		{ ".", "." },
		{ "Example.ORG.", "example.org" },
		{ "_25._tcp.a", "_25._tcp.a" },
		{ "*.a", "*.a" },
		{ "", NULL },
		{ "..", NULL },
		{ ".a", NULL },
		{ "a..b", NULL },
		{ "a b", NULL },
		{ "a\\046b", NULL },
		{ "b\xc3\xbc.example", NULL },
		{ "0123456789012345678901234567890123456789012345678901234567890123.example", NULL },
	};
	char name[DNS_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(resolve_name(name, names[i].text), names[i].name != NULL);
		if (names[i].name != NULL)
			assert_string_equal(name, names[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("resolve", tests, set_up, tear_down);
}
