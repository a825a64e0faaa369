/* test_verdict.c - the verdict: what it permits, and its messages, whole, cut short and out of bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/verdict/demand.h"
#include "policy/verdict/verdict.h"

static uint8_t message[WIRE_MAX];

/* Every third host each: usable records, unusable ones, a failed search. */
static void add_tlsa(struct verdict_mx *mx, size_t i)
{
	mx->dane = i % 3 == 0 ? VERDICT_DANE_USABLE : i % 3 == 1 ? VERDICT_DANE_UNUSABLE : VERDICT_DANE_FAILED;
	if (mx->dane != VERDICT_DANE_FAILED)
		(void)snprintf(mx->tlsa_base, sizeof(mx->tlsa_base), "base%zu.example", i);
	if (mx->dane != VERDICT_DANE_USABLE)
		return;
	mx->tlsa = calloc(2, sizeof(*mx->tlsa));
	assert_non_null(mx->tlsa);
	for (; mx->tlsa_count < 2; mx->tlsa_count++) {
		struct tlsa *record = &mx->tlsa[mx->tlsa_count];
		*record = (struct tlsa){ .usage = 3, .selector = 1, .mtype = (uint8_t)(mx->tlsa_count + 1) };
		record->len = (uint16_t)(32 * (mx->tlsa_count + 1));
		record->data = malloc(record->len);
		assert_non_null(record->data);
		memset(record->data, (int)(i + mx->tlsa_count), record->len);
	}
}

static struct verdict *sample(size_t mx_count, size_t addrs_count, size_t names, size_t fingerprints)
{
	struct verdict *v = verdict_new();

	assert_non_null(v);
	v->status = VERDICT_OK;
	v->level = LEVEL_DANE;
	v->floor = LEVEL_SECURE;
	v->mx_secure = true;
	v->strict_mx = true;
	v->source = VERDICT_SOURCE_DOMAIN;
	v->enforce = true;
	v->auth = true;
	v->min_protocol = CONF_TLS13;
	v->ca = 7;
	v->match_mx = true;
	v->ttl_s = 300;
	v->generation = 0xdeadbeef;
	v->result = RESULT_CERTIFICATE_EXPIRED;
	(void)snprintf(v->domain, sizeof(v->domain), "d.example");
	(void)snprintf(v->servername, sizeof(v->servername), "sni.example");
	(void)snprintf(v->nexthop, sizeof(v->nexthop), "hop.example");
	(void)snprintf(v->expanded, sizeof(v->expanded), "hop-end.example");
	(void)snprintf(v->reason, sizeof(v->reason), "a sentence");
	v->mx_lookup = mx_count > 0 ? VERDICT_LOOKUP_FOUND : VERDICT_LOOKUP_ABSENT;
	v->mx = calloc(mx_count + 1, sizeof(*v->mx));
	v->names = calloc(names + 1, sizeof(*v->names));
	v->fingerprints = calloc(fingerprints + 1, sizeof(*v->fingerprints));
	if (v->mx == NULL || v->names == NULL || v->fingerprints == NULL)
		abort();
	for (size_t i = 0; i < mx_count; i++) {
		(void)snprintf(v->mx[i].name, sizeof(v->mx[i].name), "mx%zu.d.example", i);
		v->mx[i].preference = (uint16_t)(i * 10);
		v->mx[i].addrs_failed = i % 2 == 1;
		v->mx[i].addrs = calloc(addrs_count + 1, sizeof(struct addr));
		assert_non_null(v->mx[i].addrs);
		for (size_t j = 0; j < addrs_count; j++) {
			v->mx[i].addrs[j].family = j % 2 == 0 ? AF_INET6 : AF_INET;
			v->mx[i].addrs[j].bytes[0] = 32;
			v->mx[i].addrs[j].bytes[2] = (uint8_t)i;
			v->mx[i].addrs[j].bytes[3] = (uint8_t)j;
		}
		v->mx[i].addrs_count = addrs_count;
		add_tlsa(&v->mx[i], i);
	}
	v->mx_count = mx_count;
	for (size_t i = 0; i < names; i++) {
		(void)snprintf(v->names[i].name, sizeof(v->names[i].name), "name%zu.example", i);
		v->names[i].subdomains = i % 2 == 0;
	}
	v->names_count = names;
	for (size_t i = 0; i < fingerprints; i++)
		memset(&v->fingerprints[i], (int)i + 1, sizeof(v->fingerprints[i]));
	v->fingerprints_count = fingerprints;
	return v;
}

static size_t encode(const struct verdict *v, uint32_t id)
{
	struct wire_writer w;

	wire_writer_init(&w, message, sizeof(message) - 2); /* ipc.h takes two for the type */
	verdict_put(&w, id, v);
	return w.failed ? 0 : w.len;
}

