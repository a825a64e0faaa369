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
static struct dns_message message;

#define NOW_S 1800000000

static void start(const char *name, enum dns_type type)
{
	assert_true(dns_message_ask(&query, name, type, 0x1234));
	begin_reply(&reply, query.bytes, query.len);
	dns_answer_drop(&answer);
	memset(&answer, 0, sizeof(answer));
	answer.ttl_s = UINT32_MAX;
}

static enum dns_reply read_reply(void)
{
	uint8_t *exact = malloc(reply.len + 1); /* so that a sanitizer sees one octet too far */

	assert_non_null(exact);
	memcpy(exact, reply.bytes, reply.len);
	dns_answer_drop(&answer);
	message = (struct dns_message){ .bytes = exact, .len = reply.len, .now_s = NOW_S };
	enum dns_reply result = dns_message_read(&answer, &message, &query);
	free(exact);
	return result;
}

static void test_question(void **state)
{
	static const char *const bad[] = { "",
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
	assert_int_equal(query.bytes[3], 0x20); /* AD; not CD */
	assert_int_equal(query.bytes[11], 1);   /* EDNS */
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
		enum dns_reply got = read_reply();
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
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_int_equal(answer.mx[0].preference, 258);
	assert_string_equal(answer.mx[0].name, "mx.d.example");
	assert_string_equal(answer.mx[1].name, ".");
	assert_string_equal(answer.mx[2].name, "");
	start(NAME, DNS_AAAA);
	add_answer(&reply, &(struct fake_record){ NAME, T_AAAA, 60, 0, "2001:db8::9" });
	add_answer(&reply, &(struct fake_record){ NAME, T_AAAA, 60, 0, "::ffff:192.0.2.9" });
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
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
		assert_int_equal(read_reply(), n > DNS_MX_MAX ? DNS_REPLY_FAILED : DNS_REPLY_ANSWER);
		assert_int_equal(answer.mx_count, n > DNS_MX_MAX ? 0 : n);
	}
	for (unsigned n = DNS_ADDRS_MAX; n <= DNS_ADDRS_MAX + 1; n++) {
		start(NAME, DNS_A);
		for (unsigned i = 0; i < n; i++) {
			(void)snprintf(value, sizeof(value), "192.0.2.%u", i);
			add_answer(&reply, &(struct fake_record){ NAME, T_A, 60, 0, value });
		}
		assert_int_equal(read_reply(), n > DNS_ADDRS_MAX ? DNS_REPLY_FAILED : DNS_REPLY_ANSWER);
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
		assert_int_equal(read_reply(), n > DNS_ALIASES_MAX ? DNS_REPLY_FAILED : DNS_REPLY_ANSWER);
	}
	/* Aliases of an earlier message count. */
	start(NAME, DNS_A);
	answer.aliases = DNS_ALIASES_MAX;
	add_answer(&reply, &(struct fake_record){ NAME, T_CNAME, 60, 0, "e.example" });
	assert_int_equal(read_reply(), DNS_REPLY_FAILED);
	assert_int_equal(answer.aliases, DNS_ALIASES_MAX);
}

static void add_nsec(uint8_t number)
{
	put_name(&reply, NAME);
	put16(&reply, 47); /* NSEC */
	put16(&reply, 1);
	put16(&reply, 0);
	put16(&reply, 60);
	put16(&reply, 5);
	reply.bytes[reply.len++] = 1;
	reply.bytes[reply.len++] = number;
	reply.bytes[reply.len++] = 0; /* the next name; then no types at all */
	put16(&reply, 0);
	reply.bytes[9]++;
}

/* Each denial is held against every other: whoever sends thousands makes one answer cost a tenth of a second. */
static void test_proof_limit(void **state)
{
	(void)state;
	for (unsigned n = 128; n <= 129; n++) {
		start(NAME, DNS_A);
		for (unsigned i = 0; i < n; i++)
			add_nsec((uint8_t)i);
		assert_int_equal(read_reply(), n > 128 ? DNS_REPLY_FAILED : DNS_REPLY_ANSWER);
		assert_int_equal(answer.status, n > 128 ? DNS_FAILED : DNS_ABSENT_INSECURE);
	}
}

