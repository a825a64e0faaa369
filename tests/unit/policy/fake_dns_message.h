/* fake_dns_message.h - DNS messages made octet by octet, without the library that reads them. */
#ifndef GATE25_TESTS_FAKE_DNS_MESSAGE_H
#define GATE25_TESTS_FAKE_DNS_MESSAGE_H

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/verdict/tlsa.h"
#include "proxy/base/addr.h"

enum { T_A = 1, T_CNAME = 5, T_SOA = 6, T_MX = 15, T_TXT = 16, T_AAAA = 28, T_RRSIG = 46, T_TLSA = 52 };

struct fake_record {
	const char *name;
	unsigned type;
	uint32_t ttl_s;
	unsigned preference;
	const char *value; /* TLSA: as text; TXT: its strings, parted by "|"; RRSIG: "TYPE TTL END", the type it covers,
			      the original TTL, its end */
};

struct message {
	uint8_t bytes[65535];
	size_t len;
};

static inline void put16(struct message *m, unsigned value)
{
	m->bytes[m->len++] = (uint8_t)(value >> 8);
	m->bytes[m->len++] = (uint8_t)value;
}

static inline void put_name(struct message *m, const char *name)
{
	while (*name != '\0' && strcmp(name, ".") != 0) {
		size_t label = strcspn(name, ".");
		m->bytes[m->len++] = (uint8_t)label;
		memcpy(m->bytes + m->len, name, label);
		m->len += label;
		name += label + (name[label] == '.');
	}
	m->bytes[m->len++] = 0;
}

static inline void put_texts(struct message *m, const char *texts)
{
	for (;;) {
		size_t len = strcspn(texts, "|");
		m->bytes[m->len++] = (uint8_t)len;
		memcpy(m->bytes + m->len, texts, len);
		m->len += len;
		if (texts[len] == '\0')
			return;
		texts += len + 1;
	}
}

static inline void put_tlsa(struct message *m, const char *text)
{
	struct tlsa record;

	if (!tlsa_parse(&record, text))
		abort();
	m->bytes[m->len++] = record.usage;
	m->bytes[m->len++] = record.selector;
	m->bytes[m->len++] = record.mtype;
	memcpy(m->bytes + m->len, record.data, record.len);
	m->len += record.len;
	free(record.data);
}

static inline void put_rrsig(struct message *m, const char *text)
{
	char *at = NULL;
	unsigned covers = (unsigned)strtoul(text, &at, 10);
	uint32_t ttl_s = (uint32_t)strtoul(at, &at, 10);
	uint32_t end = (uint32_t)strtoul(at, &at, 10);

	put16(m, covers);
	put16(m, 13 << 8 | 2); /* algorithm, labels */
	put16(m, ttl_s >> 16);
	put16(m, ttl_s & 0xffff);
	put16(m, end >> 16);
	put16(m, end & 0xffff);
	put16(m, 0);
	put16(m, 1);
	put16(m, 4711);
	put_name(m, "example");
	memset(m->bytes + m->len, 0x5a, 64);
	m->len += 64;
}

static inline void put_record(struct message *m, const struct fake_record *r)
{
	size_t length_at;

	put_name(m, r->name);
	put16(m, r->type);
	put16(m, 1);
	put16(m, r->ttl_s >> 16);
	put16(m, r->ttl_s & 0xffff);
	length_at = m->len;
	put16(m, 0);
	if (r->type == T_A || r->type == T_AAAA) {
		(void)!inet_pton(r->type == T_A ? AF_INET : AF_INET6, r->value, m->bytes + m->len);
		m->len += r->type == T_A ? 4 : 16;
	}
	if (r->type == T_MX)
		put16(m, r->preference);
	if (r->type == T_MX || r->type == T_CNAME)
		put_name(m, r->value);
	if (r->type == T_SOA) {
		put_name(m, "ns.example");
		put_name(m, "hostmaster.example");
		for (unsigned i = 0; i < 4; i++) {
			put16(m, 0);
			put16(m, 1);
		}
		put16(m, 0);
		put16(m, r->preference); /* the minimum */
	}
	if (r->type == T_TXT)
		put_texts(m, r->value);
	if (r->type == T_TLSA)
		put_tlsa(m, r->value);
	if (r->type == T_RRSIG)
		put_rrsig(m, r->value);
	m->bytes[length_at] = (uint8_t)((m->len - length_at - 2) >> 8);
	m->bytes[length_at + 1] = (uint8_t)(m->len - length_at - 2);
}

static inline void bump(struct message *m, size_t counter_at)
{
	unsigned value = ((unsigned)m->bytes[counter_at] << 8 | m->bytes[counter_at + 1]) + 1;

	m->bytes[counter_at] = (uint8_t)(value >> 8);
	m->bytes[counter_at + 1] = (uint8_t)value;
}

static inline void add_answer(struct message *m, const struct fake_record *r)
{
	put_record(m, r);
	bump(m, 6);
}

static inline void add_soa(struct message *m, uint32_t ttl_s, unsigned minimum_s)
{
	const struct fake_record soa = { "example", T_SOA, ttl_s, minimum_s, NULL };

	put_record(m, &soa);
	bump(m, 8);
}

/* begin_reply copies header and question of |query|. */
static inline void begin_reply(struct message *m, const uint8_t *query, size_t len)
{
	size_t at = 12;

	while (at < len && query[at] != 0)
		at += query[at] + 1u;
	m->len = at + 5;
	memcpy(m->bytes, query, m->len);
	m->bytes[2] = 0x81; /* QR, RD */
	m->bytes[3] = 0x80; /* RA */
	memset(m->bytes + 6, 0, 6);
}

static inline void question_of(const uint8_t *query, size_t len, char name[256], unsigned *out_type)
{
	size_t at = 12;
	size_t n = 0;

	while (at < len && query[at] != 0) {
		if (n > 0)
			name[n++] = '.';
		memcpy(name + n, query + at + 1, query[at]);
		n += query[at];
		at += query[at] + 1u;
	}
	name[n] = '\0';
	*out_type = (unsigned)query[at + 1] << 8 | query[at + 2];
}

/* add_ede adds an OPT record with an extended error (RFC 8914). */
static inline void add_ede(struct message *m, int code, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	put_name(m, ".");
	put16(m, 41);
	put16(m, 1232);
	put16(m, 0);
	put16(m, 0x8000);
	put16(m, (unsigned)(6 + len));
	put16(m, 15);
	put16(m, (unsigned)(2 + len));
	put16(m, (unsigned)code);
	if (len > 0)
		memcpy(m->bytes + m->len, text, len);
	m->len += len;
	bump(m, 10);
}

#endif
