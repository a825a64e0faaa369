/* sts_fetch_parts.h - what the parts of a fetch share. For sts_fetch*.c only.
 *
 *   sts_fetcher.c      the fetcher: who may run, and who waits
 *   sts_fetch.c        a fetch from its start to its end: addresses, time
 *   sts_fetch_easy.c   one transfer: what libcurl is told, and what its answer is worth
 *   sts_fetch_loop.c   libcurl's multi handle on libevent
 *   sts_fetch_tls.c    the CA bundle, and what OpenSSL is told */
#ifndef GATE25_POLICY_STS_STS_FETCH_PARTS_H
#define GATE25_POLICY_STS_STS_FETCH_PARTS_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "policy/sts/sts_fetch.h"
#include "policy/sts/sts_policy.h"

#define STS_FETCH_ADDRS_MAX 8 /* of each family; further ones are not tried */

struct event;
struct ssl_ctx_st;
struct x509_store_st;

TAILQ_HEAD(sts_fetch_list, sts_fetch);

struct sts_fetcher {
	struct event_base *base;
	CURLM *multi;
	struct event *timer; /* libcurl's */
	struct x509_store_st *store;
	struct prefix_list permitted;
	uint32_t deadline_ms;
	uint32_t patience_ms;
	uint16_t port;
	struct event *hurry; /* set while others wait */
	size_t running_count;
	size_t waiting_count;
	struct sts_fetch_list running; /* the one that has run longest first */
	struct sts_fetch_list waiting;
};

struct sts_fetch {
	TAILQ_ENTRY(sts_fetch) next;
	struct sts_fetcher *fetcher;
	struct dns *dns;
	sts_fetched_fn *fn;
	void *arg;
	struct event *timer; /* its time is over; or it failed where |fn| must not be called yet */
	uint64_t until_ms;
	uint64_t since_ms; /* it runs */
	bool is_running;
	char host[DNS_NAME_MAX];
	/* addresses */
	struct dns_query *queries[2];              /* A, AAAA; NULL: answered */
	struct addr addrs[2][STS_FETCH_ADDRS_MAX]; /* IPv4, IPv6 */
	size_t addrs_count[2];
	char no_addr[VERDICT_REASON_MAX]; /* why there is none */
	/* the transfer */
	CURL *easy;
	CURLSH *share; /* its own addresses, nobody else's */
	struct curl_slist *resolve;
	struct curl_slist *headers;
	char curl_error[CURL_ERROR_SIZE];
	struct ssl_ctx_st *tls;
	bool connected; /* TLS has begun */
	bool closed;    /* TLS said that nothing more comes */
	size_t header_len;
	bool judged; /* status and headers are those of a policy */
	char *body;
	size_t body_len;
	/* the end */
	enum result_word result;         /* not RESULT_NONE: it failed */
	bool ours;                       /* see sts_fetched */
	char reason[VERDICT_REASON_MAX]; /* likewise */
};

uint64_t sts_fetch_now_ms(void);
/* sts_fetch_fail notes why; the first reason stays. sts_fetch_end calls back and frees: without a reason noted, the
 * body is the policy. */
void PRINTF_LIKE(3, 4) sts_fetch_fail(struct sts_fetch *fetch, enum result_word result, const char *format, ...);
void sts_fetch_end(struct sts_fetch *fetch);
void sts_fetch_free(struct sts_fetch *fetch);
void sts_fetch_run(struct sts_fetch *fetch);         /* one that waits: now */
void sts_fetcher_go_on(struct sts_fetcher *fetcher); /* runs those that wait, where there is room */

/* sts_easy_open starts the transfer. False: out of memory. sts_easy_close ends it, and may be called at any time but
 * from inside libcurl. */
MUST_CHECK bool sts_easy_open(struct sts_fetch *fetch);
void sts_easy_close(struct sts_fetch *fetch);
/* sts_easy_judge notes what is wrong with the finished transfer, if anything is. */
void sts_easy_judge(struct sts_fetch *fetch, CURLcode code);
/* sts_easy_phase: what it was about to do, for one whose time is over: "connecting", ... */
const char *sts_easy_phase(const struct sts_fetch *fetch);
void sts_easy_addr(const struct sts_fetch *fetch, struct addr *out); /* that answered, or family 0 */

MUST_CHECK bool sts_loop_open(struct sts_fetcher *fetcher);
void sts_loop_close(struct sts_fetcher *fetcher);

/* sts_tls_store reads a bundle; NULL: |err| says why. */
struct x509_store_st *sts_tls_store(const char *pem, char *err, size_t err_len);
void sts_tls_store_free(struct x509_store_st *store); /* NULL is fine */
/* sts_tls_set_up is libcurl's CURLOPT_SSL_CTX_FUNCTION, |arg| the fetch. */
CURLcode sts_tls_set_up(CURL *easy, void *ssl_ctx, void *arg);
void sts_tls_forget(struct sts_fetch *fetch); /* what is left of its TLS calls |fetch| no more */
/* sts_tls_error: what a verification came to, as words of OpenSSL's. */
const char *sts_tls_error(long verify_result);

#endif