static void test_foreign(void **state)
{
	(void)state;
	start(NAME, DNS_A);
	add_answer(&reply, &(struct fake_record){ NAME, T_A, 60, 0, "192.0.2.1" });
	size_t question_end = 12 + query.question_len;
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	reply.bytes[13] ^= 0x20; /* case does not matter */
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	for (size_t at = 0; at < question_end; at++) {
		if (at >= 2 && at < 4)
			continue;
		if (at >= 6 && at < 12)
			continue;
		reply.bytes[at] ^= 1;
		if (read_reply() != DNS_REPLY_FOREIGN)
			fail_msg("octet %zu", at);
		reply.bytes[at] ^= 1;
	}
	reply.bytes[2] &= 0x7f; /* no answer */
	assert_int_equal(read_reply(), DNS_REPLY_FOREIGN);
	reply.bytes[2] |= 0x80 | 0x02;
	assert_int_equal(read_reply(), DNS_REPLY_TRUNCATED);
	reply.bytes[2] = 0xa1; /* an update */
	assert_int_equal(read_reply(), DNS_REPLY_FAILED);
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
		enum dns_reply got = read_reply();
		assert_true(got == DNS_REPLY_FOREIGN || got == DNS_REPLY_FAILED);
		assert_int_equal(answer.status, DNS_FAILED);
	}
	for (size_t at = 0; at < whole; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			reply.bytes[at] ^= (uint8_t)(1u << bit);
			enum dns_reply got = read_reply();
			assert_true(got == DNS_REPLY_ANSWER || answer.status == DNS_FAILED);
			assert_true(answer.mx_count <= DNS_MX_MAX);
			answer.aliases = 0;
			reply.bytes[at] ^= (uint8_t)(1u << bit);
		}
	}
}

/* --- what only some types have -------------------------------------------------------------------------------------
 */

static void test_tlsa(void **state)
{
	static const char *const records[] = { "3 1 1 AABB", "2 0 0 01", "3 1 1 aabb", "0 255 7 00" };
	char text[TLSA_TEXT_MAX];

	(void)state;
	start("_25._tcp.d.example", DNS_TLSA);
	for (size_t i = 0; i < COUNT(records); i++)
		add_answer(&reply, &(struct fake_record){ "_25._TCP.d.example", T_TLSA, 60, 0, records[i] });
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_int_equal(answer.status, DNS_FOUND_INSECURE);
	assert_int_equal(answer.tlsa_count, 3); /* each once, in their order, usable or not */
	assert_string_equal(tlsa_format(&answer.tlsa[0], text), "3 1 1 aabb");
	assert_string_equal(tlsa_format(&answer.tlsa[1], text), "2 0 0 01");
	assert_string_equal(tlsa_format(&answer.tlsa[2], text), "0 255 7 00");
	/* By an alias. */
	start("_25._tcp.d.example", DNS_TLSA);
	add_answer(&reply, &(struct fake_record){ "_25._tcp.d.example", T_CNAME, 60, 0, "t.example" });
	add_answer(&reply, &(struct fake_record){ "t.example", T_TLSA, 60, 0, "3 1 1 AABB" });
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_int_equal(answer.tlsa_count, 1);
	assert_string_equal(answer.canonical, "t.example");
	/* What is refused leaves nothing behind. */
	start("_25._tcp.d.example", DNS_TLSA);
	add_answer(&reply, &(struct fake_record){ "_25._tcp.d.example", T_TLSA, 60, 0, "3 1 1 AABB" });
	reply.bytes[3] |= 3;
	assert_int_equal(read_reply(), DNS_REPLY_FAILED);
	assert_int_equal(answer.tlsa_count, 0);
	assert_null(answer.tlsa);
}

static void test_tlsa_limits(void **state)
{
	(void)state;
	for (unsigned n = DNS_TLSA_MAX; n <= DNS_TLSA_MAX + 1; n++) {
		char value[64];
		start(NAME, DNS_TLSA);
		for (unsigned i = 0; i < n; i++) {
			(void)snprintf(value, sizeof(value), "3 1 1 %04x", i);
			add_answer(&reply, &(struct fake_record){ NAME, T_TLSA, 60, 0, value });
		}
		add_answer(&reply, &(struct fake_record){ NAME, T_TLSA, 60, 0, "3 1 1 0000" }); /* again */
		assert_int_equal(read_reply(), n > DNS_TLSA_MAX ? DNS_REPLY_FAILED : DNS_REPLY_ANSWER);
		assert_int_equal(answer.tlsa_count, n > DNS_TLSA_MAX ? 0 : n);
	}
	for (size_t more = 0; more <= 1; more++) {
		start(NAME, DNS_TLSA);
		/* Written by hand: tlsa_parse knows the limit too. */
		add_answer(&reply, &(struct fake_record){ NAME, T_TLSA, 60, 0, "3 0 0 00" });
		size_t len = TLSA_DATA_MAX + more;
		size_t length_at = reply.len - 6;
		reply.bytes[length_at] = (uint8_t)((len + 3) >> 8);
		reply.bytes[length_at + 1] = (uint8_t)(len + 3);
		memset(reply.bytes + reply.len, 1, len - 1);
		reply.len += len - 1;
		assert_int_equal(read_reply(), more ? DNS_REPLY_FAILED : DNS_REPLY_ANSWER);
		assert_int_equal(answer.tlsa_count, more ? 0 : 1);
	}
	/* A record without data is one, and unusable. */
	start(NAME, DNS_TLSA);
	add_answer(&reply, &(struct fake_record){ NAME, T_TLSA, 60, 0, "3 1 1 00" });
	reply.bytes[reply.len - 5]--;
	reply.len--;
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_int_equal(answer.tlsa_count, 1);
	assert_int_equal(answer.tlsa[0].len, 0);
	assert_non_null(tlsa_unusable(&answer.tlsa[0], NULL));
}

