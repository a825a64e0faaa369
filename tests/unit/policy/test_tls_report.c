/* test_tls_report.c - what is reported of a session, and that it arrives whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/verdict/tls_report.h"

static uint8_t bytes[WIRE_MAX];
static uint8_t big[TLSA_DATA_MAX];

static size_t put(const struct tls_report *report)
{
	struct wire_writer w;

	wire_writer_init(&w, bytes, TLS_REPORT_BYTES_MAX);
	tls_report_put(&w, report);
	assert_false(w.failed);
	return w.len;
}

static struct tls_report *get(size_t len)
{
	struct wire_reader r;

	wire_reader_init(&r, bytes, len);
	return tls_report_get(&r);
}

/* sample has everything that a report can have. */
static void sample(struct tls_report *report, const struct tlsa *tlsa, size_t tlsa_count,
		   const struct verdict_pattern *patterns, size_t patterns_count)
{
	memset(report, 0, sizeof(*report));
	(void)snprintf(report->domain, sizeof(report->domain), "d.example");
	assert_true(addr_parse(&report->sender, "192.0.2.25"));
	assert_true(addr_parse(&report->receiver, "2001:db8::25"));
	report->policies_count = 2;
	report->policies[0] = (struct tls_report_policy){
		.type = TLS_REPORT_TLSA, .domain = "mx.d.example", .tlsa = tlsa, .tlsa_count = tlsa_count
	};
	report->policies[1] = (struct tls_report_policy){ .type = TLS_REPORT_STS,
							  .domain = "d.example",
							  .failed = true,
							  .testing = true,
							  .id = "20260101",
							  .max_age_s = 86400,
							  .patterns = patterns,
							  .patterns_count = patterns_count };
	report->failures_count = 1;
	report->failures[0] = (struct tls_report_failure){ .policy = 1,
							   .word = RESULT_CERTIFICATE_EXPIRED,
							   .mx = "mx.d.example",
							   .helo = "host.example",
							   .reason = "expired yesterday" };
}

static const struct verdict_pattern patterns[] = { { "mx.d.example", false }, { "d.example", true } };

static void test_travels(void **state)
{
	static uint8_t digest[] = { 1, 2, 3 };
	const struct tlsa tlsa[] = { { 3, 1, 1, 3, digest } };
	struct tls_report report;

	(void)state;
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	struct tls_report *got = get(put(&report));
	assert_non_null(got);
	assert_string_equal(got->domain, "d.example");
	assert_true(addr_equal(&got->sender, &report.sender));
	assert_true(addr_equal(&got->receiver, &report.receiver));
	assert_int_equal(got->policies_count, 2);
	assert_int_equal(got->policies[0].type, TLS_REPORT_TLSA);
	assert_string_equal(got->policies[0].domain, "mx.d.example");
	assert_false(got->policies[0].failed);
	assert_int_equal(got->policies[0].tlsa_count, 1);
	assert_true(tlsa_equal(&got->policies[0].tlsa[0], &tlsa[0]));
	assert_true(got->policies[1].failed && got->policies[1].testing);
	assert_string_equal(got->policies[1].id, "20260101");
	assert_int_equal(got->policies[1].max_age_s, 86400);
	assert_int_equal(got->policies[1].patterns_count, 2);
	assert_string_equal(got->policies[1].patterns[1].name, "d.example");
	assert_true(got->policies[1].patterns[1].wildcard);
	assert_int_equal(got->failures_count, 1);
	assert_int_equal(got->failures[0].policy, 1);
	assert_int_equal(got->failures[0].word, RESULT_CERTIFICATE_EXPIRED);
	assert_string_equal(got->failures[0].mx, "mx.d.example");
	assert_string_equal(got->failures[0].helo, "host.example");
	assert_string_equal(got->failures[0].reason, "expired yesterday");
	tls_report_free(got);
}

