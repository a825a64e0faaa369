/* The digest of a policy, level dane: tls_policy_digest of proxy/tls/tls_verify.h. The other levels, test_tls_verify.c
 * has. */
#include "tls_world.h"

struct policy { /* a verdict and what it points to */
	struct verdict verdict;
	struct verdict_mx mx[2];
	struct addr addrs[2][2];
	struct tlsa tlsa[2][2];
	uint8_t data[4][32];
	struct verdict_pattern patterns[2];
};

static void set_up(struct policy *p)
{
	*p = (struct policy){ .verdict = verdict_at(LEVEL_DANE) };
	for (size_t i = 0; i < 2; i++) {
		p->mx[i] = (struct verdict_mx){ .addrs = p->addrs[i],
						.addrs_count = 2,
						.dane = VERDICT_DANE_USABLE,
						.tlsa = p->tlsa[i],
						.tlsa_count = 2 };
		(void)snprintf(p->mx[i].name, sizeof(p->mx[i].name), "mx%zu.test", i);
		(void)snprintf(p->mx[i].tlsa_base, sizeof(p->mx[i].tlsa_base), "base%zu.test", i);
		for (size_t k = 0; k < 2; k++) {
			p->addrs[i][k] =
				(struct addr){ .family = AF_INET, .bytes = { 192, 0, 2, (uint8_t)(2 * i + k) } };
			p->data[2 * i + k][0] = (uint8_t)(2 * i + k);
			p->tlsa[i][k] = (struct tlsa){ 3, 1, 1, 32, p->data[2 * i + k] };
		}
	}
	p->verdict.floor = LEVEL_ENCRYPT;
	p->verdict.mx_lookup = VERDICT_LOOKUP_FOUND;
	p->verdict.mx_secure = true;
	p->verdict.mx = p->mx;
	p->verdict.mx_count = 2;
	p->verdict.published = (struct verdict_policy){
		.status = VERDICT_PUBLISHED_ENFORCE, .by = VERDICT_BY_STS, .patterns = p->patterns, .patterns_count = 2
	};
	p->patterns[0] = (struct verdict_pattern){ .name = "d.test", .wildcard = true };
	p->patterns[1] = (struct verdict_pattern){ .name = "mx1.test" };
	(void)snprintf(p->verdict.nexthop, sizeof(p->verdict.nexthop), "d.test");
}

static void change(struct policy *p, size_t what)
{
	switch (what) {
	case 0: return;
	case 1: p->verdict.level = LEVEL_DANE_ONLY; return;
	case 2: p->verdict.floor = LEVEL_SECURE; return;
	case 3: p->verdict.mx_secure = false; return;
	case 4: p->verdict.strict_mx = true; return;
	case 5: p->verdict.nexthop[0] = 'e'; return;
	case 6: p->verdict.expanded[0] = 'e'; return;
	case 7: p->verdict.mx_lookup = VERDICT_LOOKUP_FAILED; return;
	case 8: p->verdict.mx_count = 1; return;
	case 9: p->mx[1].name[0] = 'n'; return;
	case 10: p->mx[1].tlsa_base[0] = 'c'; return;
	case 11: p->mx[1].dane = VERDICT_DANE_UNUSABLE; return;
	case 12: p->mx[1].dane = VERDICT_DANE_NONE; return;
	case 13: p->mx[1].dane = VERDICT_DANE_FAILED; return;
	case 14: p->mx[1].tlsa_count = 1; return;
	case 15: p->tlsa[1][1].usage = 2; return;
	case 16: p->tlsa[1][1].selector = 0; return;
	case 17: p->tlsa[1][1].mtype = 0; return;
	case 18: p->tlsa[1][1].len = 31; return;
	case 19: p->data[3][31] = 1; return;
	case 20: p->mx[1].addrs_count = 1; return;
	case 21: p->addrs[1][1].bytes[3] = 9; return;
	case 22: p->mx[0].tlsa = p->tlsa[1], p->mx[1].tlsa = p->tlsa[0]; return; /* each the other's */
	case 23: p->verdict.min_protocol = CONF_TLS13; return;
	case 24: p->verdict.generation = 1; return;
	case 25: p->verdict.source = VERDICT_SOURCE_DEFAULT; return;
	case 26: p->verdict.published.status = VERDICT_PUBLISHED_NONE; return;
	case 27: p->verdict.published.status = VERDICT_PUBLISHED_TESTING; return;
	case 28: p->verdict.published.by = VERDICT_BY_LIST; return;
	case 29: p->verdict.published.patterns_count = 1; return;
	case 30: p->patterns[1].name[0] = 'n'; return;
	case 31: p->patterns[0].wildcard = false; return;
	default: fail_msg("no change %zu", what);
	}
}

