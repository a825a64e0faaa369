/* trail.h - every answer that went into one lookup, kept in order, for explain. */
#ifndef GATE25_POLICY_TOOLS_TRAIL_H
#define GATE25_POLICY_TOOLS_TRAIL_H

#include "policy/mx/mx.h"

struct trail_step {
	char name[DNS_NAME_MAX];
	enum dns_type type;
	enum dns_status status;
	bool bogus;
	uint32_t ttl_s;
	char canonical[DNS_NAME_MAX]; /* where aliases lead, |name| without; DNS_CNAME: the target */
	char reason[DNS_REASON_MAX];
	struct dns_mx *mx;
	size_t mx_count;
	struct addr *addrs;
	size_t addrs_count;
	struct tlsa *tlsa;
	size_t tlsa_count;
	char **txt; /* printable, and cut where it is long */
	size_t txt_count;
};

struct trail {
	struct trail_step *steps;
	size_t count;
	bool incomplete; /* out of memory */
};

mx_watch_fn trail_add; /* |arg| is the trail; a zeroed one is fine */
void trail_cleanup(struct trail *trail);

/* The last answer about |name|'s records of |type|; NULL: it was not asked about. */
const struct trail_step *trail_find(const struct trail *trail, const char *name, enum dns_type type);

#define TRAIL_TXT_MAX   256 /* octets of a TXT record that are kept */
#define TRAIL_VALUE_MAX (DNS_NAME_MAX + TLSA_TEXT_MAX)

size_t trail_values(const struct trail_step *step); /* how many records it has */
/* trail_value writes record |index|: "10 mx.example", "192.0.2.1", "3 1 1 HEX", "\"text\"", an alias's
 * target. */
const char *trail_value(const struct trail_step *step, size_t index, char out[TRAIL_VALUE_MAX]);

#endif