/* Whoever sends less, or something else, is thrown out; nothing is read beyond the message's end. */
static void test_malformed(void **state)
{
	static uint8_t digest[] = { 1, 2, 3 };
	const struct tlsa tlsa[] = { { 3, 1, 1, 3, digest } };
	struct tls_report report;
	size_t len;

	(void)state;
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	len = put(&report);
	for (size_t cut = 0; cut < len; cut++) {
		struct wire_reader r;
		uint8_t *copy = malloc(cut + 1);
		assert_non_null(copy);
		memcpy(copy, bytes, cut);
		wire_reader_init(&r, copy, cut);
		assert_null(tls_report_get(&r));
		free(copy);
	}
	assert_null(get(len + 1));

	report.failures[0].policy = 2; /* no such policy */
	assert_null(get(put(&report)));
	report.failures[0].policy = 1;
	report.failures[0].word = RESULT_NONE;
	assert_null(get(put(&report)));
	report.failures[0].word = RESULT_COUNT;
	assert_null(get(put(&report)));
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	report.domain[0] = '\0';
	assert_null(get(put(&report)));
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	report.policies_count = report.failures_count = 0;
	assert_null(get(put(&report)));
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	report.policies[0].type = TLS_REPORT_STS; /* records in a policy of patterns */
	assert_null(get(put(&report)));
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	report.policies[1].type = TLS_REPORT_NO_POLICY;
	assert_null(get(put(&report)));
}

/* A report is never lost for being large: records are left out, and the largest that can be made fits. */
static void test_large(void **state)
{
	static struct tlsa many[TLSA_MAX];
	static struct verdict_pattern wide[VERDICT_PATTERNS_MAX];
	struct tls_report report;
	struct tls_report *got;

	(void)state;
	for (size_t i = 0; i < COUNT(wide); i++)
		memset(wide[i].name, 'a', VERDICT_NAME_MAX - 1);
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = (struct tlsa){ 3, 1, 1, 32, big };
	sample(&report, many, COUNT(many), wide, COUNT(wide));
	report.failures_count = TLS_REPORT_FAILURES_MAX;
	for (size_t i = 0; i < report.failures_count; i++) {
		report.failures[i] = (struct tls_report_failure){ .policy = 1, .word = RESULT_VALIDATION_FAILURE };
		memset(report.failures[i].mx, 'b', sizeof(report.failures[i].mx) - 1);
		memset(report.failures[i].helo, 'c', sizeof(report.failures[i].helo) - 1);
		memset(report.failures[i].reason, 'd', sizeof(report.failures[i].reason) - 1);
	}
	got = get(put(&report));
	assert_non_null(got);
	assert_int_equal(got->policies[0].tlsa_count, TLS_REPORT_TLSA_MAX);
	assert_int_equal(got->policies[1].patterns_count, VERDICT_PATTERNS_MAX);
	assert_int_equal(got->failures_count, TLS_REPORT_FAILURES_MAX);
	tls_report_free(got);

	/* One that is too large leaves its place to the others, in the next policy too. */
	many[0].len = TLSA_DATA_MAX;
	many[2].len = TLS_REPORT_TLSA_BYTES_MAX - 64;
	report.policies[1] = report.policies[0];
	report.policies[0].tlsa_count = 3;
	report.policies[1].tlsa_count = 3;
	got = get(put(&report));
	assert_non_null(got);
	assert_int_equal(got->policies[0].tlsa_count, 2);
	assert_int_equal(got->policies[0].tlsa[1].len, TLS_REPORT_TLSA_BYTES_MAX - 64);
	assert_int_equal(got->policies[1].tlsa_count, 1);
	tls_report_free(got);
}

/* --- what is reported --------------------------------------------------------------------------------------------- */

