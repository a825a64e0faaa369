/* host_search.h - from the addresses of one mail host to the TLSA records that hold for it (RFC 7672 s. 2.2.2, 2.2.3),
 * step by step: answers in, the next question or the result out. Pure.
 *
 * The addresses come first: no TLSA record is asked for in a zone that is not signed, where broken name servers would
 * delay mail for ever. A lookup that failed ends the search; it never leads to the next candidate. */
#ifndef GATE25_POLICY_MX_HOST_SEARCH_H
#define GATE25_POLICY_MX_HOST_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/dns/dns.h"
#include "policy/verdict/verdict.h"

/* What the addresses came to, both families together. A family that failed counts only where the other has none. */
enum host_addrs {
	HOST_ADDRS_FAILED = 0,
	HOST_ADDRS_NONE,        /* there are none, the host cannot be reached */
	HOST_ADDRS_INSECURE,    /* DANE does not apply */
	HOST_ADDRS_ALIAS,       /* an alias that is not proved to its end: its first link has to be looked at */
	HOST_ADDRS_ALIAS_FIRST, /* its first link is proved: the host's own name is the only candidate */
	HOST_ADDRS_SECURE,      /* candidates: the name at the end of the aliases, if any, then the host's own */
};

enum host_step { HOST_STEP_ADDRS = 0, HOST_STEP_ALIAS, HOST_STEP_TLSA, HOST_STEP_DONE };

struct host_search {
	enum host_step step;
	bool wanted;   /* TLSA records are looked for */
	uint16_t port; /* the real one (RFC 7672 s. 2.2.3 says 25, where mail goes to 25) */
	char host[DNS_NAME_MAX];
	enum dns_status families[2]; /* A, AAAA */
	bool answered[2];
	char expanded[DNS_NAME_MAX]; /* a secure family's name at the end of its aliases, else any family's; "" */
	bool alias;
	enum host_addrs addrs;
	size_t bases_count; /* candidates for the TLSA base domain: |expanded|, if there are two, then |host| */
	size_t base;        /* the one that is asked about */
	/* The result, at HOST_STEP_DONE. */
	enum verdict_dane dane;
	struct tlsa *tlsa; /* the usable ones; the caller may take them and zero both */
	size_t tlsa_count;
	char reason[VERDICT_REASON_MAX]; /* VERDICT_DANE_FAILED: a clause */
};

/* host_search_init: with |wanted| false the addresses alone are looked at, and DANE comes to nothing. */
void host_search_init(struct host_search *search, const char *host, uint16_t port, bool wanted);
void host_search_cleanup(struct host_search *search);

/* host_search_take: first both families of addresses, in any order, then the answer to host_search_next's question. */
void host_search_take(struct host_search *search, enum dns_type type, const struct dns_answer *answer);
/* host_search_fail ends the search: what it waits for will not come. |why| is a clause. */
void host_search_fail(struct host_search *search, const char *why);

/* host_search_next is what to ask once the addresses are there. False: nothing. */
MUST_CHECK bool host_search_next(const struct host_search *search, char out_name[DNS_NAME_MAX],
				 enum dns_type *out_type);
/* The TLSA base domain; "" where no TLSA records were found. */
const char *host_search_base(const struct host_search *search);

#endif
