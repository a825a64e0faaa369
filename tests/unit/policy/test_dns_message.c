/* test_dns_message.c - what an answer means: found, absent, failed, foreign; and every octet of it cut or changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/dns/dns_message.h"
#include "tests/unit/policy/fake_dns.h"

static struct dns_message_query query;
static struct message reply;
static struct dns_answer answer;

static void start(const char *name, enum dns_type type)
{
	assert_true(dns_message_ask(&query, name, type, 0x1234));
	begin_reply(&reply, query.bytes, query.len);
	memset(&answer, 0, sizeof(answer));
	answer.ttl_s = UINT32_MAX;
}

static enum dns_reply read_reply(const char *name, enum dns_type type)
{
	uint8_t *exact = malloc(reply.len + 1); /* so that a sanitizer sees one octet too far */

	assert_non_null(exact);
	memcpy(exact, reply.bytes, reply.len);
	enum dns_reply result = dns_message_read(&answer, &query, name, type, exact, reply.len);
	free(exact);
	return result;
}

static void test_question(void **state)
{
	static const char *const bad[] = { "",
					   ".",
					   ".d.example",
					   "d.example.",
					   "d..example",
					   "a\\046b.example",
					   "0123456789012345678901234567890123456789012345678901234567890123.example" };
	char name[256];
	unsigned type;

	(void)state;
	assert_true(dns_message_ask(&query, "mx.d.example", DNS_AAAA, 0xabcd));
	assert_int_equal(query.bytes[0] << 8 | query.bytes[1], 0xabcd);
	assert_int_equal(query.bytes[2], 0x01); /* RD */
	assert_int_equal(query.bytes[3], 0x00);
	assert_int_equal(query.bytes[11], 1); /* EDNS */
	question_of(query.bytes, query.len, name, &type);
	assert_string_equal(name, "mx.d.example");
	assert_int_equal(type, T_AAAA);
	size_t opt = 12 + query.question_len; /* root, OPT, 1232, DO */
	static const uint8_t edns[] = { 0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0 };
	assert_memory_equal(query.bytes + opt, edns, sizeof(edns));
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (dns_message_ask(&query, bad[i], DNS_A, 1))
			fail_msg("asked about \"%s\"", bad[i]);
	}
}

#define NAME "d.example"