static void whatever_the_judge_looks_at_changes_it(void **state)
{
	static struct policy p;
	uint8_t digests[32][32];

	(void)state;
	for (size_t i = 0; i < COUNT(digests); i++) {
		set_up(&p);
		change(&p, i);
		tls_policy_digest(&p.verdict, digests[i]);
		for (size_t k = 0; k < i; k++)
			if (memcmp(digests[i], digests[k], 32) == 0)
				fail_msg("changes %zu and %zu are the same policy", k, i);
	}
}

static void order_and_reasons_do_not(void **state)
{
	static struct policy p;
	static struct policy q;
	uint8_t digests[2][32];
	struct verdict_mx mx;
	struct tlsa tlsa;
	struct addr addr;
	struct verdict_pattern pattern;

	(void)state;
	set_up(&p);
	set_up(&q);
	tlsa = q.tlsa[0][0];
	q.tlsa[0][0] = q.tlsa[0][1];
	q.tlsa[0][1] = tlsa;
	addr = q.addrs[1][0];
	q.addrs[1][0] = q.addrs[1][1];
	q.addrs[1][1] = addr;
	mx = q.mx[0];
	q.mx[0] = q.mx[1];
	q.mx[1] = mx;
	pattern = q.patterns[0];
	q.patterns[0] = q.patterns[1];
	q.patterns[1] = pattern;
	q.verdict.published.id[0] = '2';
	q.verdict.published.max_age_s = 60;
	q.verdict.published.result = RESULT_STS_POLICY_FETCH_ERROR;
	(void)snprintf(q.verdict.published.reason, sizeof(q.verdict.published.reason), "for the log");
	q.verdict.ttl_s = 60;
	(void)snprintf(q.verdict.reason, sizeof(q.verdict.reason), "for the log");
	tls_policy_digest(&p.verdict, digests[0]);
	tls_policy_digest(&q.verdict, digests[1]);
	assert_memory_equal(digests[0], digests[1], 32);
}

/* Domains of one policy share their sessions where nothing about the domain counts. */
static void other_levels_do_not_look_at_records(void **state)
{
	static struct policy p;
	uint8_t digests[2][32];

	(void)state;
	for (enum level level = LEVEL_ENCRYPT; level <= LEVEL_SECURE; level++) {
		if (level == LEVEL_DANE || level == LEVEL_DANE_ONLY)
			continue;
		for (size_t i = 0; i < 2; i++) {
			set_up(&p);
			p.verdict.level = level;
			p.verdict.nexthop[0] = i == 0 ? 'd' : 'e';
			p.data[0][0] = (uint8_t)i;
			p.patterns[0].wildcard = i == 0;
			tls_policy_digest(&p.verdict, digests[i]);
		}
		assert_memory_equal(digests[0], digests[1], 32);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_the_judge_looks_at_changes_it),
		cmocka_unit_test(order_and_reasons_do_not),
		cmocka_unit_test(other_levels_do_not_look_at_records),
	};

	return cmocka_run_group_tests(tests, make_world, unmake_world);
}