static void add_txt(const char *name, const char *strings)
{
	add_answer(&reply, &(struct fake_record){ name, T_TXT, 60, 0, strings });
}

static const struct txt_row {
	const char *what;
	const char *strings; /* "|" parts them */
	const char *joined;
} txt_rows[] = {
	{ "one string", "v=STSv1; id=1;", "v=STSv1; id=1;" },
	{ "two, joined with nothing between", "v=STS|v1; id=1;", "v=STSv1; id=1;" },
	{ "a string of nothing", "", "" },
	{ "strings of nothing among others", "|a||b|", "ab" },
	{ "any octet", "\"\\\x01\xff\n", "\"\\\x01\xff\n" },
};

static void test_txt(void **state)
{
	(void)state;
	start(NAME, DNS_TXT);
	for (size_t i = 0; i < COUNT(txt_rows); i++)
		add_txt("D.example", txt_rows[i].strings);
	add_txt("e.example", "another's");
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_int_equal(answer.status, DNS_FOUND_INSECURE);
	assert_int_equal(answer.ttl_s, 60);
	assert_int_equal(answer.txt_count, COUNT(txt_rows));
	for (size_t i = 0; i < COUNT(txt_rows); i++) { /* in their order */
		if (answer.txt[i].len != strlen(txt_rows[i].joined) ||
		    strcmp(answer.txt[i].bytes, txt_rows[i].joined) != 0)
			fail_msg("%s: \"%s\"", txt_rows[i].what, answer.txt[i].bytes);
	}
	/* A NUL is an octet like others. */
	start(NAME, DNS_TXT);
	add_txt(NAME, "a?b");
	reply.bytes[reply.len - 2] = '\0';
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_int_equal(answer.txt[0].len, 3);
	assert_memory_equal(answer.txt[0].bytes, "a\0b", 4);
	/* By an alias. */
	start(NAME, DNS_TXT);
	add_answer(&reply, &(struct fake_record){ NAME, T_CNAME, 60, 0, "t.example" });
	add_txt("t.example", "by|alias");
	add_txt(NAME, "beside the alias");
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_string_equal(answer.canonical, "t.example");
	assert_int_equal(answer.txt_count, 1);
	assert_string_equal(answer.txt[0].bytes, "byalias");
	/* What is refused leaves nothing behind. */
	reply.bytes[3] |= 3;
	assert_int_equal(read_reply(), DNS_REPLY_FAILED);
	assert_int_equal(answer.txt_count, 0);
	assert_null(answer.txt);
}

static void test_txt_limits(void **state)
{
	char strings[1024]; /* the longest string there is, four times */

	(void)state;
	for (unsigned n = DNS_TXT_MAX; n <= DNS_TXT_MAX + 1; n++) {
		start(NAME, DNS_TXT);
		for (unsigned i = 0; i < n; i++)
			add_txt(NAME, "x");
		assert_int_equal(read_reply(), n > DNS_TXT_MAX ? DNS_REPLY_FAILED : DNS_REPLY_ANSWER);
		assert_int_equal(answer.txt_count, n > DNS_TXT_MAX ? 0 : n);
	}
	assert_string_equal(answer.reason, "more than 64 TXT records");
	memset(strings, 'x', sizeof(strings));
	strings[255] = strings[511] = strings[767] = '|';
	strings[sizeof(strings) - 1] = '\0';
	start(NAME, DNS_TXT);
	add_txt(NAME, strings);
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_int_equal(answer.txt_count, 1);
	assert_int_equal(answer.txt[0].len, 1020);
	/* A record without a single string is none (RFC 1035 s. 3.3.14). */
	start(NAME, DNS_TXT);
	add_txt(NAME, "");
	reply.bytes[reply.len - 2]--;
	reply.len--;
	assert_int_equal(read_reply(), DNS_REPLY_FAILED);
	assert_string_equal(answer.reason, "a malformed TXT record");
	/* Nor is one whose string is longer than the record. */
	start(NAME, DNS_TXT);
	add_txt(NAME, "abc");
	reply.bytes[reply.len - 4]++;
	assert_int_equal(read_reply(), DNS_REPLY_FAILED);
}