/* by meaning, not by size: NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct row {
	const char *what;
	enum dns_type type;
	unsigned rcode;
	bool soa;
	struct fake_record records[4];
	enum dns_reply reply;
	enum dns_status status;
	bool nxdomain;
	size_t count;
	uint32_t ttl_s;
	const char *canonical;
};

static const struct row rows[] = {
	{ "A",
	  DNS_A,
	  0,
	  false,
	  { { NAME, T_A, 60, 0, "192.0.2.1" } },
	  DNS_REPLY_ANSWER,
	  DNS_FOUND_INSECURE,
	  false,
	  1,
	  60,
	  NAME },
	{ "two A, the shorter TTL",
	  DNS_A,
	  0,
	  false,
	  { { NAME, T_A, 60, 0, "192.0.2.1" }, { "D.EXAMPLE", T_A, 50, 0, "192.0.2.2" } },
	  DNS_REPLY_ANSWER,
	  DNS_FOUND_INSECURE,
	  false,
	  2,
	  50,
	  NAME },
	{ "AAAA",
	  DNS_AAAA,
	  0,
	  false,
	  { { NAME, T_AAAA, 60, 0, "2001:db8::1" } },
	  DNS_REPLY_ANSWER,
	  DNS_FOUND_INSECURE,
	  false,
	  1,
	  60,
	  NAME },
	{ "another type is no answer",
	  DNS_AAAA,
	  0,
	  true,
	  { { NAME, T_A, 60, 0, "192.0.2.1" } },
	  DNS_REPLY_ANSWER,
	  DNS_ABSENT_INSECURE,
	  false,
	  0,
	  90,
	  NAME },
	{ "another name is no answer",
	  DNS_A,
	  0,
	  true,
	  { { "e.example", T_A, 60, 0, "192.0.2.1" } },
	  DNS_REPLY_ANSWER,
	  DNS_ABSENT_INSECURE,
	  false,
	  0,
	  90,
	  NAME },
	{ "MX",
	  DNS_MX,
	  0,
	  false,
	  { { NAME, T_MX, 60, 10, "MX.D.example" }, { NAME, T_MX, 60, 20, "." } },
	  DNS_REPLY_ANSWER,
	  DNS_FOUND_INSECURE,
	  false,
	  2,
	  60,
	  NAME },
	{ "no data", DNS_MX, 0, true, { { 0 } }, DNS_REPLY_ANSWER, DNS_ABSENT_INSECURE, false, 0, 90, NAME },
	{ "no data, no SOA", DNS_MX, 0, false, { { 0 } }, DNS_REPLY_ANSWER, DNS_ABSENT_INSECURE, false, 0, 60, NAME },
	{ "no name", DNS_MX, 3, true, { { 0 } }, DNS_REPLY_ANSWER, DNS_ABSENT_INSECURE, true, 0, 90, NAME },
	{ "no name, but records",
	  DNS_A,
	  3,
	  true,
	  { { NAME, T_A, 60, 0, "192.0.2.1" } },
	  DNS_REPLY_FAILED,
	  DNS_FAILED,
	  false,
	  0,
	  UINT32_MAX,
	  NULL },
	{ "alias",
	  DNS_A,
	  0,
	  false,
	  { { NAME, T_CNAME, 30, 0, "e.example" }, { "e.example", T_A, 60, 0, "192.0.2.1" } },
	  DNS_REPLY_ANSWER,
	  DNS_FOUND_INSECURE,
	  false,
	  1,
	  30,
	  "e.example" },
	{ "alias, in any order",
	  DNS_A,
	  0,
	  false,
	  { { "e.example", T_A, 60, 0, "192.0.2.1" }, { NAME, T_CNAME, 30, 0, "e.example" } },
	  DNS_REPLY_ANSWER,
	  DNS_FOUND_INSECURE,
	  false,
	  1,
	  30,
	  "e.example" },
	{ "alias to nothing",
	  DNS_A,
	  3,
	  true,
	  { { NAME, T_CNAME, 30, 0, "e.example" } },
	  DNS_REPLY_ANSWER,
	  DNS_ABSENT_INSECURE,
	  true,
	  0,
	  30,
	  "e.example" },
	{ "alias to no data",
	  DNS_A,
	  0,
	  true,
	  { { NAME, T_CNAME, 30, 0, "e.example" } },
	  DNS_REPLY_ANSWER,
	  DNS_ABSENT_INSECURE,
	  false,
	  0,
	  30,
	  "e.example" },
	{ "alias, its end not told",
	  DNS_A,
	  0,
	  false,
	  { { NAME, T_CNAME, 30, 0, "e.example" } },
	  DNS_REPLY_ALIAS,
	  DNS_FAILED,
	  false,
	  0,
	  30,
	  "e.example" },
	{ "alias of itself",
	  DNS_A,
	  0,
	  false,
	  { { NAME, T_CNAME, 30, 0, NAME } },
	  DNS_REPLY_FAILED,
	  DNS_FAILED,
	  false,
	  0,
	  UINT32_MAX,
	  NULL },
	{ "aliases in a ring",
	  DNS_A,
	  0,
	  false,
	  { { NAME, T_CNAME, 30, 0, "e.example" }, { "e.example", T_CNAME, 30, 0, NAME } },
	  DNS_REPLY_FAILED,
	  DNS_FAILED,
	  false,
	  0,
	  UINT32_MAX,
	  NULL },
	{ "two aliases at once",
	  DNS_A,
	  0,
	  false,
	  { { NAME, T_CNAME, 30, 0, "e.example" }, { NAME, T_CNAME, 30, 0, "f.example" } },
	  DNS_REPLY_FAILED,
	  DNS_FAILED,
	  false,
	  0,
	  UINT32_MAX,
	  NULL },
	{ "alias of the root",
	  DNS_A,
	  0,
	  false,
	  { { NAME, T_CNAME, 30, 0, "." } },
	  DNS_REPLY_FAILED,
	  DNS_FAILED,
	  false,
	  0,
	  UINT32_MAX,
	  NULL },
	{ "FORMERR", DNS_A, 1, false, { { 0 } }, DNS_REPLY_FAILED, DNS_FAILED, false, 0, UINT32_MAX, NULL },
	{ "SERVFAIL", DNS_A, 2, false, { { 0 } }, DNS_REPLY_FAILED, DNS_FAILED, false, 0, UINT32_MAX, NULL },
	{ "REFUSED", DNS_A, 5, false, { { 0 } }, DNS_REPLY_FAILED, DNS_FAILED, false, 0, UINT32_MAX, NULL },
	{ "SERVFAIL with records",
	  DNS_A,
	  2,
	  false,
	  { { NAME, T_A, 60, 0, "192.0.2.1" } },
	  DNS_REPLY_FAILED,
	  DNS_FAILED,
	  false,
	  0,
	  UINT32_MAX,
	  NULL },
	{ "a TTL beyond its range is 0",
	  DNS_A,
	  0,
	  false,
	  { { NAME, T_A, 0x80000000u, 0, "192.0.2.1" } },
	  DNS_REPLY_ANSWER,
	  DNS_FOUND_INSECURE,
	  false,
	  1,
	  0,
	  NAME },
	{ "a TTL of at most a day",
	  DNS_A,
	  0,
	  false,
	  { { NAME, T_A, 1000000, 0, "192.0.2.1" } },
	  DNS_REPLY_ANSWER,
	  DNS_FOUND_INSECURE,
	  false,
	  1,
	  86400,
	  NAME },
};

static void test_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		start(NAME, row->type);
		reply.bytes[3] |= (uint8_t)row->rcode;
		for (size_t j = 0; j < COUNT(row->records) && row->records[j].name != NULL; j++)
			add_answer(&reply, &row->records[j]);
		if (row->soa)
			add_soa(&reply, 120, 90);
		enum dns_reply got = read_reply(NAME, row->type);
		if (got != row->reply || answer.status != row->status || answer.nxdomain != row->nxdomain ||
		    answer.mx_count + answer.addrs_count != row->count || answer.ttl_s != row->ttl_s)
			fail_msg("%s: reply %d status %d count %zu ttl %u", row->what, (int)got, (int)answer.status,
				 answer.mx_count + answer.addrs_count, (unsigned)answer.ttl_s);
		if (row->canonical != NULL)
			assert_string_equal(answer.canonical, row->canonical);
		if (got == DNS_REPLY_FAILED)
			assert_true(answer.reason[0] != '\0');
	}
}

static void test_values(void **state)
{
	struct addr addr;

	(void)state;
	start(NAME, DNS_MX);
	add_answer(&reply, &(struct fake_record){ NAME, T_MX, 60, 258, "MX.D.example" });
	add_answer(&reply, &(struct fake_record){ NAME, T_MX, 60, 0, "." });
	add_answer(&reply, &(struct fake_record){ NAME, T_MX, 60, 5, "a b.example" });
	assert_int_equal(read_reply(NAME, DNS_MX), DNS_REPLY_ANSWER);
	assert_int_equal(answer.mx[0].preference, 258);
	assert_string_equal(answer.mx[0].name, "mx.d.example");
	assert_string_equal(answer.mx[1].name, ".");
	assert_string_equal(answer.mx[2].name, "");
	start(NAME, DNS_AAAA);
	add_answer(&reply, &(struct fake_record){ NAME, T_AAAA, 60, 0, "2001:db8::9" });
	add_answer(&reply, &(struct fake_record){ NAME, T_AAAA, 60, 0, "::ffff:192.0.2.9" });
	assert_int_equal(read_reply(NAME, DNS_AAAA), DNS_REPLY_ANSWER);
	assert_true(addr_parse(&addr, "2001:db8::9") && addr_equal(&addr, &answer.addrs[0]));
	assert_true(addr_parse(&addr, "192.0.2.9") && addr_equal(&addr, &answer.addrs[1]));
}

/* One more than the limit fails; nothing is ever shortened. */
static void test_limits(void **state)
{
	char value[64];
	char next[64];

	(void)state;
	for (unsigned n = DNS_MX_MAX; n <= DNS_MX_MAX + 1; n++) {
		start(NAME, DNS_MX);
		for (unsigned i = 0; i < n; i++) {
			(void)snprintf(value, sizeof(value), "mx%u.example", i);
			add_answer(&reply, &(struct fake_record){ NAME, T_MX, 60, 10, value });
		}
		assert_int_equal(read_reply(NAME, DNS_MX), n > DNS_MX_MAX ? DNS_REPLY_FAILED : DNS_REPLY_ANSWER);
		assert_int_equal(answer.mx_count, n > DNS_MX_MAX ? 0 : n);
	}
	for (unsigned n = DNS_ADDRS_MAX; n <= DNS_ADDRS_MAX + 1; n++) {
		start(NAME, DNS_A);
		for (unsigned i = 0; i < n; i++) {
			(void)snprintf(value, sizeof(value), "192.0.2.%u", i);
			add_answer(&reply, &(struct fake_record){ NAME, T_A, 60, 0, value });
		}
		assert_int_equal(read_reply(NAME, DNS_A), n > DNS_ADDRS_MAX ? DNS_REPLY_FAILED : DNS_REPLY_ANSWER);
		assert_int_equal(answer.addrs_count, n > DNS_ADDRS_MAX ? 0 : n);
	}
	for (unsigned n = DNS_ALIASES_MAX; n <= DNS_ALIASES_MAX + 1; n++) {
		start("a0.example", DNS_A);
		for (unsigned i = 0; i < n; i++) {
			(void)snprintf(value, sizeof(value), "a%u.example", i);
			(void)snprintf(next, sizeof(next), "a%u.example", i + 1);
			add_answer(&reply, &(struct fake_record){ value, T_CNAME, 60, 0, next });
		}
		add_answer(&reply, &(struct fake_record){ next, T_A, 60, 0, "192.0.2.1" });
		assert_int_equal(read_reply("a0.example", DNS_A),
				 n > DNS_ALIASES_MAX ? DNS_REPLY_FAILED : DNS_REPLY_ANSWER);
	}
	/* Aliases of an earlier message count. */
	start(NAME, DNS_A);
	answer.aliases = DNS_ALIASES_MAX;
	add_answer(&reply, &(struct fake_record){ NAME, T_CNAME, 60, 0, "e.example" });
	assert_int_equal(read_reply(NAME, DNS_A), DNS_REPLY_FAILED);
	assert_int_equal(answer.aliases, DNS_ALIASES_MAX);
}