/* A host in words: "n" none, "u" unusable, "f" failed, "U" usable; then the last octet of its address 192.0.2.N. */
static void add_host(struct verdict *v, const char *word)
{
	struct verdict_mx *mx = &v->mx[v->mx_count++];

	(void)snprintf(mx->name, sizeof(mx->name), "mx%zu", v->mx_count);
	mx->dane = word[0] == 'n'   ? VERDICT_DANE_NONE
		   : word[0] == 'u' ? VERDICT_DANE_UNUSABLE
		   : word[0] == 'U' ? VERDICT_DANE_USABLE
				    : VERDICT_DANE_FAILED;
	mx->addrs = calloc(1, sizeof(*mx->addrs));
	assert_non_null(mx->addrs);
	mx->addrs_count = 1;
	mx->addrs[0] = (struct addr){ .family = AF_INET, .bytes = { 192, 0, 2, (uint8_t)(word[1] - '0') } };
	if (mx->dane != VERDICT_DANE_USABLE)
		return;
	(void)snprintf(mx->tlsa_base, sizeof(mx->tlsa_base), "base%zu", v->mx_count);
	mx->tlsa = calloc(1, sizeof(*mx->tlsa));
	assert_non_null(mx->tlsa);
	assert_true(tlsa_parse(mx->tlsa, "3 1 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	mx->tlsa_count = 1;
}

/* What is published, in words: "" nothing; "enforce", "testing", "none" by MTA-STS, "list", "list-testing"; then
 * "!fetch", "!invalid" or "!webpki" for what went wrong. */
static void publish(struct verdict *v, const char *words)
{
	struct verdict_policy *p = &v->published;
	bool list = strncmp(words, "list", 4) == 0;

	p->status = VERDICT_PUBLISHED_NONE;
	p->result = strstr(words, "!fetch") != NULL     ? RESULT_STS_POLICY_FETCH_ERROR
		    : strstr(words, "!invalid") != NULL ? RESULT_STS_POLICY_INVALID
		    : strstr(words, "!webpki") != NULL  ? RESULT_STS_WEBPKI_INVALID
							: RESULT_NONE;
	if (words[0] == '\0' || words[0] == '!')
		return;
	p->by = list ? VERDICT_BY_LIST : VERDICT_BY_STS;
	if (strncmp(words, "none", 4) == 0)
		return;
	p->status = strstr(words, "testing") != NULL ? VERDICT_PUBLISHED_TESTING : VERDICT_PUBLISHED_ENFORCE;
	p->patterns = calloc(1, sizeof(*p->patterns));
	assert_non_null(p->patterns);
	p->patterns_count = 1;
	(void)snprintf(p->patterns[0].name, sizeof(p->patterns[0].name), "mx1");
	(void)snprintf(p->id, sizeof(p->id), "%s", list ? "" : "7");
}

static struct verdict *verdict_of(enum level level, const char *hosts, const char *published)
{
	struct verdict *v = verdict_new();
	char copy[64];
	char *at = copy;
	char *word;

	assert_non_null(v);
	(void)snprintf(copy, sizeof(copy), "%s", hosts);
	v->status = VERDICT_OK;
	v->source = VERDICT_SOURCE_DEFAULT;
	v->level = level;
	v->floor = level_is_dane(level) ? LEVEL_ENCRYPT : LEVEL_UNSET;
	v->enforce = true;
	v->mx_secure = strstr(hosts, "insecure") == NULL;
	(void)snprintf(v->domain, sizeof(v->domain), "d");
	(void)snprintf(v->nexthop, sizeof(v->nexthop), "d");
	v->mx = calloc(4, sizeof(*v->mx));
	assert_non_null(v->mx);
	while ((word = strsep(&at, " ")) != NULL)
		if (word[0] != '\0' && word[0] != 'i')
			add_host(v, word);
	v->mx_lookup = v->mx_count > 0 ? VERDICT_LOOKUP_FOUND : VERDICT_LOOKUP_ABSENT;
	publish(v, published);
	return v;
}

/* In words: each policy with its domain, what it was made of ("+N" records, "*N" patterns), "ok" or "failed", and the
 * words and MX hosts of its failures. */
static void describe(char *out, size_t cap, const struct tls_report *report)
{
	size_t len = 0;

	for (size_t i = 0; i < report->policies_count; i++) {
		const struct tls_report_policy *p = &report->policies[i];
		len += (size_t)snprintf(out + len, cap - len, "%s%s%s%s", i > 0 ? "; " : "",
					tls_report_type_name(p->type), p->domain[0] != '\0' ? " " : "", p->domain);
		if (p->tlsa_count > 0)
			len += (size_t)snprintf(out + len, cap - len, " +%zu", p->tlsa_count);
		if (p->patterns_count > 0)
			len += (size_t)snprintf(out + len, cap - len, " *%zu%s", p->patterns_count,
						p->testing ? " testing" : "");
		len += (size_t)snprintf(out + len, cap - len, " %s", p->failed ? "failed" : "ok");
		for (size_t j = 0; j < report->failures_count; j++) {
			const struct tls_report_failure *f = &report->failures[j];
			if (f->policy == i)
				len += (size_t)snprintf(out + len, cap - len, " %s%s%s", result_word_name(f->word),
							f->mx[0] != '\0' ? "@" : "", f->mx);
		}
	}
}

#define OF_DANE     DEMAND_OF_DANE
#define OF_UNUSABLE DEMAND_OF_DANE_UNUSABLE
#define OF_STS      DEMAND_OF_STS
#define OF_LIST     DEMAND_OF_LIST
#define OF_FLOOR    DEMAND_OF_FLOOR

/* clang-format off */
static const struct row {
	const char *what;
	enum level level;
	const char *hosts;     /* of which 192.0.2.1 is dialled */
	const char *published;
	const char *sni;       /* of the last handshake */
	struct {
		enum result_word word;
		enum demand_basis basis;
		const char *sni;
	} findings[3];
	const char *want;      /* "": nothing is reported */
} rows[] = {
	/* success */
	{ "tlsa", LEVEL_DANE, "U1", "", "base1", { { 0 } }, "tlsa base1 +1 ok" },
	{ "tlsa, one of several", LEVEL_DANE, "U1 U1", "", "base2", { { 0 } }, "tlsa base2 +1 ok" },
	{ "tlsa, at level dane-only", LEVEL_DANE_ONLY, "U1", "", "base1", { { 0 } }, "tlsa base1 +1 ok" },
	{ "tlsa, and MTA-STS is not asked", LEVEL_DANE, "U1", "enforce", "base1", { { 0 } }, "tlsa base1 +1 ok" },
	{ "tlsa of an insecure list, and MTA-STS", LEVEL_DANE, "U1 insecure", "enforce", "base1", { { 0 } },
	  "tlsa base1 +1 ok; sts d *1 ok" },
	{ "tlsa that cannot be used", LEVEL_DANE, "u1", "", "mx1", { { 0 } }, "tlsa mx1 ok" },
	{ "tlsa that cannot be used, and MTA-STS", LEVEL_DANE, "u1", "enforce", "mx1", { { 0 } }, "sts d *1 ok" },
	{ "sts", LEVEL_DANE, "n1", "enforce", "mx1", { { 0 } }, "sts d *1 ok" },
	{ "sts in testing", LEVEL_DANE, "n1", "testing", "mx1", { { 0 } }, "sts d *1 testing ok" },
	{ "sts of mode none", LEVEL_DANE, "n1", "none", "mx1", { { 0 } }, "no-policy-found ok" },
	{ "no policy", LEVEL_DANE, "n1", "", "mx1", { { 0 } }, "no-policy-found ok" },
	{ "the list is no policy of the domain's", LEVEL_DANE, "n1", "list", "mx1", { { 0 } }, "no-policy-found ok" },

	/* negotiation, RFC 8460 s. 4.3.1 */
	{ "no STARTTLS, no policy", LEVEL_DANE, "n1", "", "", { { RESULT_STARTTLS_NOT_SUPPORTED, OF_FLOOR, "" } },
	  "no-policy-found failed starttls-not-supported@mx1" },
	{ "no STARTTLS, tlsa", LEVEL_DANE, "U1", "", "", { { RESULT_STARTTLS_NOT_SUPPORTED, OF_DANE, "" } },
	  "tlsa base1 +1 failed starttls-not-supported@mx1" },
	{ "no STARTTLS, unusable tlsa", LEVEL_DANE, "u1", "", "", { { RESULT_STARTTLS_NOT_SUPPORTED, OF_UNUSABLE, "" } },
	  "tlsa mx1 failed starttls-not-supported@mx1" },
	{ "no STARTTLS, sts", LEVEL_DANE, "n1", "enforce", "", { { RESULT_STARTTLS_NOT_SUPPORTED, OF_STS, "" } },
	  "sts d *1 failed starttls-not-supported@mx1" },
	{ "another name, sts", LEVEL_DANE, "n1", "enforce", "mx1", { { RESULT_CERTIFICATE_HOST_MISMATCH, OF_STS, "mx1" } },
	  "sts d *1 failed certificate-host-mismatch@mx1" },
	{ "expired, sts", LEVEL_DANE, "n1", "enforce", "mx1", { { RESULT_CERTIFICATE_EXPIRED, OF_STS, "mx1" } },
	  "sts d *1 failed certificate-expired@mx1" },
	{ "not trusted, sts", LEVEL_DANE, "n1", "enforce", "mx1", { { RESULT_CERTIFICATE_NOT_TRUSTED, OF_STS, "mx1" } },
	  "sts d *1 failed certificate-not-trusted@mx1" },
	{ "handshake, sts", LEVEL_DANE, "n1", "enforce", "mx1", { { RESULT_VALIDATION_FAILURE, OF_STS, "mx1" } },
	  "sts d *1 failed validation-failure@mx1" },
	{ "an MX host that the policy has not", LEVEL_DANE, "n2 n1", "enforce", "", { { RESULT_VALIDATION_FAILURE, OF_STS, "" } },
	  "sts d *1 failed validation-failure@mx2" },
	{ "the list's", LEVEL_DANE, "n1", "list", "mx1", { { RESULT_CERTIFICATE_EXPIRED, OF_LIST, "mx1" } },
	  "no-policy-found failed certificate-expired@mx1" },

	/* DANE, s. 4.3.2.1 */
	{ "tlsa-invalid", LEVEL_DANE, "U1", "", "base1", { { RESULT_TLSA_INVALID, OF_DANE, "base1" } },
	  "tlsa base1 +1 failed tlsa-invalid@mx1" },
	{ "tlsa, the name of a trust anchor's", LEVEL_DANE, "U1", "", "base1",
	  { { RESULT_CERTIFICATE_HOST_MISMATCH, OF_DANE, "base1" } }, "tlsa base1 +1 failed certificate-host-mismatch@mx1" },
	{ "dnssec-invalid", LEVEL_DANE, "f1", "", "", { { RESULT_DNSSEC_INVALID, OF_DANE, "" } },
	  "tlsa mx1 failed dnssec-invalid@mx1" },
	{ "dnssec-invalid, of a host that is not dialled", LEVEL_DANE, "n2 f3", "", "", { { RESULT_DNSSEC_INVALID, OF_DANE, "" } },
	  "tlsa mx2 failed dnssec-invalid" },
	{ "dane-required", LEVEL_DANE_ONLY, "n1", "", "", { { RESULT_DANE_REQUIRED, OF_DANE, "" } },
	  "tlsa mx1 failed dane-required@mx1" },
	{ "dane-required, and no such host", LEVEL_DANE_ONLY, "n2", "", "", { { RESULT_DANE_REQUIRED, OF_DANE, "" } },
	  "tlsa d failed dane-required" },
	{ "the part of MTA-STS where the list is insecure", LEVEL_DANE, "U1 insecure", "enforce", "base1",
	  { { RESULT_CERTIFICATE_HOST_MISMATCH, OF_STS, "base1" } },
	  "tlsa base1 +1 ok; sts d *1 failed certificate-host-mismatch@mx1" },
	{ "the part of the operator's floor is nobody's", LEVEL_DANE, "U1 insecure", "", "base1",
	  { { RESULT_CERTIFICATE_NOT_TRUSTED, OF_FLOOR, "base1" } }, "tlsa base1 +1 ok" },

	/* several handshakes for one binding, none of which would do */
	{ "each with its own policy", LEVEL_DANE, "U1 U1", "", "base2",
	  { { RESULT_TLSA_INVALID, OF_DANE, "base1" }, { RESULT_TLSA_INVALID, OF_DANE, "base2" } },
	  "tlsa base1 +1 failed tlsa-invalid@mx1; tlsa base2 +1 failed tlsa-invalid@mx2" },
	{ "all with one", LEVEL_DANE, "n1 n1", "enforce", "mx1",
	  { { RESULT_CERTIFICATE_EXPIRED, OF_STS, "mx1" }, { RESULT_CERTIFICATE_HOST_MISMATCH, OF_STS, "mx2" } },
	  "sts d *1 failed certificate-expired@mx1 certificate-host-mismatch@mx2" },

	/* MTA-STS, s. 4.3.2.2: reported though mail went on */
	{ "testing", LEVEL_DANE, "n1", "testing", "mx1", { { RESULT_CERTIFICATE_EXPIRED, OF_STS, "mx1" } },
	  "sts d *1 testing failed certificate-expired@mx1" },
	{ "testing, and the floor fails as well", LEVEL_DANE, "n1", "testing", "",
	  { { RESULT_STARTTLS_NOT_SUPPORTED, OF_STS, "" }, { RESULT_STARTTLS_NOT_SUPPORTED, OF_FLOOR, "" } },
	  "sts d *1 testing failed starttls-not-supported@mx1" },
	{ "testing beside DANE", LEVEL_DANE, "U1", "testing", "base1", { { 0 } }, "tlsa base1 +1 ok" },
	{ "a list in testing", LEVEL_DANE, "n1", "list-testing", "mx1", { { RESULT_CERTIFICATE_EXPIRED, OF_LIST, "mx1" } },
	  "no-policy-found ok" },
	{ "fetch error", LEVEL_DANE, "n1", "!fetch", "mx1", { { 0 } }, "sts d failed sts-policy-fetch-error" },
	{ "invalid", LEVEL_DANE, "n1", "!invalid", "mx1", { { 0 } }, "sts d failed sts-policy-invalid" },
	{ "webpki", LEVEL_DANE, "n1", "!webpki", "mx1", { { 0 } }, "sts d failed sts-webpki-invalid" },
	{ "fetch error, and no STARTTLS", LEVEL_DANE, "n1", "!fetch", "", { { RESULT_STARTTLS_NOT_SUPPORTED, OF_FLOOR, "" } },
	  "sts d failed sts-policy-fetch-error starttls-not-supported@mx1" },
	{ "fetch error, and the list holds", LEVEL_DANE, "n1", "list!fetch", "mx1", { { 0 } },
	  "sts d failed sts-policy-fetch-error" },
	{ "fetch error, and DANE holds", LEVEL_DANE, "U1", "!fetch", "base1", { { 0 } },
	  "tlsa base1 +1 ok; sts d failed sts-policy-fetch-error" },
	{ "fetch error, and one is remembered", LEVEL_DANE, "n1", "enforce!fetch", "mx1", { { 0 } },
	  "sts d *1 ok sts-policy-fetch-error" },
	{ "and fails", LEVEL_DANE, "n1", "enforce!fetch", "mx1", { { RESULT_CERTIFICATE_EXPIRED, OF_STS, "mx1" } },
	  "sts d *1 failed sts-policy-fetch-error certificate-expired@mx1" },
	{ "fetch error of a policy of mode none", LEVEL_DANE, "n1", "none!fetch", "mx1", { { 0 } }, "no-policy-found ok" },

	/* what has no word is no failure of the report's, and the operator's own rules are not reported on */
	{ "no word", LEVEL_DANE, "n1", "", "mx1", { { RESULT_NONE, OF_FLOOR, "" } }, "no-policy-found ok" },
	{ "level verify", LEVEL_VERIFY, "n1", "", "mx1", { { 0 } }, "" },
	{ "level encrypt", LEVEL_ENCRYPT, "n1", "", "", { { RESULT_STARTTLS_NOT_SUPPORTED, DEMAND_OF_RULE, "" } }, "" },
};
/* clang-format on */

static void test_rows(void **state)
{
	const struct addr dst = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict *v = verdict_of(rows[i].level, rows[i].hosts, rows[i].published);
		struct tls_report_finding findings[3];
		struct tls_report report;
		struct demand demand;
		char got[512] = "";
		size_t count = 0;

		print_message("%s\n", rows[i].what);
		memset(findings, 0, sizeof(findings));
		for (; count < 3 && rows[i].findings[count].sni != NULL; count++) {
			findings[count].word = rows[i].findings[count].word;
			findings[count].basis = rows[i].findings[count].basis;
			(void)snprintf(findings[count].servername, sizeof(findings[count].servername), "%s",
				       rows[i].findings[count].sni);
			(void)snprintf(findings[count].helo, sizeof(findings[count].helo), "helo.example");
			(void)snprintf(findings[count].reason, sizeof(findings[count].reason), "reason %zu", count);
		}
		demand_of(&demand, v, &dst);
		assert_int_equal(tls_report_of(&report, v, &demand, &dst, rows[i].sni, findings, count),
				 rows[i].want[0] != '\0');
		describe(got, sizeof(got), &report);
		assert_string_equal(got, rows[i].want);
		if (rows[i].want[0] != '\0') {
			struct tls_report *there = get(put(&report));
			assert_non_null(there);
			assert_string_equal(there->domain, "d");
			assert_true(addr_equal(&there->receiver, &dst));
			tls_report_free(there);
		}
		verdict_unref(v);
	}
}

static void test_details(void **state)
{
	const struct addr dst = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } };
	struct tls_report_finding findings[TLS_REPORT_FAILURES_MAX + 2];
	struct tls_report report;
	struct demand demand;
	struct verdict *v = verdict_of(LEVEL_DANE, "n1", "enforce");

	(void)state;
	v->published.max_age_s = 7;
	demand_of(&demand, v, &dst);
	for (size_t i = 0; i < COUNT(findings); i++)
		findings[i] = (struct tls_report_finding){ .word = RESULT_CERTIFICATE_EXPIRED,
							   .basis = DEMAND_OF_STS,
							   .servername = "mx1",
							   .helo = "helo.example",
							   .reason = "expired yesterday" };
	assert_true(tls_report_of(&report, v, &demand, &dst, "mx1", findings, COUNT(findings)));
	assert_int_equal(report.failures_count, TLS_REPORT_FAILURES_MAX);
	assert_string_equal(report.failures[0].helo, "helo.example");
	assert_string_equal(report.failures[0].reason, "expired yesterday");
	assert_string_equal(report.policies[0].id, "7");
	assert_int_equal(report.policies[0].max_age_s, 7);

	/* Whoever may ask is the next hop; a domain that is none cannot. */
	(void)snprintf(v->nexthop, sizeof(v->nexthop), "hop.example");
	assert_true(tls_report_of(&report, v, &demand, &dst, "mx1", NULL, 0));
	assert_string_equal(report.domain, "hop.example");
	assert_string_equal(report.policies[0].domain, "hop.example");
	v->nexthop[0] = '\0';
	(void)snprintf(v->domain, sizeof(v->domain), "[192.0.2.1]");
	assert_false(tls_report_of(&report, v, &demand, &dst, "mx1", NULL, 0));
	v->domain[0] = '\0';
	assert_false(tls_report_of(&report, v, &demand, &dst, "mx1", NULL, 0));
	v->status = VERDICT_FAILED;
	assert_false(tls_report_of(&report, v, &demand, &dst, "mx1", NULL, 0));
	assert_false(tls_report_of(&report, NULL, &demand, &dst, "mx1", NULL, 0));
	verdict_unref(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_travels), cmocka_unit_test(test_malformed), cmocka_unit_test(test_large),
		cmocka_unit_test(test_rows),    cmocka_unit_test(test_details),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