static struct verdict *decode(size_t len, uint32_t *out_id)
{
	struct wire_reader r;
	uint8_t *exact = malloc(len + 1); /* its own block, so that a sanitizer sees one octet too far */

	assert_non_null(exact);
	memcpy(exact, message, len);
	wire_reader_init(&r, exact, len);
	struct verdict *v = verdict_get(&r, out_id);
	free(exact);
	return v;
}

static void assert_same(const struct verdict *a, const struct verdict *b)
{
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->level, b->level);
	assert_int_equal(a->source, b->source);
	assert_int_equal(a->floor, b->floor);
	assert_int_equal(a->mx_secure, b->mx_secure);
	assert_int_equal(a->strict_mx, b->strict_mx);
	assert_string_equal(a->nexthop, b->nexthop);
	assert_string_equal(a->expanded, b->expanded);
	assert_int_equal(a->enforce, b->enforce);
	assert_int_equal(a->auth, b->auth);
	assert_int_equal(a->min_protocol, b->min_protocol);
	assert_string_equal(a->domain, b->domain);
	assert_string_equal(a->servername, b->servername);
	assert_int_equal(a->ca, b->ca);
	assert_int_equal(a->match_mx, b->match_mx);
	assert_int_equal(a->ttl_s, b->ttl_s);
	assert_int_equal(a->generation, b->generation);
	assert_int_equal(a->result, b->result);
	assert_string_equal(a->reason, b->reason);
	assert_int_equal(a->names_count, b->names_count);
	for (size_t i = 0; i < a->names_count; i++) {
		assert_string_equal(a->names[i].name, b->names[i].name);
		assert_int_equal(a->names[i].subdomains, b->names[i].subdomains);
	}
	assert_int_equal(a->fingerprints_count, b->fingerprints_count);
	for (size_t i = 0; i < a->fingerprints_count; i++)
		assert_memory_equal(a->fingerprints[i], b->fingerprints[i], 32);
	assert_int_equal(a->mx_lookup, b->mx_lookup);
	assert_int_equal(a->mx_count, b->mx_count);
	for (size_t i = 0; i < a->mx_count; i++) {
		assert_string_equal(a->mx[i].name, b->mx[i].name);
		assert_int_equal(a->mx[i].preference, b->mx[i].preference);
		assert_int_equal(a->mx[i].addrs_failed, b->mx[i].addrs_failed);
		assert_int_equal(a->mx[i].addrs_count, b->mx[i].addrs_count);
		for (size_t j = 0; j < a->mx[i].addrs_count; j++)
			assert_true(addr_equal(&a->mx[i].addrs[j], &b->mx[i].addrs[j]));
		assert_int_equal(a->mx[i].dane, b->mx[i].dane);
		assert_string_equal(a->mx[i].tlsa_base, b->mx[i].tlsa_base);
		assert_int_equal(a->mx[i].tlsa_count, b->mx[i].tlsa_count);
		for (size_t j = 0; j < a->mx[i].tlsa_count; j++)
			assert_true(tlsa_equal(&a->mx[i].tlsa[j], &b->mx[i].tlsa[j]));
	}
}

