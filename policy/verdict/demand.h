/* demand.h - what a verdict demands of the server at one address: where level dane becomes TLSA records that must
 * match, TLS (RFC 7672 s. 2.2), a published policy (RFC 8461 s. 2) or the floor. Pure; the one reader of levels dane
 * and dane-only.
 *
 * The address chooses among the MX hosts: those that have it are the candidates, all are where none has. Not to know
 * the host never lowers the demand, a candidate whose lookup failed is never taken for one without records, and no host
 * that is not a candidate changes anything, unless strict-mx says so. */
#ifndef GATE25_POLICY_VERDICT_DEMAND_H
#define GATE25_POLICY_VERDICT_DEMAND_H

#include "policy/verdict/verdict.h"

/* Where a demand comes from. */
enum demand_basis {
	DEMAND_OF_NOBODY = 0,    /* nothing could be decided: LEVEL_UNSET */
	DEMAND_OF_RULE,          /* the level as it stands in the operator's rule */
	DEMAND_OF_DEFAULT,       /* or as the gate's default */
	DEMAND_OF_DANE,          /* TLSA records, or level dane-only's want of them */
	DEMAND_OF_DANE_UNUSABLE, /* TLSA records of which none can be used: at least TLS (RFC 7672 s. 2.2) */
	DEMAND_OF_STS,           /* MTA-STS, mode enforce: a trusted chain for an MX host that the policy allows */
	DEMAND_OF_LIST,          /* the STARTTLS-Everywhere list, likewise: for any name that it allows */
	DEMAND_OF_FLOOR,         /* level dane's floor: neither DANE nor a published policy applies */
	DEMAND_BASIS_COUNT
};

struct demand {
	/* LEVEL_UNSET: no server can meet it; |result|, |code| and |reason| say why. LEVEL_DANE: the server must
	 * authenticate by the records of one of |hosts|. Never LEVEL_DANE_ONLY. Any other level: that. */
	enum level level;
	enum demand_basis basis;
	/* LEVEL_DANE only: a level of names that must be met as well, because the MX list was not proved (RFC 8461 s.
	 * 2), and whence: DEMAND_OF_STS, _LIST or _FLOOR; LEVEL_UNSET: none. */
	enum level also;
	enum demand_basis also_basis;
	enum result_word result;
	const char *code; /* enhanced status code of the refusal, RFC 3463: "4.4.3" lookup, "4.7.5" the rest; else "" */
	char reason[VERDICT_REASON_MAX];
	const struct verdict_mx *hosts[VERDICT_MX_MAX]; /* borrowed from the verdict */
	size_t hosts_count;
	/* |basis| or |also_basis| STS or LIST (whose level is LEVEL_VERIFY): the candidates that the policy allows.
	 * With STS the certificate must have the name of one of them; with LIST any name that the policy allows. None:
	 * no MX host of the domain is known at all, and any name that the policy allows will do. */
	const struct verdict_mx *allowed[VERDICT_MX_MAX];
	size_t allowed_count;
};

/* demand_of fills |out| for |verdict| (NULL, failed or unknown: LEVEL_UNSET) and the server at |dst|. */
void demand_of(struct demand *out, const struct verdict *verdict, const struct addr *dst);

/* demand_in_test fills |out| with what a published policy in testing mode would demand if it were enforced. False:
 * there is none, or it would decide nothing here. Whatever comes of it is reported (RFC 8461 s. 5), never refused. */
bool demand_in_test(struct demand *out, const struct verdict *verdict, const struct addr *dst);

/* demand_basis_name: "rule", "default", "dane", "dane-unusable", "sts", "list", "floor"; "none". */
const char *demand_basis_name(enum demand_basis basis);
/* demand_proves_domain: whether a server that authenticates as |demand| has it is proved to be one of the recipient
 * domain's. By TLSA records alone it is not where the list of MX hosts came without DNSSEC (RFC 7672 s. 2.2.1). */
bool demand_proves_domain(const struct demand *demand, const struct verdict *verdict);

/* demand_permits_clear: the only way to ask. False unless the verdict is a sound one that says so for |dst|.
 * Report-only counts, for a failed verdict as well: it then names the rule that it failed under (a source), which a
 * zeroed one does not. */
bool demand_permits_clear(const struct verdict *verdict, const struct addr *dst);

#endif
