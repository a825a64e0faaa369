/* verdict.h - what policy demands of one session's server for one recipient domain: the value that gate25-policyd makes
 * and a worker obeys. The one header of policy/ that proxy/ may include, with its neighbours in this folder.
 *
 * A zeroed verdict is a failed one: it permits nothing. Whatever a reader does not know, it must treat as a refusal.
 * What level dane comes to for the server at one address is not to be read off a verdict: ask demand.h. */
#ifndef GATE25_POLICY_VERDICT_VERDICT_H
#define GATE25_POLICY_VERDICT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/verdict/tlsa.h"
#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"
#include "proxy/base/level.h"
#include "proxy/base/wire.h"

#define VERDICT_NAME_MAX         CONF_NAME_MAX
#define VERDICT_MX_MAX           32 /* more is a failed lookup (never a shortened list) */
#define VERDICT_ADDRS_MAX        64 /* of one MX host, both families together; likewise */
#define VERDICT_NAMES_MAX        64
#define VERDICT_FINGERPRINTS_MAX 64
#define VERDICT_REASON_MAX       256
#define VERDICT_PATTERNS_MAX     128         /* of a published policy */
#define VERDICT_POLICY_ID_MAX    33          /* RFC 8461 s. 3.1: 1 to 32 letters and digits, with its NUL */
#define VERDICT_TLSA_MAX         128         /* of all MX hosts together; likewise */
#define VERDICT_TLSA_BYTES_MAX   (48 * 1024) /* of their data */

enum verdict_status {
	VERDICT_FAILED = 0, /* could not be decided: defer the mail */
	VERDICT_OK,
};

enum verdict_source {
	VERDICT_SOURCE_NONE = 0, /* a destination question only: no rule for this destination, ask for each recipient */
	VERDICT_SOURCE_DESTINATION,
	VERDICT_SOURCE_DOMAIN,
	VERDICT_SOURCE_DEFAULT,
	VERDICT_SOURCE_COUNT
};

/* RFC 8460 s. 4.3: the words of failures, the same in logs, metrics and the command line. */
enum result_word {
	RESULT_NONE = 0, /* no failure */
	RESULT_STARTTLS_NOT_SUPPORTED,
	RESULT_CERTIFICATE_HOST_MISMATCH,
	RESULT_CERTIFICATE_EXPIRED,
	RESULT_CERTIFICATE_NOT_TRUSTED,
	RESULT_VALIDATION_FAILURE,
	RESULT_TLSA_INVALID,   /* no TLSA record matched */
	RESULT_DNSSEC_INVALID, /* a TLSA or address lookup failed: bogus, SERVFAIL, no answer */
	RESULT_DANE_REQUIRED,  /* level dane-only, and no usable TLSA record */
	RESULT_STS_POLICY_FETCH_ERROR,
	RESULT_STS_POLICY_INVALID,
	RESULT_STS_WEBPKI_INVALID, /* the policy host's certificate */
	RESULT_COUNT
};

/* A name that the peer's certificate may have (subjectAltName dNSName only). */
struct verdict_name {
	char name[VERDICT_NAME_MAX]; /* lower-case A-label, no dot at either end */
	bool subdomains; /* .name: any host below it, at any depth, not the name itself (Postfix's .nexthop) */
};

enum verdict_lookup { /* of the MX hosts */
		      VERDICT_LOOKUP_FAILED = 0,
		      VERDICT_LOOKUP_ABSENT, /* the domain does not exist, or has a null MX, or has no address */
		      VERDICT_LOOKUP_FOUND,
};

/* What the TLSA search for one MX host came to (RFC 7672 s. 2.2). */
enum verdict_dane {
	VERDICT_DANE_FAILED = 0, /* a lookup failed: this host must not be used */
	VERDICT_DANE_NONE,       /* DANE does not apply to it */
	VERDICT_DANE_UNUSABLE,   /* records, and none that can be used: TLS without authentication */
	VERDICT_DANE_USABLE,     /* it must authenticate by one of |tlsa| */
};