static void test_round_trip(void **state)
{
	static const struct {
		size_t mx, addrs, names, fingerprints;
	} cases[] = {
		{ 0, 0, 0, 0 },
		{ 2, 3, 2, 2 },
		{ 1, 0, 0, 1 },
		{ VERDICT_MX_MAX, VERDICT_ADDRS_MAX, VERDICT_NAMES_MAX, VERDICT_FINGERPRINTS_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct verdict *v = sample(cases[i].mx, cases[i].addrs, cases[i].names, cases[i].fingerprints);
		uint32_t id;
		size_t len = encode(v, 0x01020304);
		assert_true(len > 0);
		struct verdict *got = decode(len, &id);
		assert_non_null(got);
		assert_int_equal(id, 0x01020304);
		assert_int_equal(got->refs, 1);
		assert_same(v, got);
		verdict_unref(v);
		verdict_unref(got);
	}
}

static void drop_tlsa(struct verdict *v)
{
	v->level = LEVEL_VERIFY;
	v->floor = LEVEL_UNSET;
	for (size_t i = 0; i < v->mx_count; i++) {
		tlsa_free(v->mx[i].tlsa, v->mx[i].tlsa_count);
		v->mx[i].tlsa = NULL;
		v->mx[i].tlsa_count = 0;
		v->mx[i].dane = VERDICT_DANE_FAILED;
		v->mx[i].tlsa_base[0] = '\0';
	}
}

/* The largest verdict without TLSA records that the bounds allow fits one message: names, lists and sentence as long as
 * they get. One with all the records of VERDICT_TLSA_BYTES_MAX as well may not, and its writer says so. */
static void test_largest_fits(void **state)
{
	struct verdict *v = sample(VERDICT_MX_MAX, VERDICT_ADDRS_MAX, VERDICT_NAMES_MAX, VERDICT_FINGERPRINTS_MAX);
	uint32_t id;

	(void)state;
	drop_tlsa(v);
	memset(v->domain, 'd', sizeof(v->domain) - 1);
	memset(v->servername, 's', sizeof(v->servername) - 1);
	memset(v->reason, 'r', sizeof(v->reason) - 1);
	for (size_t i = 0; i < v->mx_count; i++) {
		memset(v->mx[i].name, 'm', sizeof(v->mx[i].name) - 1);
		for (size_t j = 0; j < v->mx[i].addrs_count; j++)
			v->mx[i].addrs[j].family = AF_INET6;
	}
	for (size_t i = 0; i < v->names_count; i++)
		memset(v->names[i].name, 'n', sizeof(v->names[i].name) - 1);
	size_t len = encode(v, 1);
	assert_true(len > 60000);
	struct verdict *got = decode(len, &id);
	assert_non_null(got);
	assert_same(v, got);
	verdict_unref(got);
	verdict_unref(v);
}

static void test_every_truncation(void **state)
{
	struct verdict *v = sample(4, 2, 2, 2); /* hosts of every kind of search */
	size_t len = encode(v, 1);
	uint32_t id;

	(void)state;
	assert_true(len > 0);
	for (size_t cut = 0; cut < len; cut++)
		assert_null(decode(cut, &id));
	message[len] = 0;
	assert_null(decode(len + 1, &id)); /* and one octet too many */
	verdict_unref(v);
}

/* Whatever one octet becomes, the reader either refuses or returns a verdict within all bounds. */
static void test_every_octet_changed(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x02, 0x41, 0x7f, 0x80, 0xff };
	struct verdict *v = sample(2, 2, 2, 2);
	size_t len = encode(v, 1);
	uint32_t id;

	(void)state;
	for (size_t at = 0; at < len; at++) {
		uint8_t was = message[at];
		for (size_t i = 0; i < COUNT(values); i++) {
			message[at] = values[i];
			struct verdict *got = decode(len, &id);
			if (got == NULL)
				continue;
			assert_true((unsigned)got->level < LEVEL_COUNT && (unsigned)got->source < VERDICT_SOURCE_COUNT);
			assert_true(got->mx_count <= VERDICT_MX_MAX && got->names_count <= VERDICT_NAMES_MAX);
			assert_true((got->mx_lookup == VERDICT_LOOKUP_FOUND) == (got->mx_count > 0));
			verdict_unref(got);
		}
		message[at] = was;
	}
	verdict_unref(v);
}

/* What a message says, field by field. */
struct shape {
	unsigned status, level, source, floor, enforce, auth, protocol, match_mx;
	unsigned names, fingerprint_len, lookup, mx, addrs, addr_len, result;
	unsigned domain_len, name_len, mx_len, reason_len;
	unsigned secure, dane, base_len, tlsa, tlsa_len;
	unsigned published, by, id_len, patterns, pattern_len, wildcard, sts_result;
};

static void put_text(struct wire_writer *w, size_t len)
{
	char text[512];

	memset(text, 'a', sizeof(text));
	wire_put_bytes(w, text, len);
}

