/* test_conf_example.c - deploy/gate25.conf.example: sound as it is, complete, honest about the defaults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/conf_internal.h"

#define EXAMPLE  "deploy/gate25.conf.example"
#define MAN_PAGE "deploy/man/gate25.conf.5"

static void refuse(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	fail_msg("%s:%u: %s", file, line, message);
}

static void parse_well(struct conf *conf, const char *text)
{
	assert_true(conf_parse(conf, EXAMPLE, text, refuse, NULL));
}

static char *read_or_fail(const char *path)
{
	char *text = conf_read_file(path);

	if (text == NULL)
		fail_msg("cannot read %s", path);
	return text;
}

/* uncomment turns "#key" into "key" and leaves "# prose" alone. */
static void uncomment(char *text)
{
	for (char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (line[0] == '#' && line[1] > ' ')
			line[0] = ' ';
		if (line[0] == '#' && line[1] == '\t')
			line[0] = ' ';
	}
}

static void test_as_it_is(void **state)
{
	char *text = read_or_fail(EXAMPLE);
	struct conf conf;

	(void)state;
	parse_well(&conf, text);
	conf_warnings(&conf, EXAMPLE, refuse, NULL);
	conf_cleanup(&conf);
	free(text);
}

static void check_defaults(const struct conf *a, const struct conf *b)
{
	char one[ENDPOINT_TEXT_MAX];
	char two[ENDPOINT_TEXT_MAX];

	assert_int_equal(a->scope_local, b->scope_local);
	assert_int_equal(a->scope_forward, b->scope_forward);
	assert_int_equal(a->source, b->source);
	assert_int_equal(a->listen_port, b->listen_port);
	assert_int_equal(a->ports_count, b->ports_count);
	assert_int_equal(a->ports[0], b->ports[0]);
	assert_int_equal(a->mark_own, b->mark_own);
	assert_int_equal(a->mark_tproxy, b->mark_tproxy);
	assert_int_equal(a->mark_seen, b->mark_seen);
	assert_int_equal(a->fence, b->fence);
	assert_int_equal(a->ctmark_approved, b->ctmark_approved);
	assert_int_equal(a->ctmark_local, b->ctmark_local);
	assert_int_equal(a->route_table, b->route_table);
	assert_int_equal(a->workers, b->workers);
	assert_string_equal(a->user, b->user);
	assert_string_equal(a->policy_user, b->policy_user);
	assert_string_equal(a->monitor_user, b->monitor_user);
	assert_int_equal(a->monitor, b->monitor);
	assert_string_equal(endpoint_format(&a->monitor_listen, one), endpoint_format(&b->monitor_listen, two));
	assert_int_equal(a->log_syslog, b->log_syslog);
	assert_int_equal(a->log_format, b->log_format);
	assert_int_equal(a->log_level, b->log_level);
	assert_int_equal(a->max_sessions, b->max_sessions);
	assert_int_equal(a->drain_limit_s, b->drain_limit_s);
	assert_int_equal(a->max_sessions_client, b->max_sessions_client);
	assert_int_equal(a->max_sessions_destination, b->max_sessions_destination);
	assert_int_equal(a->max_handshakes, b->max_handshakes);
	assert_int_equal(a->bare_newline, b->bare_newline);
	assert_int_equal(a->tls_compat, b->tls_compat);
	assert_string_equal(a->ca_file, b->ca_file);
	assert_int_equal(a->enforce, b->enforce);
	assert_int_equal(a->default_level, b->default_level);
	assert_int_equal(a->floor, b->floor);
	assert_int_equal(a->dnssec, b->dnssec);
	assert_int_equal(a->insecure_mx, b->insecure_mx);
	assert_int_equal(a->strict_mx, b->strict_mx);
	assert_int_equal(a->mta_sts, b->mta_sts);
	assert_int_equal(a->sts_lookup, b->sts_lookup);
	assert_int_equal(a->list_expired, b->list_expired);
	assert_int_equal(a->client_tls, b->client_tls);
	assert_string_equal(a->state_dir, b->state_dir);
	assert_int_equal(a->history_mib, b->history_mib);
	assert_int_equal(a->recursion, b->recursion);
}

static void test_commented_keys_are_the_defaults(void **state)
{
	char *text = read_or_fail(EXAMPLE);
	struct conf conf;
	struct conf defaults;

	(void)state;
	uncomment(text);
	parse_well(&conf, text);
	parse_well(&defaults, "");
	check_defaults(&conf, &defaults);
	assert_int_equal(conf.domains_count, 2);
	assert_int_equal(conf.destinations_count, 2);
	conf_cleanup(&conf);
	conf_cleanup(&defaults);
	free(text);
}

static void test_every_key_is_shown(void **state)
{
	char *text = read_or_fail(EXAMPLE);

	(void)state;
	for (size_t i = 0; i < conf_keys_count; i++) {
		char want[64];
		bool gate = (conf_keys[i].where & CONF_IN_GATE) != 0;
		(void)snprintf(want, sizeof(want), gate ? "\n#%s = " : "\n#\t%s = ", conf_keys[i].name);
		if (strstr(text, want) == NULL)
			fail_msg("%s does not show %s", EXAMPLE, conf_keys[i].name);
	}
	free(text);
}

/* The complete configurations are the lines that are indented by five blanks. */
static void test_complete_configurations(void **state)
{
	char *text = read_or_fail(EXAMPLE);
	char *copy = calloc(1, strlen(text) + 2);
	unsigned blocks = 0;
	size_t len = 0;
	char *rest = text;
	char *line;

	(void)state;
	assert_non_null(copy);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strncmp(line, "#     ", 6) == 0) {
			size_t n = strlen(line + 6);
			memcpy(copy + len, line + 6, n);
			copy[len + n] = '\n';
			len += n + 1;
			copy[len] = '\0';
		} else if (len > 0) {
			struct conf conf;
			parse_well(&conf, copy);
			conf_cleanup(&conf);
			blocks++;
			len = 0;
		}
	}
	assert_int_equal(blocks, 3);
	free(copy);
	free(text);
}

static void test_every_key_is_documented(void **state)
{
	char *text = read_or_fail(MAN_PAGE);

	(void)state;
	for (size_t i = 0; i < conf_keys_count; i++) {
		char want[64];
		(void)snprintf(want, sizeof(want), "\n.It Ic %s ", conf_keys[i].name);
		if (strstr(text, want) == NULL)
			fail_msg("%s does not explain %s", MAN_PAGE, conf_keys[i].name);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_it_is),
		cmocka_unit_test(test_commented_keys_are_the_defaults),
		cmocka_unit_test(test_every_key_is_shown),
		cmocka_unit_test(test_complete_configurations),
		cmocka_unit_test(test_every_key_is_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