struct verdict_mx {
	char name[VERDICT_NAME_MAX]; /* as in the MX record: lower-case A-label, no trailing dot, no alias followed */
	uint16_t preference;
	bool addrs_failed; /* a lookup of its addresses failed: the list may lack some */
	struct addr *addrs;
	size_t addrs_count;
	enum verdict_dane dane;           /* levels dane and dane-only; elsewhere it means nothing */
	char tlsa_base[VERDICT_NAME_MAX]; /* the TLSA base domain (s. 2.2.3): SNI and first reference name; "" without
					     records */
	struct tlsa *tlsa;                /* VERDICT_DANE_USABLE: the usable ones, those outdone included */
	size_t tlsa_count;
};

/* What somebody published for the next hop, besides TLSA records: MTA-STS (RFC 8461) or, where there is no such policy
 * of whatever mode, the operator's STARTTLS-Everywhere list. It stands at level dane and decides where DANE does not.
 */
enum verdict_published {
	VERDICT_PUBLISHED_FAILED = 0, /* whether there is a policy could not be found out: defer */
	VERDICT_PUBLISHED_NONE,       /* there is none, or its mode is none */
	VERDICT_PUBLISHED_TESTING,    /* what holds without it holds; report what it would have refused */
	VERDICT_PUBLISHED_ENFORCE,
	VERDICT_PUBLISHED_COUNT
};

enum verdict_publisher { VERDICT_BY_NOBODY = 0, VERDICT_BY_STS, VERDICT_BY_LIST, VERDICT_PUBLISHER_COUNT };

/* An MX host that the policy allows (RFC 8461 s. 4.1). */
struct verdict_pattern {
	char name[VERDICT_NAME_MAX]; /* lower-case A-label, no dot at either end */
	bool wildcard;               /* *.name: exactly one label before it, and not the name itself */
};

struct verdict_policy {
	enum verdict_published status;
	enum verdict_publisher by;        /* NOBODY: there is no policy */
	char id[VERDICT_POLICY_ID_MAX];   /* STS: of the policy in force; else "" */
	uint32_t max_age_s;               /* STS: as the policy says */
	struct verdict_pattern *patterns; /* TESTING, ENFORCE: at least one; else none */
	size_t patterns_count;
	/* What went wrong with the domain's MTA-STS (sts-...), whatever |status| is: a policy that is remembered, or
	 * the list, may hold all the same. NONE: nothing did. FAILED: |reason| says why; "" where nothing depends
	 * on it, because TLSA records decide at every MX host. */
	enum result_word result;
	char reason[VERDICT_REASON_MAX]; /* one sentence; "" */
};

struct verdict {
	unsigned refs; /* see verdict_ref */
	enum verdict_status status;
	enum level level; /* LEVEL_UNSET unless status is VERDICT_OK and source is a real one */
	enum verdict_source source;
	enum level floor; /* levels dane, dane-only: what holds where DANE does not apply; else LEVEL_UNSET */
	bool enforce;     /* false: deliver, report what would have been refused */
	bool auth;        /* the server's AUTH may be offered once it is authenticated */
	enum conf_tls_version min_protocol;
	char domain[VERDICT_NAME_MAX];     /* the recipient domain asked about; "" for a destination question */
	char nexthop[VERDICT_NAME_MAX];    /* the domain whose MX hosts these are; "": none was looked up */
	char expanded[VERDICT_NAME_MAX];   /* what nexthop is an alias of, where that is proved; else "" */
	char servername[VERDICT_NAME_MAX]; /* SNI that the operator set; "": by the MX host dialled */
	unsigned ca;   /* 0: the gate's bundle; N: the N-th distinct ca-file of the configuration (conf_ca_file) */
	bool match_mx; /* levels verify, secure: the MX host's name as dialled is acceptable ("hostname") */
	struct verdict_name *names; /* further acceptable names */
	size_t names_count;
	uint8_t (*fingerprints)[32]; /* SHA-256 of the leaf certificate or of its SubjectPublicKeyInfo */
	size_t fingerprints_count;
	enum verdict_lookup mx_lookup;
	bool mx_secure;        /* the list of MX hosts, or that there is none, was proved by DNSSEC */
	bool strict_mx;        /* the operator's strict-mx */
	struct verdict_mx *mx; /* by preference */
	size_t mx_count;
	struct verdict_policy published; /* level dane; else NONE by NOBODY */
	uint32_t ttl_s;                  /* how long it may be kept, from now */
	uint32_t generation;             /* of the configuration; a reload raises it */
	enum result_word result;         /* VERDICT_FAILED: the word, where RFC 8460 has one */
	char reason[VERDICT_REASON_MAX]; /* one sentence for the log and for explain; "" if there is nothing to say */
};

