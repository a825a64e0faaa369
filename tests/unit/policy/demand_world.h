/* demand_world.h - verdicts in words, for the tables of what they demand. Needs cmocka.h before it. */
#ifndef GATE25_TESTS_DEMAND_WORLD_H
#define GATE25_TESTS_DEMAND_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/verdict/demand.h"

/* A host in words: "n" none, "u" unusable, "f" failed, "U" usable; then the last octets of its addresses 192.0.2.N, one
 * digit each. "U12 n3": two hosts, the first with usable records at 192.0.2.1 and 192.0.2.2. "!": its addresses could
 * not all be looked up. */
static inline void add_host(struct verdict *v, const char *word, size_t len)
{
	static const uint8_t digest[32] = { 1 };
	struct verdict_mx *mx = &v->mx[v->mx_count++];

	(void)snprintf(mx->name, sizeof(mx->name), "mx%zu.d.example", v->mx_count);
	mx->dane = word[0] == 'n'   ? VERDICT_DANE_NONE
		   : word[0] == 'u' ? VERDICT_DANE_UNUSABLE
		   : word[0] == 'U' ? VERDICT_DANE_USABLE
				    : VERDICT_DANE_FAILED;
	mx->addrs = calloc(len, sizeof(*mx->addrs));
	assert_non_null(mx->addrs);
	for (size_t i = 1; i < len; i++) {
		if (word[i] == '!') {
			mx->addrs_failed = true;
			continue;
		}
		mx->addrs[mx->addrs_count] = (struct addr){ .family = AF_INET, .bytes = { 192, 0, 2, 0 } };
		mx->addrs[mx->addrs_count++].bytes[3] = (uint8_t)(word[i] - '0');
	}
	if (mx->dane != VERDICT_DANE_USABLE)
		return;
	(void)snprintf(mx->tlsa_base, sizeof(mx->tlsa_base), "%.200s", mx->name);
	mx->tlsa = calloc(1, sizeof(*mx->tlsa));
	assert_non_null(mx->tlsa);
	mx->tlsa[0] = (struct tlsa){ .usage = 3, .selector = 1, .mtype = 1, .len = 32, .data = malloc(32) };
	assert_non_null(mx->tlsa[0].data);
	memcpy(mx->tlsa[0].data, digest, 32);
	mx->tlsa_count = 1;
}

static inline struct verdict *verdict_of(enum level level, enum level floor, const char *hosts)
{
	struct verdict *v = verdict_new();

	assert_non_null(v);
	v->status = VERDICT_OK;
	v->source = VERDICT_SOURCE_DEFAULT;
	v->level = level;
	v->floor = floor;
	v->enforce = true;
	v->mx_secure = true;
	v->published.status = VERDICT_PUBLISHED_NONE;
	v->mx_lookup = hosts[0] != '\0' ? VERDICT_LOOKUP_FOUND : VERDICT_LOOKUP_ABSENT;
	(void)snprintf(v->domain, sizeof(v->domain), "d.example");
	(void)snprintf(v->nexthop, sizeof(v->nexthop), "d.example");
	v->mx = calloc(VERDICT_MX_MAX + 1, sizeof(*v->mx));
	assert_non_null(v->mx);
	while (*hosts != '\0') {
		size_t len = strcspn(hosts, " ");
		add_host(v, hosts, len);
		hosts += len + (hosts[len] == ' ');
	}
	return v;
}

static inline struct addr at(unsigned octet)
{
	struct addr dst = { .family = octet > 0 ? AF_INET : 0, .bytes = { 192, 0, 2, 0 } };

	dst.bytes[3] = (uint8_t)octet;
	return dst;
}

#endif