static void test_foreign(void **state)
{
	(void)state;
	start(NAME, DNS_A);
	add_answer(&reply, &(struct fake_record){ NAME, T_A, 60, 0, "192.0.2.1" });
	size_t question_end = 12 + query.question_len;
	assert_int_equal(read_reply(NAME, DNS_A), DNS_REPLY_ANSWER);
	reply.bytes[13] ^= 0x20; /* case does not matter */
	assert_int_equal(read_reply(NAME, DNS_A), DNS_REPLY_ANSWER);
	for (size_t at = 0; at < question_end; at++) {
		if (at >= 2 && at < 4)
			continue;
		if (at >= 6 && at < 12)
			continue;
		reply.bytes[at] ^= 1;
		if (read_reply(NAME, DNS_A) != DNS_REPLY_FOREIGN)
			fail_msg("octet %zu", at);
		reply.bytes[at] ^= 1;
	}
	reply.bytes[2] &= 0x7f; /* no answer */
	assert_int_equal(read_reply(NAME, DNS_A), DNS_REPLY_FOREIGN);
	reply.bytes[2] |= 0x80 | 0x02;
	assert_int_equal(read_reply(NAME, DNS_A), DNS_REPLY_TRUNCATED);
	reply.bytes[2] = 0xa1; /* an update */
	assert_int_equal(read_reply(NAME, DNS_A), DNS_REPLY_FAILED);
}

