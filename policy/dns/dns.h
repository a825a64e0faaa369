/* dns.h - questions to the DNS, asked without waiting: one contract, whoever answers and whoever proves.
 *
 * A failed lookup is never an empty answer, and what was proved is never mixed up with what was merely said: see enum
 * dns_status, whose zero is the failure. Who proves is the mode: see enum dns_mode.
 *
 * Limits (an answer beyond one is a failed lookup, never a shortened one): 16 aliases, 32 MX records, 64
 * addresses, 128 TLSA records, 64 TXT records, messages of 65,535 octets; over UDP with EDNS of 1,232 octets, over TCP
 * where that is too small. */
#ifndef GATE25_POLICY_DNS_DNS_H
#define GATE25_POLICY_DNS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "policy/verdict/tlsa.h"
#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"

#define DNS_NAME_MAX      254 /* with its NUL */
#define DNS_ALIASES_MAX   16
#define DNS_MX_MAX        32
#define DNS_ADDRS_MAX     64
#define DNS_TLSA_MAX      TLSA_MAX
#define DNS_TXT_MAX       64
#define DNS_RESOLVERS_MAX 16
#define DNS_REASON_MAX    128

struct event_base;

enum dns_status {
	DNS_FAILED = 0,      /* no resolver gave an answer that can be used, or its proof is wrong: defer the mail */
	DNS_ABSENT_INSECURE, /* no such record, says the resolver */
	DNS_ABSENT_SECURE,   /* no such record: proved */
	DNS_FOUND_INSECURE,
	DNS_FOUND_SECURE,
};

/* The numbers of RFC 1035 and its successors. Every type can be asked for; those of which dns_answer has a field are
 * read, the others only printed. */
enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5, /* the alias itself: it is not followed, and its target is |canonical| */
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_DS = 43,
	DNS_DNSKEY = 48,
	DNS_TLSA = 52
};

struct dns_mx {
	uint16_t preference;
	char name[DNS_NAME_MAX]; /* lower-case, no trailing dot; "." for the root; "" for what cannot be a host name */
};

struct dns_txt { /* one record: its character-strings joined, nothing between them (RFC 7208 s. 3.3, RFC 8461 s. 3.1) */
	char *bytes; /* any octets; a NUL that does not count follows */
	size_t len;
};

struct dns_answer {
	enum dns_status status;       /* of the whole, aliases included: the weakest link (RFC 4035 s. 4.3) */
	bool bogus;                   /* failed: because what it says is not signed as it should be */
	bool nxdomain;                /* absent: the name itself does not exist */
	char canonical[DNS_NAME_MAX]; /* the name at the end of the aliases; the one asked about if there are none */
	unsigned aliases;             /* followed */
	unsigned asked;               /* questions put, repetitions not counted */
	uint32_t ttl_s; /* of all that went into the answer and of its signatures (RFC 4035 s. 5.3.3), at most a day */
	struct dns_mx mx[DNS_MX_MAX]; /* DNS_MX, in the order of the answer */
	size_t mx_count;
	struct addr addrs[DNS_ADDRS_MAX]; /* DNS_A, DNS_AAAA */
	size_t addrs_count;
	struct tlsa *tlsa; /* DNS_TLSA, usable or not, in the order of the answer, each once */
	size_t tlsa_count;
	struct dns_txt *txt; /* DNS_TXT, in the order of the answer */
	size_t txt_count;
	char reason[DNS_REASON_MAX]; /* of a failure: a clause for the log */
	const uint8_t *message;      /* the last message, for dns_answer_print; NULL: none */
	size_t message_len;
};

bool dns_found(const struct dns_answer *answer);
bool dns_absent(const struct dns_answer *answer);
bool dns_secure(const struct dns_answer *answer);    /* found or absent, and proved */
const char *dns_status_name(enum dns_status status); /* "secure", "insecure", "absent-secure", ..., "failed" */
const char *dns_type_name(enum dns_type type);       /* "A", ...; "?" */
MUST_CHECK bool dns_type_parse(enum dns_type *out, const char *name);

/* --- asking ------------------------------------------------------------------------------------------------------- */

struct dns;
struct dns_query;

enum dns_mode {
	DNS_OFF = 0,  /* the resolvers are asked and nothing that they say is a proof: no answer is secure */
	DNS_TRUST_AD, /* a resolver that is trusted proves, by its AD bit */
	DNS_VALIDATE, /* libunbound proves, from the trust anchors */
};

struct dns_resolver {
	struct endpoint at;
	bool trusted; /* on loopback, or declared so by the operator: its AD bit is believed (RFC 4035 s. 4.9.3) */
};

struct dns_limits {
	uint32_t attempt_ms;  /* one attempt at one resolver */
	uint32_t deadline_ms; /* one question, all attempts and aliases together */
	size_t sockets_max;   /* open at a time; further questions wait within their deadline. Meanwhile, but for
				 DNS_VALIDATE, one that has run for a second without an answer fails, so that silent
				 name servers hold up nobody else */
	uint32_t proof_ms;    /* DNS_TRUST_AD: for how long a resolver that has shown that it validates is believed to;
				 longer ago, and an answer without AD counts only after it has shown it again */
};
#define DNS_LIMITS_DEFAULT \
	((struct dns_limits){ .attempt_ms = 2000, .deadline_ms = 12000, .sockets_max = 256, .proof_ms = 1000 })

struct dns_options {
	enum dns_mode mode;
	const struct dns_resolver *resolvers; /* the preferred one first; with |recurse| none */
	size_t resolvers_count;               /* at most DNS_RESOLVERS_MAX, further ones are ignored */
	bool recurse;                         /* DNS_VALIDATE: ask the name servers themselves */
	const struct addr *root_servers;      /* recurse: instead of the internet's */
	size_t root_servers_count;
	const char *trust_anchors; /* DNS_VALIDATE: DS or DNSKEY records as in a zone file; NULL: the root's two */
	struct dns_limits limits;
};

/* The answer, with what it points to, is borrowed for the call. The call may ask and cancel others; it must not free
 * |dns|. */
typedef void dns_answer_fn(void *arg, const struct dns_answer *answer);

/* dns_new copies the options. NULL: |err| says why, one clause: no resolver, trust anchors that are none, out of
 * memory.
 */
struct dns *dns_new(struct event_base *base, const struct dns_options *options, char *err, size_t err_len);
void dns_free(struct dns *dns); /* forgets every question without calling back; NULL is fine */

/* dns_ask asks for |name|'s records of |type|. |fn| is called once, never from inside dns_ask. Questions that are alike
 * are asked once. NULL when out of memory: nothing will be called. |name| "." is the root. */
MUST_CHECK struct dns_query *dns_ask(struct dns *dns, const char *name, enum dns_type type, dns_answer_fn *fn,
				     void *arg);
void dns_cancel(struct dns_query *query); /* before |fn| was called; NULL is fine */

/* dns_answer_print writes the records of the answer, aliases first, one a line as in a zone file; signatures left out.
 */
void dns_answer_print(FILE *out, const struct dns_answer *answer);

#endif