/* A question for CNAME is about the alias itself. */
static void test_cname(void **state)
{
	(void)state;
	start(NAME, DNS_CNAME);
	add_answer(&reply, &(struct fake_record){ NAME, T_CNAME, 60, 0, "E.example" });
	add_answer(&reply, &(struct fake_record){ "e.example", T_CNAME, 30, 0, "f.example" });
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_int_equal(answer.status, DNS_FOUND_INSECURE);
	assert_string_equal(answer.canonical, "e.example");
	assert_int_equal(answer.aliases, 0);
	assert_int_equal(answer.ttl_s, 60);
	start(NAME, DNS_CNAME);
	add_soa(&reply, 120, 90);
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_int_equal(answer.status, DNS_ABSENT_INSECURE);
	start(NAME, DNS_CNAME);
	add_answer(&reply, &(struct fake_record){ NAME, T_CNAME, 60, 0, "e.example" });
	add_answer(&reply, &(struct fake_record){ NAME, T_CNAME, 60, 0, "f.example" });
	assert_int_equal(read_reply(), DNS_REPLY_FAILED);
}

/* Types without a field are found all the same, and printed. */
static void test_print(void **state)
{
	char *text = NULL;
	size_t len = 0;

	(void)state;
	start(NAME, DNS_TXT);
	add_answer(&reply, &(struct fake_record){ "e.example", T_TXT, 60, 0, "a \"b\" \x1b c" });
	add_answer(&reply, &(struct fake_record){ "e.example", T_RRSIG, 60, 0, "16 60 4000000000" });
	add_answer(&reply, &(struct fake_record){ NAME, T_CNAME, 60, 0, "e.example" });
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_int_equal(answer.status, DNS_FOUND_INSECURE);
	answer.message = reply.bytes;
	answer.message_len = reply.len;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	dns_answer_print(out, &answer);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "d.example.\t60\tIN\tCNAME\te.example.\n"
				  "e.example.\t60\tIN\tTXT\t\"a \\\"b\\\" \\027 c\"\n");
	free(text);
	answer.message = NULL;
}

static void test_root(void **state)
{
	(void)state;
	start(".", DNS_SOA);
	assert_int_equal(query.question_len, 5);
	add_answer(&reply, &(struct fake_record){ ".", T_SOA, 60, 90, NULL });
	assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
	assert_int_equal(answer.status, DNS_FOUND_INSECURE);
	assert_string_equal(answer.canonical, ".");
}

/* --- time ----------------------------------------------------------------------------------------------------------
 */

struct ttl_row {
	const char *what;
	struct fake_record records[3]; /* of the answer; none: the SOA of a denial is what is signed */
	const char *rrsig[2];
	uint32_t rrsig_ttl_s;
	uint32_t ttl_s;
};

static const struct ttl_row ttl_rows[] = {
	{ "the record's", { { NAME, T_A, 60, 0, "192.0.2.1" } }, { "1 600 1800000600" }, 600, 60 },
	{ "the signature's", { { NAME, T_A, 600, 0, "192.0.2.1" } }, { "1 600 1800000600" }, 50, 50 },
	{ "the original", { { NAME, T_A, 600, 0, "192.0.2.1" } }, { "1 40 1800000600" }, 600, 40 },
	{ "the signature's end", { { NAME, T_A, 600, 0, "192.0.2.1" } }, { "1 600 1800000030" }, 600, 30 },
	{ "the end is over", { { NAME, T_A, 600, 0, "192.0.2.1" } }, { "1 600 1799999999" }, 600, 0 },
	{ "the end is now", { { NAME, T_A, 600, 0, "192.0.2.1" } }, { "1 600 1800000000" }, 600, 0 },
	{ "one over, one holds",
	  { { NAME, T_A, 600, 0, "192.0.2.1" } },
	  { "1 600 1799999999", "1 600 1800000020" },
	  600,
	  20 },
	{ "of another type", { { NAME, T_A, 600, 0, "192.0.2.1" } }, { "28 10 1800000010" }, 600, 600 },
	{ "of the denial", { { 0 } }, { "6 600 1800000025" }, 600, 25 },
	{ "of the denial's type only", { { 0 } }, { "1 600 1800000025" }, 600, 90 },
};

