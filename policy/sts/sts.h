/* sts.h - MTA-STS as a whole (RFC 8461): the TXT record, the fetch, what is remembered of both in memory and on disk,
 * and the daily refresh. One question, one answer.
 *
 * A policy that is remembered and not expired holds whatever happens to TXT record and policy host (s. 3.3); it is
 * replaced by nothing but a policy that was fetched. An unexpired policy of mode enforce is never forgotten for the
 * sake of another domain: when there is no room, the new one is used and not remembered, and the log says so. */
#ifndef GATE25_POLICY_STS_STS_H
#define GATE25_POLICY_STS_STS_H

#include "policy/dns/dns.h"
#include "policy/sts/sts_fetch.h"
#include "policy/sts/sts_policy.h"

#define STS_POLICIES_MAX 20000       /* remembered */
#define STS_STORE_MAX    (64U << 20) /* octets on disk */
#define STS_REFRESH_S    86400       /* s. 3.3: proactively, about daily */
#define STS_BACK_OFF_S   300         /* s. 3.3: after a failed fetch, for the same id */

struct sts;
struct sts_ask;

struct sts_options {
	struct sts_fetcher *fetcher; /* borrowed until sts_free */
	const char *folder;          /* of the store; NULL or "": memory only. Opened by sts_new, in which the sandbox
				      * is not closed yet */
	bool read_only;              /* a command's: what the service remembers is read, and nothing is written */
	enum conf_sts_lookup lookup_failed;
	size_t policies_max;     /* 0: STS_POLICIES_MAX */
	size_t store_max;        /* 0: STS_STORE_MAX */
	uint64_t (*now_s)(void); /* NULL: time(2). UNIX time: expiry is absolute and outlives the process */
};

/* What is known of one domain. */
struct sts_answer {
	enum verdict_published status; /* FAILED, NONE, TESTING, ENFORCE */
	/* There is a policy, of whatever mode: the STARTTLS-Everywhere list is not asked. */
	bool present;
	const struct sts_policy *policy; /* present */
	const char *text;                /* present: as it was fetched, for TLSRPT; |text_len| octets */
	size_t text_len;
	char id[VERDICT_POLICY_ID_MAX]; /* present: of the policy in force */
	uint64_t fetched_s;             /* present: UNIX time; likewise expires_s */
	uint64_t expires_s;
	/* What went wrong on the way, whatever |status| is; RESULT_NONE: nothing, or a lookup (|reason| has it). */
	enum result_word result;
	char reason[VERDICT_REASON_MAX];
	uint32_t ttl_s; /* when to ask again */
	/* For explain: the TXT answer of this time, DNS_FAILED included, and how it was judged. */
	enum dns_status txt_status;
	enum sts_record txt_record;
	char txt_id[VERDICT_POLICY_ID_MAX];
	bool fetched_now;         /* the policy host was asked for this answer */
	struct addr fetched_from; /* its address that answered then; family 0: none */
};

typedef void sts_answer_fn(void *arg, const struct sts_answer *answer); /* borrowed for the call */

/* sts_new reads the store: what in it is damaged is left out and said, the rest holds. Where there can be no store the
 * log says so, and memory does without. NULL: |err| says why. */
struct sts *sts_new(struct event_base *base, const struct sts_options *options, char *err, size_t err_len);
void sts_free(struct sts *sts); /* NULL is fine */
/* sts_let_go: nothing is kept on disk any more, and another process may write the folder. */
void sts_let_go(struct sts *sts);

/* sts_use_dns: before the first question, and whenever there is another struct dns, which is asked for every record
 * anew; NULL: the old one goes, all that is under way is put off until there is one. */
void sts_use_dns(struct sts *sts, struct dns *dns);
/* sts_reload: other options from now on; the folder stays as it is. Policies stay. */
void sts_reload(struct sts *sts, const struct sts_options *options);

/* sts_ask: |fn| is called once, never from inside. Questions for one domain are put once. |domain|: lower-case A-label.
 * NULL: out of memory, or too many lookups or askers already. */
MUST_CHECK struct sts_ask *sts_ask(struct sts *sts, const char *domain, sts_answer_fn *fn, void *arg);
void sts_cancel(struct sts_ask *ask); /* before |fn| was called; the lookup goes on. NULL is fine */
/* sts_find answers from what is known and fresh, without asking anybody; false: it is not. Borrowed until the next call
 * into |sts|. */
MUST_CHECK bool sts_find(struct sts *sts, const char *domain, struct sts_answer *out);
/* sts_remembered: likewise the policy that is remembered, whatever its record says by now: for who could not wait for
 * an answer, and must not take a slow one for none. False: none is. */
MUST_CHECK bool sts_remembered(struct sts *sts, const char *domain, struct sts_answer *out);

#endif