static size_t encode_shape(const struct shape *s)
{
	static const uint8_t zeroes[TLSA_DATA_MAX + 1];
	struct wire_writer w;

	wire_writer_init(&w, message, sizeof(message));
	wire_put_u32(&w, 1);
	wire_put_u8(&w, (uint8_t)s->status);
	wire_put_u8(&w, (uint8_t)s->level);
	wire_put_u8(&w, (uint8_t)s->source);
	wire_put_u8(&w, (uint8_t)s->floor);
	wire_put_u8(&w, (uint8_t)s->enforce);
	wire_put_u8(&w, (uint8_t)s->auth);
	wire_put_u8(&w, (uint8_t)s->protocol);
	for (unsigned i = 0; i < 4; i++) /* domain, nexthop, expanded, servername */
		put_text(&w, s->domain_len);
	wire_put_u32(&w, 0);
	wire_put_u8(&w, (uint8_t)s->match_mx);
	wire_put_u8(&w, (uint8_t)s->names);
	for (unsigned i = 0; i < s->names; i++) {
		put_text(&w, s->name_len);
		wire_put_u8(&w, 0);
	}
	wire_put_u8(&w, 1);
	wire_put_bytes(&w, zeroes, s->fingerprint_len);
	wire_put_u8(&w, (uint8_t)s->lookup);
	wire_put_u8(&w, (uint8_t)s->secure);
	wire_put_u8(&w, 0);
	wire_put_u8(&w, (uint8_t)s->mx);
	for (unsigned i = 0; i < s->mx; i++) {
		put_text(&w, s->mx_len);
		wire_put_u16(&w, 10);
		wire_put_u8(&w, 0);
		wire_put_u8(&w, (uint8_t)s->addrs);
		for (unsigned j = 0; j < s->addrs; j++)
			wire_put_bytes(&w, zeroes, s->addr_len);
		wire_put_u8(&w, (uint8_t)s->dane);
		put_text(&w, s->base_len);
		wire_put_u8(&w, (uint8_t)s->tlsa);
		for (unsigned j = 0; j < s->tlsa; j++) {
			wire_put_u8(&w, 3);
			wire_put_u8(&w, 1);
			wire_put_u8(&w, 1);
			wire_put_bytes(&w, zeroes, s->tlsa_len);
		}
	}
	wire_put_u8(&w, (uint8_t)s->published);
	wire_put_u8(&w, (uint8_t)s->by);
	put_text(&w, s->id_len);
	wire_put_u32(&w, 86400);
	wire_put_u8(&w, (uint8_t)s->sts_result);
	put_text(&w, s->reason_len);
	wire_put_u8(&w, (uint8_t)s->patterns);
	for (unsigned i = 0; i < s->patterns; i++) {
		put_text(&w, s->pattern_len);
		wire_put_u8(&w, (uint8_t)s->wildcard);
	}
	wire_put_u32(&w, 60);
	wire_put_u32(&w, 1);
	wire_put_u8(&w, (uint8_t)s->result);
	put_text(&w, s->reason_len);
	assert_false(w.failed);
	return w.len;
}

static const struct shape sound = {
	.status = VERDICT_OK,
	.level = LEVEL_DANE,
	.source = VERDICT_SOURCE_DOMAIN,
	.floor = LEVEL_ENCRYPT,
	.enforce = 1,
	.secure = 1,
	.dane = VERDICT_DANE_USABLE,
	.base_len = 9,
	.tlsa = 1,
	.tlsa_len = 32,
	.names = 1,
	.fingerprint_len = 32,
	.lookup = VERDICT_LOOKUP_FOUND,
	.mx = 1,
	.addrs = 1,
	.addr_len = 4,
	.domain_len = 9,
	.name_len = 9,
	.mx_len = 9,
	.reason_len = 9,
	.published = VERDICT_PUBLISHED_ENFORCE,
	.by = VERDICT_BY_STS,
	.id_len = 9,
	.patterns = 1,
	.pattern_len = 9,
};