static void test_signatures_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ttl_rows); i++) {
		const struct ttl_row *row = &ttl_rows[i];
		bool absent = row->records[0].name == NULL;
		start(NAME, DNS_A);
		for (size_t j = 0; j < 3 && row->records[j].name != NULL; j++)
			add_answer(&reply, &row->records[j]);
		if (absent)
			add_soa(&reply, 120, 90);
		for (size_t j = 0; j < 2 && row->rrsig[j] != NULL; j++) {
			put_record(&reply, &(struct fake_record){ absent ? "example" : NAME, T_RRSIG, row->rrsig_ttl_s,
								  0, row->rrsig[j] });
			bump(&reply, absent ? 8 : 6);
		}
		assert_int_equal(read_reply(), DNS_REPLY_ANSWER);
		if (answer.ttl_s != row->ttl_s)
			fail_msg("%s: %u", row->what, (unsigned)answer.ttl_s);
		assert_true(message.signs);
		assert_false(message.ad);
	}
}

/* --- extended errors -----------------------------------------------------------------------------------------------
 */

static const struct {
	int code;
	const char *text;
	bool bogus;
	const char *reason;
} errors[] = {
	{ 6, NULL, true, "SERVFAIL: DNSSEC bogus" },
	{ 7, "RRSIG of d.example", true, "SERVFAIL: signature expired (RRSIG of d.example)" },
	{ 9, "", true, "SERVFAIL: DNSKEY missing" },
	{ 12, "\x1b[31m\n", true, "SERVFAIL: NSEC missing (?[31m?)" },
	{ 22, NULL, false, "SERVFAIL: no reachable authority" },
	{ 4711, "odd", false, "SERVFAIL: extended error 4711 (odd)" },
};

static void test_extended_errors(void **state)
{
	char many[400];

	(void)state;
	for (size_t i = 0; i < COUNT(errors); i++) {
		start(NAME, DNS_A);
		reply.bytes[3] |= 2;
		add_ede(&reply, errors[i].code, errors[i].text);
		assert_int_equal(read_reply(), DNS_REPLY_FAILED);
		assert_string_equal(answer.reason, errors[i].reason);
		assert_int_equal(answer.bogus, errors[i].bogus);
	}
	/* Only a failure is bogus; and a speech is cut. */
	memset(many, 'x', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	start(NAME, DNS_A);
	reply.bytes[3] |= 5;
	add_ede(&reply, 6, many);
	assert_int_equal(read_reply(), DNS_REPLY_FAILED);
	assert_false(answer.bogus);
	assert_int_equal(strlen(answer.reason), DNS_REASON_MAX - 1);
	assert_int_equal(answer.reason[DNS_REASON_MAX - 2], ')');
}

static void test_words(void **state)
{
	static const struct {
		enum dns_status status;
		const char *name;
		bool found, absent, secure;
	} words[] = {
		{ DNS_FAILED, "failed", false, false, false },
		{ DNS_ABSENT_INSECURE, "absent-insecure", false, true, false },
		{ DNS_ABSENT_SECURE, "absent-secure", false, true, true },
		{ DNS_FOUND_INSECURE, "insecure", true, false, false },
		{ DNS_FOUND_SECURE, "secure", true, false, true },
	};
	enum dns_type type;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		struct dns_answer a = { .status = words[i].status };
		assert_string_equal(dns_status_name(a.status), words[i].name);
		assert_int_equal(dns_found(&a), words[i].found);
		assert_int_equal(dns_absent(&a), words[i].absent);
		assert_int_equal(dns_secure(&a), words[i].secure);
	}
	assert_true(dns_type_parse(&type, "tlsa") && type == DNS_TLSA);
	assert_true(dns_type_parse(&type, "AAAA") && type == DNS_AAAA);
	assert_false(dns_type_parse(&type, "AXFR"));
	assert_false(dns_type_parse(&type, ""));
	assert_string_equal(dns_type_name(DNS_DNSKEY), "DNSKEY");
	assert_string_equal(dns_type_name((enum dns_type)250), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question),        cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_values),          cmocka_unit_test(test_limits),
		cmocka_unit_test(test_proof_limit),     cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_cut_and_changed), cmocka_unit_test(test_tlsa),
		cmocka_unit_test(test_tlsa_limits),     cmocka_unit_test(test_txt),
		cmocka_unit_test(test_txt_limits),      cmocka_unit_test(test_cname),
		cmocka_unit_test(test_print),           cmocka_unit_test(test_root),
		cmocka_unit_test(test_signatures_end),  cmocka_unit_test(test_extended_errors),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("dns_message", tests, NULL, NULL);
}
