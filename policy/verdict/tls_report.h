/* tls_report.h - one connection to a server as the domain's TLS report counts it (RFC 8460 s. 4): which policies were
 * applied, and how the server did by each. A worker makes it from the verdict and from what the session found; policyd
 * passes it on, to domains that ask for reports.
 *
 * Only what a domain publishes is reported on: sessions at level dane or dane-only. Under another level the operator's
 * own rule decided and nobody asked what the domain publishes. A verdict that failed as a whole knows of no policy
 * either, and a failure that has no word of RFC 8460 s. 4.3 (a connection that breaks) is none of the report's. */
#ifndef GATE25_POLICY_VERDICT_TLS_REPORT_H
#define GATE25_POLICY_VERDICT_TLS_REPORT_H

#include "policy/verdict/demand.h"

#define TLS_REPORT_FAILURES_MAX   6          /* of one report; further ones are left out */
#define TLS_REPORT_POLICIES_MAX   8          /* a failure each, MTA-STS, none */
#define TLS_REPORT_TLSA_MAX       32         /* records of one report; further ones are left out */
#define TLS_REPORT_TLSA_BYTES_MAX (8 * 1024) /* of their data, likewise */
#define TLS_REPORT_HELO_MAX       256

/* --- what the session found --------------------------------------------------------------------------------------- */

/* Something that was wrong with the server, or with what its domain publishes. */
struct tls_report_finding {
	enum result_word word;
	enum demand_basis basis;           /* of the demand that was not met */
	char servername[VERDICT_NAME_MAX]; /* SNI of the handshake; "": there was none */
	char helo[TLS_REPORT_HELO_MAX];    /* the name in the server's reply to EHLO; "" */
	char reason[VERDICT_REASON_MAX];
};

/* --- the report --------------------------------------------------------------------------------------------------- */

enum tls_report_type { TLS_REPORT_NO_POLICY = 0, TLS_REPORT_TLSA, TLS_REPORT_STS, TLS_REPORT_TYPE_COUNT };

struct tls_report_policy {
	enum tls_report_type type;
	char domain[VERDICT_NAME_MAX]; /* s. 3: the TLSA base domain, or the next hop of MTA-STS; "" where no policy is
					*/
	bool failed;
	/* TLSA: the usable records of |domain|. */
	const struct tlsa *tlsa;
	size_t tlsa_count;
	/* STS: as in struct verdict_policy. No pattern: it could not be had, and a failure says why. */
	bool testing;
	char id[VERDICT_POLICY_ID_MAX];
	uint32_t max_age_s;
	const struct verdict_pattern *patterns;
	size_t patterns_count;
};

struct tls_report_failure {
	unsigned policy; /* index into |policies| */
	enum result_word word;
	char mx[VERDICT_NAME_MAX]; /* the MX host that the server is taken for; "": not known */
	char helo[TLS_REPORT_HELO_MAX];
	char reason[VERDICT_REASON_MAX];
};

struct tls_report {
	char domain[VERDICT_NAME_MAX]; /* who may ask for the report: the recipient domain, or the rule's next hop */
	struct addr sender;            /* as the server sees it; family 0: not known */
	struct addr receiver;
	struct tls_report_policy policies[TLS_REPORT_POLICIES_MAX];
	size_t policies_count;
	struct tls_report_failure failures[TLS_REPORT_FAILURES_MAX];
	size_t failures_count;
};

/* tls_report_of says what is to be reported of the connection to |dst| under |verdict| and its |demand|, whose server
 * had |findings|: of several handshakes that were tried in turn, those of all where none would do. |servername|: SNI of
 * the handshake that did, or of the last one. |sender| is left to the caller. False: nothing is to be reported.
 *
 * What |out| points to is borrowed from the verdict. */
MUST_CHECK bool tls_report_of(struct tls_report *out, const struct verdict *verdict, const struct demand *demand,
			      const struct addr *dst, const char *servername, const struct tls_report_finding *findings,
			      size_t count);

const char *tls_report_type_name(enum tls_report_type type); /* "no-policy-found", "tlsa", "sts" */

/* --- VERDICT_MSG_REPORT ------------------------------------------------------------------------------------------- */

#define TLS_REPORT_BYTES_MAX (WIRE_MAX - 2)

void tls_report_put(struct wire_writer *w, const struct tls_report *report);
/* NULL: malformed, drop the peer. It owns what it points to: tls_report_free. */
struct tls_report *tls_report_get(struct wire_reader *r);
void tls_report_free(struct tls_report *report); /* of tls_report_get only; NULL is fine */

#endif