static void test_every_bound(void **state)
{
#define FIELD(name) offsetof(struct shape, name)
	/* by meaning, not by size: NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
	static const struct {
		const char *what;
		bool ok;
		size_t field; /* of the sound shape, and what it becomes */
		unsigned value;
		bool no_level; /* and the level LEVEL_UNSET */
	} cases[] = {
		{ "sound", true, FIELD(auth), 0, false },
		{ "status unknown", false, FIELD(status), 2, false },
		{ "level unknown", false, FIELD(level), LEVEL_COUNT, false },
		{ "decided without a level", false, FIELD(level), LEVEL_UNSET, false },
		{ "failed with a level", false, FIELD(status), 0, false },
		{ "failed", true, FIELD(status), 0, true },
		{ "a level from nobody", false, FIELD(source), 0, false },
		{ "no rule", true, FIELD(source), 0, true },
		{ "source unknown", false, FIELD(source), VERDICT_SOURCE_COUNT, false },
		{ "floor unknown", false, FIELD(floor), LEVEL_COUNT, false },
		{ "floor missing", false, FIELD(floor), LEVEL_UNSET, false },
		{ "floor that is DANE", false, FIELD(floor), LEVEL_DANE, false },
		{ "floor that is DANE only", false, FIELD(floor), LEVEL_DANE_ONLY, false },
		{ "floor of fingerprints", false, FIELD(floor), LEVEL_FINGERPRINT, false },
		{ "floor of another level", false, FIELD(level), LEVEL_VERIFY, false },
		{ "secure no boolean", false, FIELD(secure), 2, false },
		{ "search unknown", false, FIELD(dane), VERDICT_DANE_USABLE + 1, false },
		{ "records of a failed search", false, FIELD(dane), VERDICT_DANE_FAILED, false },
		{ "records though unusable", false, FIELD(dane), VERDICT_DANE_UNUSABLE, false },
		{ "records though none", false, FIELD(dane), VERDICT_DANE_NONE, false },
		{ "usable without a record", false, FIELD(tlsa), 0, false },
		{ "records at most", true, FIELD(tlsa), TLSA_MAX, false },
		{ "records too many", false, FIELD(tlsa), TLSA_MAX + 1, false },
		{ "record empty", false, FIELD(tlsa_len), 0, false },
		{ "record at its largest", true, FIELD(tlsa_len), TLSA_DATA_MAX, false },
		{ "record too large", false, FIELD(tlsa_len), TLSA_DATA_MAX + 1, false },
		{ "no base", false, FIELD(base_len), 0, false },
		{ "base too long", false, FIELD(base_len), VERDICT_NAME_MAX, false },
		{ "base at its longest", true, FIELD(base_len), VERDICT_NAME_MAX - 1, false },
		{ "enforce no boolean", false, FIELD(enforce), 2, false },
		{ "auth no boolean", false, FIELD(auth), 2, false },
		{ "protocol unknown", false, FIELD(protocol), CONF_TLS13 + 1, false },
		{ "match_mx no boolean", false, FIELD(match_mx), 2, false },
		{ "domain at its longest", true, FIELD(domain_len), VERDICT_NAME_MAX - 1, false },
		{ "domain too long", false, FIELD(domain_len), VERDICT_NAME_MAX, false },
		{ "names at most", true, FIELD(names), VERDICT_NAMES_MAX, false },
		{ "names too many", false, FIELD(names), VERDICT_NAMES_MAX + 1, false },
		{ "name empty", false, FIELD(name_len), 0, false },
		{ "name too long", false, FIELD(name_len), VERDICT_NAME_MAX, false },
		{ "fingerprint short", false, FIELD(fingerprint_len), 31, false },
		{ "fingerprint long", false, FIELD(fingerprint_len), 33, false },
		{ "lookup unknown", false, FIELD(lookup), 3, false },
		{ "found without a host", false, FIELD(mx), 0, false },
		{ "hosts though failed", false, FIELD(lookup), 0, false },
		{ "hosts though absent", false, FIELD(lookup), 1, false },
		{ "hosts at most", true, FIELD(mx), VERDICT_MX_MAX, false },
		{ "hosts too many", false, FIELD(mx), VERDICT_MX_MAX + 1, false },
		{ "host empty", false, FIELD(mx_len), 0, false },
		{ "host too long", false, FIELD(mx_len), VERDICT_NAME_MAX, false },
		{ "no addresses", true, FIELD(addrs), 0, false },
		{ "addresses at most", true, FIELD(addrs), VERDICT_ADDRS_MAX, false },
		{ "addresses too many", false, FIELD(addrs), VERDICT_ADDRS_MAX + 1, false },
		{ "address empty", false, FIELD(addr_len), 0, false },
		{ "address odd", false, FIELD(addr_len), 5, false },
		{ "published unknown", false, FIELD(published), VERDICT_PUBLISHED_COUNT, false },
		{ "patterns of a failed search", false, FIELD(published), VERDICT_PUBLISHED_FAILED, false },
		{ "patterns of no policy", false, FIELD(published), VERDICT_PUBLISHED_NONE, false },
		{ "a policy in testing", true, FIELD(published), VERDICT_PUBLISHED_TESTING, false },
		{ "publisher unknown", false, FIELD(by), VERDICT_PUBLISHER_COUNT, false },
		{ "published by nobody", false, FIELD(by), VERDICT_BY_NOBODY, false },
		{ "a policy without patterns", false, FIELD(patterns), 0, false },
		{ "patterns at most", true, FIELD(patterns), VERDICT_PATTERNS_MAX, false },
		{ "patterns too many", false, FIELD(patterns), VERDICT_PATTERNS_MAX + 1, false },
		{ "pattern empty", false, FIELD(pattern_len), 0, false },
		{ "pattern at its longest", true, FIELD(pattern_len), VERDICT_NAME_MAX - 1, false },
		{ "pattern too long", false, FIELD(pattern_len), VERDICT_NAME_MAX, false },
		{ "wildcard no boolean", false, FIELD(wildcard), 2, false },
		{ "id at its longest", true, FIELD(id_len), VERDICT_POLICY_ID_MAX - 1, false },
		{ "id too long", false, FIELD(id_len), VERDICT_POLICY_ID_MAX, false },
		{ "word of the policy unknown", false, FIELD(sts_result), RESULT_COUNT, false },
		{ "result unknown", false, FIELD(result), RESULT_COUNT, false },
		{ "reason at its longest", true, FIELD(reason_len), VERDICT_REASON_MAX - 1, false },
		{ "reason too long", false, FIELD(reason_len), VERDICT_REASON_MAX, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct shape shape = sound;
		uint32_t id;
		memcpy((char *)&shape + cases[i].field, &cases[i].value, sizeof(unsigned));
		if (cases[i].no_level || cases[i].field == FIELD(level))
			shape.floor = cases[i].value == LEVEL_VERIFY ? shape.floor : LEVEL_UNSET;
		if (cases[i].no_level)
			shape.level = LEVEL_UNSET;
		struct verdict *v = decode(encode_shape(&shape), &id);
		if ((v != NULL) != cases[i].ok)
			fail_msg("%s: %s", cases[i].what, v != NULL ? "taken" : "refused");
		verdict_unref(v);
	}
}