/* verdict_new returns a zeroed verdict with one reference; NULL when out of memory. */
struct verdict *verdict_new(void);
struct verdict *verdict_ref(struct verdict *verdict);
void verdict_unref(struct verdict *verdict); /* frees at the last one; NULL is fine */
/* verdict_fail makes a failed verdict of |verdict|, whose source and enforce stay, and returns false. */
bool verdict_fail(struct verdict *verdict, enum result_word result, const char *reason);

/* verdict_mx_for returns the MX host that |dst| is an address of, the first by preference; NULL if none is. */
const struct verdict_mx *verdict_mx_for(const struct verdict *verdict, const struct addr *dst);
/* verdict_pattern_has: whether |host|, in lower case, is one that |pattern| allows. */
bool verdict_pattern_has(const struct verdict_pattern *pattern, const char *host);
bool verdict_policy_allows(const struct verdict_policy *policy, const char *host);
bool verdict_source_is_real(enum verdict_source source); /* somebody's rule: neither none nor unknown */
const char *verdict_source_name(enum verdict_source source);
const char *verdict_lookup_name(enum verdict_lookup lookup);       /* "failed", "absent", "found" */
const char *verdict_dane_name(enum verdict_dane dane);             /* "failed", "none", "unusable", "usable" */
const char *verdict_published_name(enum verdict_published status); /* "failed", "none", "testing", "enforce" */
const char *verdict_publisher_name(enum verdict_publisher by);     /* "nobody", "sts", "list" */
const char *result_word_name(enum result_word word);               /* "starttls-not-supported", ...; "none" */
void verdict_mx_cleanup(struct verdict_mx *mx);                    /* frees what it points to */

/* --- the messages between worker and policyd -------------------------------------------------------------------- */

enum verdict_message {
	VERDICT_MSG_QUESTION = 1,
	VERDICT_MSG_ANSWER = 2,
	VERDICT_MSG_REPORT = 3 /* from the worker, without an answer: tls_report.h */
};

enum verdict_question_kind {
	VERDICT_ASK_RECIPIENT = 0, /* what holds for |domain| at |destination| */
	VERDICT_ASK_DESTINATION,   /* is there a rule for |destination| alone */
	VERDICT_ASK_COUNT
};

struct verdict_question {
	uint32_t id; /* the asker's; an answer names it */
	enum verdict_question_kind kind;
	struct endpoint destination;
	char domain[VERDICT_NAME_MAX]; /* lower-case A-label; an address literal keeps its brackets; "" with
					  <postmaster> */
};

void verdict_question_put(struct wire_writer *w, const struct verdict_question *question);
MUST_CHECK bool verdict_question_get(struct wire_reader *r, struct verdict_question *out);
void verdict_put(struct wire_writer *w, uint32_t id, const struct verdict *verdict);
/* verdict_put_or_fail writes |verdict|, or where it is larger than a message a failed one in its place: whoever asked
 * hears at once that there is none, and why. */
void verdict_put_or_fail(struct wire_writer *w, uint32_t id, const struct verdict *verdict);
/* NULL: malformed, drop the peer. The caller owns the reference. */
struct verdict *verdict_get(struct wire_reader *r, uint32_t *out_id);

#endif
