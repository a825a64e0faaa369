/* sts_fetch.h - the policy of one domain by HTTPS: https://mta-sts.DOMAIN/.well-known/mta-sts.txt (RFC 8461 s. 3.3).
 *
 * On the event loop, without threads, files or libc's resolver: addresses come from dns.h and are handed over. Only
 * 200, only text/plain, no redirect, no proxy, no compression, no cookie; TLS 1.2 or newer, a chain to the CA bundle,
 * the policy host among the certificate's dNSNames (never its CN). Body, header and time are bounded. Addresses of
 * loopback, private, link-local and other special networks are never connected to unless |permitted| has them: whoever
 * owns a domain chooses where its policy host is. */
#ifndef GATE25_POLICY_STS_STS_FETCH_H
#define GATE25_POLICY_STS_STS_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/dns/dns.h"
#include "policy/verdict/verdict.h"
#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"

#define STS_FETCH_MS         30000 /* DNS, TCP, TLS and body together */
#define STS_FETCH_HEADER_MAX 16384
#define STS_FETCH_AT_ONCE    64 /* further ones wait, within their time */
/* While others wait, one that has run for longer fails, the sooner the more there are, down to a fifth of that: domains
 * with silent policy hosts, however many somebody makes up, do not keep others' policies from being fetched. */
#define STS_FETCH_PATIENCE_MS 5000

struct sts_fetcher;
struct sts_fetch;

struct sts_fetch_options {
	const char *ca_pem;                  /* text; copied */
	const struct prefix_list *permitted; /* special addresses that may be connected to; copied. NULL: none */
	uint32_t deadline_ms;                /* 0: STS_FETCH_MS */
	uint32_t patience_ms;                /* 0: STS_FETCH_PATIENCE_MS */
	uint16_t port;                       /* 0: 443 */
};

struct sts_fetched {
	bool ok;
	const char *text;        /* ok: the body */
	size_t len;              /* at most STS_TEXT_MAX */
	enum result_word result; /* not ok: sts-policy-fetch-error, or sts-webpki-invalid (the certificate) */
	char reason[VERDICT_REASON_MAX];
	/* not ok, and no fault of the policy host's: others took the time, or there is no memory. It says nothing of
	 * the domain, which may have a policy. */
	bool ours;
	struct addr addr; /* that answered; family 0: none */
};

/* Borrowed for the call, which may start and cancel others. */
typedef void sts_fetched_fn(void *arg, const struct sts_fetched *fetched);

/* sts_fetcher_new: the first one before the sandbox closes (libcurl and OpenSSL read their own files then, and never
 * again). NULL: |err| says why. */
struct sts_fetcher *sts_fetcher_new(struct event_base *base, const struct sts_fetch_options *options, char *err,
				    size_t err_len);
/* sts_fetcher_reload: other options from now on, in the sandbox too. False: |err| says why, and the old ones stay. */
MUST_CHECK bool sts_fetcher_reload(struct sts_fetcher *fetcher, const struct sts_fetch_options *options, char *err,
				   size_t err_len);
void sts_fetcher_free(struct sts_fetcher *fetcher); /* forgets every fetch without calling back; NULL is fine */

/* sts_fetch_start: |fn| is called once, never from inside. |dns| must live until then or until the cancel. NULL: out of
 * memory. */
MUST_CHECK struct sts_fetch *sts_fetch_start(struct sts_fetcher *fetcher, struct dns *dns, const char *domain,
					     sts_fetched_fn *fn, void *arg);
void sts_fetch_cancel(struct sts_fetch *fetch); /* before |fn| was called; NULL is fine */

#endif