/* What all hosts have together is bounded as well. */
static void test_bounds_of_all_records(void **state)
{
	static const struct {
		unsigned mx, tlsa, tlsa_len;
		bool ok;
	} cases[] = {
		{ VERDICT_MX_MAX, VERDICT_TLSA_MAX / VERDICT_MX_MAX, 32, true },
		{ VERDICT_MX_MAX, VERDICT_TLSA_MAX / VERDICT_MX_MAX + 1, 32, false },
		{ 1, VERDICT_TLSA_MAX, 384, true },
		{ 1, VERDICT_TLSA_MAX, 385, false },
		{ 3, 1, TLSA_DATA_MAX, true },
		{ 2, 2, TLSA_DATA_MAX - 1024, false },
	};

	(void)state;
	assert_int_equal(VERDICT_TLSA_MAX * 384, VERDICT_TLSA_BYTES_MAX);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct shape shape = sound;
		uint32_t id;
		shape.mx = cases[i].mx;
		shape.tlsa = cases[i].tlsa;
		shape.tlsa_len = cases[i].tlsa_len;
		struct verdict *v = decode(encode_shape(&shape), &id);
		if ((v != NULL) != cases[i].ok)
			fail_msg("%u hosts, %u records of %u octets: %s", shape.mx, shape.tlsa, shape.tlsa_len,
				 v != NULL ? "taken" : "refused");
		/* The writer is of the same mind. */
		if (v != NULL)
			assert_true(encode(v, 1) > 0);
		verdict_unref(v);
	}
}

/* What is too large for a message is answered as failed, within the same message and under the same rule. */
static void test_too_large_is_a_failure(void **state)
{
	struct verdict *v = sample(2, 1, 0, 0);
	struct wire_writer w;
	unsigned failures = 0;
	uint32_t id;

	(void)state;
	for (size_t room = 0; room < 600; room++) {
		wire_writer_init(&w, message, room);
		wire_put_u8(&w, 7); /* something stands before it */
		verdict_put_or_fail(&w, 3, v);
		if (w.failed)
			continue; /* room for neither */
		memmove(message, message + 1, w.len - 1);
		struct verdict *got = decode(w.len - 1, &id);
		assert_non_null(got);
		assert_int_equal(id, 3);
		assert_string_equal(got->domain, v->domain);
		assert_int_equal(got->source, v->source);
		assert_int_equal(got->enforce, v->enforce);
		assert_int_equal(got->generation, v->generation);
		if (got->status == VERDICT_OK) {
			assert_same(v, got);
			assert_true(failures > 0);
			verdict_unref(got);
			verdict_unref(v);
			return;
		}
		failures++;
		assert_int_equal(got->result, RESULT_DNSSEC_INVALID);
		assert_non_null(strstr(got->reason, "hop.example"));
		assert_true(got->ttl_s <= v->ttl_s);
		verdict_unref(got);
	}
	fail_msg("it never fits");
}

static void resize_record(struct tlsa *record, size_t len)
{
	free(record->data);
	record->data = calloc(len + 1, 1);
	assert_non_null(record->data);
	record->len = (uint16_t)len;
}

/* The writer never makes what its reader would drop the channel for. */
static void test_writer_refuses_unsound_searches(void **state)
{
	struct verdict *v = sample(4, 1, 0, 0);

	(void)state;
	assert_true(encode(v, 1) > 0);
	v->mx[0].dane = VERDICT_DANE_NONE;
	assert_int_equal(encode(v, 1), 0);
	v->mx[0].dane = VERDICT_DANE_USABLE;
	v->mx[0].tlsa_base[0] = '\0';
	assert_int_equal(encode(v, 1), 0);
	v->mx[0].tlsa_base[0] = 'b';
	v->mx[1].dane = VERDICT_DANE_USABLE;
	assert_int_equal(encode(v, 1), 0);
	v->mx[1].dane = VERDICT_DANE_UNUSABLE;
	assert_true(encode(v, 1) > 0);
	resize_record(&v->mx[0].tlsa[0], 0);
	assert_int_equal(encode(v, 1), 0);
	resize_record(&v->mx[0].tlsa[0], TLSA_DATA_MAX + 1);
	assert_int_equal(encode(v, 1), 0);
	resize_record(&v->mx[0].tlsa[0], TLSA_DATA_MAX);
	assert_true(encode(v, 1) > 0);
	/* Four of 16 KiB are more than all hosts may have. */
	for (size_t i = 0; i < 4; i++)
		resize_record(&v->mx[i / 2 * 3].tlsa[i % 2], TLSA_DATA_MAX);
	assert_int_equal(encode(v, 1), 0);
	verdict_unref(v);
}