/* No cut answer counts as one, and no changed octet breaks anything. */
static void test_cut_and_changed(void **state)
{
	(void)state;
	start(NAME, DNS_MX);
	add_answer(&reply, &(struct fake_record){ NAME, T_CNAME, 60, 0, "e.example" });
	add_answer(&reply, &(struct fake_record){ "e.example", T_MX, 60, 10, "mx.e.example" });
	add_answer(&reply, &(struct fake_record){ "e.example", T_MX, 60, 20, "mx2.e.example" });
	add_soa(&reply, 120, 90);
	size_t whole = reply.len;
	for (reply.len = 0; reply.len < whole; reply.len++) {
		enum dns_reply got = read_reply(NAME, DNS_MX);
		assert_true(got == DNS_REPLY_FOREIGN || got == DNS_REPLY_FAILED);
		assert_int_equal(answer.status, DNS_FAILED);
	}
	for (size_t at = 0; at < whole; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			reply.bytes[at] ^= (uint8_t)(1u << bit);
			enum dns_reply got = read_reply(NAME, DNS_MX);
			assert_true(got == DNS_REPLY_ANSWER || answer.status == DNS_FAILED);
			assert_true(answer.mx_count <= DNS_MX_MAX);
			answer.aliases = 0;
			reply.bytes[at] ^= (uint8_t)(1u << bit);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question), cmocka_unit_test(test_meaning), cmocka_unit_test(test_values),
		cmocka_unit_test(test_limits),   cmocka_unit_test(test_foreign), cmocka_unit_test(test_cut_and_changed),
	};

	return cmocka_run_group_tests_name("dns_message", tests, NULL, NULL);
}
