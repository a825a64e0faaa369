/* dns.h - questions to the DNS, asked without waiting: one contract, whoever answers.
 *
 * A failed lookup is never an empty answer, and what was proved is never mixed up with what was merely said: see enum
 * dns_status, whose zero is the failure. The stub resolver (dns_stub.c) proves nothing and gives no SECURE status.
 *
 * Limits (an answer beyond one is a failed lookup, never a shortened one): 16 aliases, 32 MX records, 64 addresses,
 * messages of 65,535 octets; over UDP with EDNS of 1,232 octets, over TCP where that is too small. */
#ifndef GATE25_POLICY_DNS_DNS_H
#define GATE25_POLICY_DNS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"

#define DNS_NAME_MAX    254 /* with its NUL */
#define DNS_ALIASES_MAX 16
#define DNS_MX_MAX      32
#define DNS_ADDRS_MAX   64
#define DNS_REASON_MAX  128

struct event_base;

enum dns_status {
	DNS_FAILED = 0,      /* no resolver gave an answer that can be used: defer the mail */
	DNS_ABSENT_INSECURE, /* no such record, says the resolver */
	DNS_ABSENT_SECURE,   /* no such record: proved */
	DNS_FOUND_INSECURE,
	DNS_FOUND_SECURE,
};

enum dns_type { DNS_A = 1, DNS_MX = 15, DNS_AAAA = 28 };

struct dns_mx {
	uint16_t preference;
	char name[DNS_NAME_MAX]; /* lower-case, no trailing dot; "." for the root; "" for what cannot be a host name */
};

struct dns_answer {
	enum dns_status status;
	bool nxdomain;                /* absent: the name itself does not exist */
	char canonical[DNS_NAME_MAX]; /* the name at the end of the aliases; the one asked about if there are none */
	unsigned aliases;             /* followed */
	unsigned asked;               /* questions put, repetitions not counted */
	uint32_t ttl_s;               /* of all that went into the answer, at most a day */
	struct dns_mx mx[DNS_MX_MAX]; /* DNS_MX, in the order of the answer */
	size_t mx_count;
	struct addr addrs[DNS_ADDRS_MAX]; /* DNS_A, DNS_AAAA */
	size_t addrs_count;
	char reason[DNS_REASON_MAX]; /* of a failure: a clause for the log */
};

bool dns_found(const struct dns_answer *answer);
bool dns_absent(const struct dns_answer *answer);
const char *dns_type_name(enum dns_type type);

/* --- asking ------------------------------------------------------------------------------------------------------- */

struct dns;
struct dns_query;

struct dns_limits {
	uint32_t attempt_ms;  /* one attempt at one resolver */
	uint32_t deadline_ms; /* one question, all attempts and aliases together */
	size_t sockets_max;   /* open at a time; further questions wait within their deadline */
};
#define DNS_LIMITS_DEFAULT ((struct dns_limits){ .attempt_ms = 2000, .deadline_ms = 12000, .sockets_max = 256 })

/* The answer is borrowed for the call. The call may ask and cancel others; it must not free |dns|. */
typedef void dns_answer_fn(void *arg, const struct dns_answer *answer);

/* dns_new copies the |resolvers|, the preferred one first. NULL when out of memory or without a resolver. */
struct dns *dns_new(struct event_base *base, const struct endpoint *resolvers, size_t count,
		    const struct dns_limits *limits);
void dns_free(struct dns *dns); /* forgets every question without calling back; NULL is fine */

/* dns_ask asks for |name|'s records of |type|. |fn| is called once, never from inside dns_ask. Questions that are alike
 * are asked once. NULL when out of memory: nothing will be called. */
MUST_CHECK struct dns_query *dns_ask(struct dns *dns, const char *name, enum dns_type type, dns_answer_fn *fn,
				     void *arg);
void dns_cancel(struct dns_query *query); /* before |fn| was called; NULL is fine */

#endif