static void test_writer_refuses_too_many(void **state)
{
	struct verdict *v = sample(VERDICT_MX_MAX + 1, 1, 0, 0);

	(void)state;
	assert_int_equal(encode(v, 1), 0);
	verdict_unref(v);
	v = sample(1, VERDICT_ADDRS_MAX + 1, 0, 0);
	assert_int_equal(encode(v, 1), 0);
	verdict_unref(v);
	v = sample(0, 0, VERDICT_NAMES_MAX + 1, 0);
	assert_int_equal(encode(v, 1), 0);
	verdict_unref(v);
	v = sample(0, 0, 0, VERDICT_FINGERPRINTS_MAX + 1);
	assert_int_equal(encode(v, 1), 0);
	verdict_unref(v);
}

static void test_question(void **state)
{
	struct verdict_question q = { .id = 9, .kind = VERDICT_ASK_DESTINATION, .domain = "d.example" };
	struct verdict_question got;
	struct wire_writer w;
	struct wire_reader r;

	(void)state;
	assert_true(endpoint_parse(&q.destination, "[2001:db8::25]:25", 0));
	wire_writer_init(&w, message, sizeof(message));
	verdict_question_put(&w, &q);
	assert_false(w.failed);
	for (size_t cut = 0; cut < w.len; cut++) {
		wire_reader_init(&r, message, cut);
		assert_false(verdict_question_get(&r, &got));
	}
	wire_reader_init(&r, message, w.len + 1);
	assert_false(verdict_question_get(&r, &got));
	wire_reader_init(&r, message, w.len);
	assert_true(verdict_question_get(&r, &got));
	assert_int_equal(got.id, 9);
	assert_int_equal(got.kind, VERDICT_ASK_DESTINATION);
	assert_true(addr_equal(&got.destination.addr, &q.destination.addr));
	assert_int_equal(got.destination.port, 25);
	assert_string_equal(got.domain, "d.example");
	message[4] = VERDICT_ASK_COUNT;
	wire_reader_init(&r, message, w.len);
	assert_false(verdict_question_get(&r, &got));
}

static void test_permits_clear(void **state)
{
	static const struct {
		enum verdict_status status;
		enum verdict_source source;
		enum level level;
		bool enforce;
		bool permits;
	} cases[] = {
		{ VERDICT_FAILED, VERDICT_SOURCE_NONE, LEVEL_UNSET, false, false }, /* zeroed */
		{ VERDICT_FAILED, VERDICT_SOURCE_NONE, LEVEL_NONE, false, false },
		{ VERDICT_FAILED, VERDICT_SOURCE_DOMAIN, LEVEL_UNSET, true, false },
		{ VERDICT_FAILED, VERDICT_SOURCE_DOMAIN, LEVEL_NONE, true, false },
		{ VERDICT_FAILED, VERDICT_SOURCE_DOMAIN, LEVEL_UNSET, false, true }, /* report only */
		{ VERDICT_OK, VERDICT_SOURCE_NONE, LEVEL_NONE, true, false },
		{ VERDICT_OK, VERDICT_SOURCE_COUNT, LEVEL_NONE, false, false },
		{ VERDICT_OK, VERDICT_SOURCE_DOMAIN, LEVEL_UNSET, false, false },
		{ VERDICT_OK, VERDICT_SOURCE_DOMAIN, LEVEL_COUNT, false, false },
		{ VERDICT_OK, VERDICT_SOURCE_DOMAIN, LEVEL_NONE, true, true },
		{ VERDICT_OK, VERDICT_SOURCE_DEFAULT, LEVEL_MAY, true, true },
		{ VERDICT_OK, VERDICT_SOURCE_DEFAULT, LEVEL_ENCRYPT, true, false },
		{ VERDICT_OK, VERDICT_SOURCE_DESTINATION, LEVEL_ENCRYPT, false, true },
		{ VERDICT_OK, VERDICT_SOURCE_DESTINATION, LEVEL_FINGERPRINT, true, false },
		{ VERDICT_OK, VERDICT_SOURCE_DESTINATION, LEVEL_DANE, true, false },
		{ VERDICT_OK, VERDICT_SOURCE_DESTINATION, LEVEL_DANE_ONLY, true, false },
		{ VERDICT_OK, VERDICT_SOURCE_DESTINATION, LEVEL_VERIFY, true, false },
		{ VERDICT_OK, VERDICT_SOURCE_DESTINATION, LEVEL_SECURE, true, false },
		{ (enum verdict_status)2, VERDICT_SOURCE_DESTINATION, LEVEL_NONE, false, false },
	};
	static const struct addr dst;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct verdict v = { .status = cases[i].status,
				     .source = cases[i].source,
				     .level = cases[i].level,
				     .enforce = cases[i].enforce };
		if (demand_permits_clear(&v, &dst) != cases[i].permits)
			fail_msg("case %zu", i);
	}
}

