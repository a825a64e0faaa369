/* published_world.h - facts in words: MX hosts, what MTA-STS says, what the list says. Each test program includes its
 * own copy. */
#ifndef GATE25_TESTS_PUBLISHED_WORLD_H
#define GATE25_TESTS_PUBLISHED_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide/decide.h"

#define NOW 2000000000u

static const struct verdict_pattern sts_patterns[] = { { "mx1.d.example", false }, { "d.example", true } };
static const struct verdict_pattern list_patterns[] = { { "list.example", true } };
static const struct sts_policy policy = { STS_MODE_ENFORCE, 86400, (struct verdict_pattern *)sts_patterns, 2 };
static const struct sts_policy mode_none = { STS_MODE_NONE, 86400, (struct verdict_pattern *)sts_patterns, 2 };

static inline void on_error(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	print_message("%s:%u: %s\n", file, line, message);
}

static inline struct conf parse(const char *text)
{
	struct conf conf;

	if (!conf_parse(&conf, "test.conf", text, on_error, NULL))
		fail_msg("the configuration of the test is wrong: %s", text);
	return conf;
}

/* "none", "failed", a mode, "mode-none"; "fetch": no policy to be had; NULL: not waited for. After '+' a failed fetch
 * that a remembered policy outlives. */
static inline void add_sts(struct decide_facts *facts, const char *word)
{
	struct sts_answer *sts = &facts->sts;

	facts->sts_known = word != NULL;
	if (word == NULL)
		return;
	sts->ttl_s = 1000;
	sts->status = VERDICT_PUBLISHED_NONE;
	if (word[0] == '+' || strcmp(word, "fetch") == 0) {
		sts->result = RESULT_STS_POLICY_FETCH_ERROR;
		(void)snprintf(sts->reason, sizeof(sts->reason), "the policy host is down");
	}
	word += word[0] == '+';
	if (strcmp(word, "failed") == 0) {
		sts->status = VERDICT_PUBLISHED_FAILED;
		(void)snprintf(sts->reason, sizeof(sts->reason), "SERVFAIL");
	} else if (strcmp(word, "enforce") == 0 || strcmp(word, "testing") == 0 || strcmp(word, "mode-none") == 0) {
		sts->present = true;
		sts->policy = word[0] == 'm' ? &mode_none : &policy;
		sts->status = word[0] == 'e'   ? VERDICT_PUBLISHED_ENFORCE
			      : word[0] == 't' ? VERDICT_PUBLISHED_TESTING
					       : VERDICT_PUBLISHED_NONE;
		(void)snprintf(sts->id, sizeof(sts->id), "id1");
		sts->expires_s = NOW + 700;
	}
}

/* "enforce" or "testing"; "expired-" before; NULL: the list has not got it. */
static inline void add_list(struct decide_facts *facts, const char *word)
{
	if (word == NULL)
		return;
	facts->listed = true;
	facts->list_expires_s = NOW + 500;
	if (strncmp(word, "expired-", 8) == 0) {
		facts->list_expires_s = NOW;
		word += 8;
	}
	facts->entry = (struct list_entry){ word[0] == 'e', list_patterns, 1 };
}

/* Hosts in words, as in test_decide_dane.c: U, u, n, f; "-": not proved; "nx": no such domain; "failed". */
static inline void add_mx(struct mx_result *mx, const char *words)
{
	*mx = (struct mx_result){ .lookup = VERDICT_LOOKUP_FOUND, .secure = words[0] != '-' };
	(void)snprintf(mx->canonical, sizeof(mx->canonical), "d.example");
	words += words[0] == '-';
	if (strcmp(words, "failed") == 0 || strcmp(words, "nx") == 0) {
		mx->lookup = words[0] == 'f' ? VERDICT_LOOKUP_FAILED : VERDICT_LOOKUP_ABSENT;
		return;
	}
	mx->hosts_count = strlen(words);
	mx->hosts = calloc(mx->hosts_count, sizeof(*mx->hosts));
	assert_non_null(mx->hosts);
	for (size_t i = 0; i < mx->hosts_count; i++) {
		struct verdict_mx *host = &mx->hosts[i];
		(void)snprintf(host->name, sizeof(host->name), "mx%zu.d.example", i + 1);
		host->addrs = calloc(1, sizeof(*host->addrs));
		assert_true(host->addrs != NULL && addr_parse(host->addrs, "192.0.2.1"));
		host->addrs_count = 1;
		host->dane = words[i] == 'U'   ? VERDICT_DANE_USABLE
			     : words[i] == 'u' ? VERDICT_DANE_UNUSABLE
			     : words[i] == 'n' ? VERDICT_DANE_NONE
					       : VERDICT_DANE_FAILED;
		if (words[i] != 'U')
			continue;
		(void)snprintf(host->tlsa_base, sizeof(host->tlsa_base), "mx%zu.d.example", i + 1);
		host->tlsa = calloc(1, sizeof(*host->tlsa));
		assert_true(host->tlsa != NULL &&
			    tlsa_parse(host->tlsa, "3 1 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
						   "aaaaaaaaaaaaaaaaaaaaaaaa"));
		host->tlsa_count = 1;
	}
}

#endif