static void test_mx_for(void **state)
{
	struct verdict *v = sample(3, 2, 0, 0);
	struct addr none = { 0 };
	struct addr other;

	(void)state;
	assert_ptr_equal(verdict_mx_for(v, &v->mx[2].addrs[1]), &v->mx[2]);
	v->mx[1].addrs[0] = v->mx[2].addrs[1]; /* of two that share it, the preferred one */
	assert_ptr_equal(verdict_mx_for(v, &v->mx[2].addrs[1]), &v->mx[1]);
	assert_true(addr_parse(&other, "192.0.2.99"));
	assert_null(verdict_mx_for(v, &other));
	v->mx[0].addrs[0] = none;
	assert_null(verdict_mx_for(v, &none));
	verdict_unref(v);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(verdict_source_name(VERDICT_SOURCE_DESTINATION), "destination");
	assert_string_equal(verdict_source_name(VERDICT_SOURCE_COUNT), "unknown");
	assert_string_equal(verdict_lookup_name(VERDICT_LOOKUP_FAILED), "failed");
	assert_string_equal(verdict_lookup_name(VERDICT_LOOKUP_ABSENT), "absent");
	assert_string_equal(verdict_lookup_name(VERDICT_LOOKUP_FOUND), "found");
	assert_string_equal(verdict_dane_name(VERDICT_DANE_FAILED), "failed");
	assert_string_equal(verdict_dane_name(VERDICT_DANE_NONE), "none");
	assert_string_equal(verdict_dane_name(VERDICT_DANE_UNUSABLE), "unusable");
	assert_string_equal(verdict_dane_name(VERDICT_DANE_USABLE), "usable");
	assert_string_equal(result_word_name(RESULT_NONE), "none");
	assert_string_equal(result_word_name(RESULT_STARTTLS_NOT_SUPPORTED), "starttls-not-supported");
	assert_string_equal(result_word_name(RESULT_CERTIFICATE_HOST_MISMATCH), "certificate-host-mismatch");
	assert_string_equal(result_word_name(RESULT_CERTIFICATE_EXPIRED), "certificate-expired");
	assert_string_equal(result_word_name(RESULT_CERTIFICATE_NOT_TRUSTED), "certificate-not-trusted");
	assert_string_equal(result_word_name(RESULT_VALIDATION_FAILURE), "validation-failure");
	assert_string_equal(result_word_name(RESULT_TLSA_INVALID), "tlsa-invalid");
	assert_string_equal(result_word_name(RESULT_DNSSEC_INVALID), "dnssec-invalid");
	assert_string_equal(result_word_name(RESULT_DANE_REQUIRED), "dane-required");
	assert_string_equal(result_word_name(RESULT_COUNT), "validation-failure");
	for (unsigned i = 0; i < RESULT_COUNT; i++)
		assert_non_null(result_word_name((enum result_word)i));
	for (unsigned i = 0; i < VERDICT_SOURCE_COUNT; i++)
		assert_non_null(verdict_source_name((enum verdict_source)i));
}

static void test_references(void **state)
{
	struct verdict *v = sample(1, 1, 1, 1);

	(void)state;
	assert_ptr_equal(verdict_ref(v), v);
	verdict_unref(v);
	assert_int_equal(v->refs, 1);
	verdict_unref(v);
	verdict_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_largest_fits),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_octet_changed),
		cmocka_unit_test(test_every_bound),
		cmocka_unit_test(test_writer_refuses_too_many),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_permits_clear),
		cmocka_unit_test(test_mx_for),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_bounds_of_all_records),
		cmocka_unit_test(test_writer_refuses_unsound_searches),
		cmocka_unit_test(test_too_large_is_a_failure),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
