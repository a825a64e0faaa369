/* sts_fetch_easy.c - one transfer: what libcurl is told, and what its answer is worth. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/sts/sts_fetch_parts.h"
#include "policy/sts/sts_guard.h"
#include "proxy/base/printable.h"

#define fail(fetch, ...) sts_fetch_fail(fetch, RESULT_STS_POLICY_FETCH_ERROR, __VA_ARGS__)
#define ABORT            0 /* what a callback of libcurl returns instead of the octets that it took */

/* --- what comes back ---------------------------------------------------------------------------------------------- */

/* is_text_plain: parameters do not matter (RFC 8461 s. 3.2). */
static bool is_text_plain(const char *type)
{
	static const char wanted[] = "text/plain";

	while (*type == ' ' || *type == '\t')
		type++;
	if (strncasecmp(type, wanted, sizeof(wanted) - 1) != 0)
		return false;
	type += sizeof(wanted) - 1;
	type += strspn(type, " \t");
	return *type == '\0' || *type == ';';
}

static void refuse_status(struct sts_fetch *fetch, long status)
{
	struct curl_header *to;

	if (status / 100 == 3 && curl_easy_header(fetch->easy, "Location", 0, CURLH_HEADER, -1, &to) == CURLHE_OK)
		fail(fetch, "the policy host redirects to %.100s, which does not count", to->value);
	else
		fail(fetch, "the policy host answers with status %ld", status);
}

/* refuse_coding: compression was not asked for, and is not undone. */
static void refuse_coding(struct sts_fetch *fetch, const char *name, const char *allowed)
{
	struct curl_header *header;

	for (size_t i = 0; curl_easy_header(fetch->easy, name, i, CURLH_HEADER, -1, &header) == CURLHE_OK; i++) {
		if (strcasecmp(header->value, allowed) != 0)
			fail(fetch, "the policy comes in a coding that was not asked for: %.100s", header->value);
	}
}

/* judge_head looks at an answer whose headers are whole. False: it is no policy. */
static bool judge_head(struct sts_fetch *fetch)
{
	const char *type = NULL;
	long status = 0;

	(void)curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_TYPE, &type);
	if (status / 100 == 1)
		return true; /* the answer is yet to come */
	fetch->judged = true;
	if (status != 200)
		refuse_status(fetch, status);
	else if (type == NULL)
		fail(fetch, "the policy has no content type, and not text/plain");
	else if (!is_text_plain(type))
		fail(fetch, "the policy is of type %.100s, and not text/plain", type);
	refuse_coding(fetch, "Content-Encoding", "identity");
	refuse_coding(fetch, "Transfer-Encoding", "chunked");
	return fetch->result == RESULT_NONE;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct sts_fetch *fetch = arg;
	size_t len = size * count;

	fetch->header_len += len;
	if (fetch->header_len > STS_FETCH_HEADER_MAX) {
		fail(fetch, "more than %d octets of headers", STS_FETCH_HEADER_MAX);
		return ABORT;
	}
	bool last = len > 0 && (bytes[0] == '\r' || bytes[0] == '\n');
	return !last || fetch->judged || judge_head(fetch) ? len : ABORT;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct sts_fetch *fetch = arg;
	size_t len = size * count;

	if (!fetch->judged && !judge_head(fetch))
		return ABORT;
	if (len > STS_TEXT_MAX - fetch->body_len) {
		fail(fetch, "the policy is longer than %d octets", STS_TEXT_MAX);
		return ABORT;
	}
	char *longer = realloc(fetch->body, fetch->body_len + len + 1);
	if (longer == NULL) {
		fetch->ours = true;
		fail(fetch, "out of memory");
		return ABORT;
	}
	memcpy(longer + fetch->body_len, bytes, len);
	fetch->body = longer;
	fetch->body_len += len;
	fetch->body[fetch->body_len] = '\0';
	return len;
}

/* --- what goes out ------------------------------------------------------------------------------------------------ */

/* on_open makes libcurl's socket, if the guard lets it: what was handed over was let through, and nothing else may come
 * between. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct sts_fetch *fetch = arg;
	struct sockaddr_storage native = { 0 };
	struct endpoint endpoint;

	if (purpose != CURLSOCKTYPE_IPCXN || to->addrlen > sizeof(native))
		return CURL_SOCKET_BAD;
	memcpy(&native, &to->addr, to->addrlen);
	if (!endpoint_from_sockaddr(&endpoint, &native) || endpoint.port != fetch->fetcher->port ||
	    sts_guard_refusal(&endpoint.addr, &fetch->fetcher->permitted) != NULL)
		return CURL_SOCKET_BAD;
	return socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
}

/* add_addrs lists them as libcurl wants them, HOST:PORT:ADDRESS,[ADDRESS]: IPv6 is tried first. */
static bool add_addrs(struct sts_fetch *fetch)
{
	char line[DNS_NAME_MAX + 16 + 2 * STS_FETCH_ADDRS_MAX * (ADDR_TEXT_MAX + 3)];
	char text[ADDR_TEXT_MAX];
	int len = snprintf(line, sizeof(line), "%s:%u:", fetch->host, fetch->fetcher->port);

	for (size_t family = 2; family-- > 0;) {
		for (size_t i = 0; i < fetch->addrs_count[family]; i++)
			len += snprintf(line + len, sizeof(line) - (size_t)len, "%s%s%s%s",
					line[len - 1] == ':' ? "" : ",", family == 1 ? "[" : "",
					addr_format(&fetch->addrs[family][i], text), family == 1 ? "]" : "");
	}
	fetch->resolve = curl_slist_append(NULL, line);
	return fetch->resolve != NULL;
}

/* A share of its own: addresses go with the transfer. In the multi handle's table they would stay for good. */
static bool share_nothing(struct sts_fetch *fetch)
{
	fetch->share = curl_share_init();
	return fetch->share != NULL &&
	       curl_share_setopt(fetch->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK;
}

#define SET(option, value) (curl_easy_setopt(fetch->easy, option, value) == CURLE_OK)

static bool set_request(struct sts_fetch *fetch)
{
	char url[DNS_NAME_MAX + 64];
	char port[8] = "";

	if (fetch->fetcher->port != 443)
		(void)snprintf(port, sizeof(port), ":%u", fetch->fetcher->port);
	(void)snprintf(url, sizeof(url), "https://%s%s/.well-known/mta-sts.txt", fetch->host, port);
	fetch->headers = curl_slist_append(NULL, "Accept: text/plain");
	return fetch->headers != NULL && SET(CURLOPT_URL, url) && SET(CURLOPT_HTTPHEADER, fetch->headers) &&
	       SET(CURLOPT_USERAGENT, "gate25/" GATE25_VERSION) && SET(CURLOPT_PRIVATE, fetch) &&
	       SET(CURLOPT_ERRORBUFFER, fetch->curl_error) && SET(CURLOPT_HEADERFUNCTION, on_header) &&
	       SET(CURLOPT_HEADERDATA, fetch) && SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, fetch);
}

/* What a browser would do, and we do not. */
static bool set_limits(struct sts_fetch *fetch)
{
	uint64_t now_ms = sts_fetch_now_ms();
	long left_ms = now_ms < fetch->until_ms ? (long)(fetch->until_ms - now_ms) : 1;

	return SET(CURLOPT_PROTOCOLS_STR, "https") && SET(CURLOPT_REDIR_PROTOCOLS_STR, "https") &&
	       SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_HTTP09_ALLOWED, 0L) &&
	       SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) && SET(CURLOPT_PROXY, "") &&
	       SET(CURLOPT_NOPROXY, "*") && SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       SET(CURLOPT_ACCEPT_ENCODING, NULL) && SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_FRESH_CONNECT, 1L) &&
	       SET(CURLOPT_FORBID_REUSE, 1L) && SET(CURLOPT_TIMEOUT_MS, left_ms);
}

/* The store of sts_tls_set_up is not to be kept by libcurl, which would go on with it after a reload. */
static bool set_tls(struct sts_fetch *fetch)
{
	return SET(CURLOPT_SSL_VERIFYPEER, 1L) && SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
	       SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(CURLOPT_SSL_SESSIONID_CACHE, 0L) &&
	       SET(CURLOPT_CAINFO, NULL) && SET(CURLOPT_CAPATH, NULL) && SET(CURLOPT_CA_CACHE_TIMEOUT, 0L) &&
	       SET(CURLOPT_SSL_CTX_FUNCTION, sts_tls_set_up) && SET(CURLOPT_SSL_CTX_DATA, fetch);
}

static bool set_addrs(struct sts_fetch *fetch)
{
	return share_nothing(fetch) && add_addrs(fetch) && SET(CURLOPT_SHARE, fetch->share) &&
	       SET(CURLOPT_RESOLVE, fetch->resolve) && SET(CURLOPT_OPENSOCKETFUNCTION, on_open) &&
	       SET(CURLOPT_OPENSOCKETDATA, fetch);
}

bool sts_easy_open(struct sts_fetch *fetch)
{
	fetch->easy = curl_easy_init();
	return fetch->easy != NULL && set_request(fetch) && set_limits(fetch) && set_tls(fetch) && set_addrs(fetch) &&
	       curl_multi_add_handle(fetch->fetcher->multi, fetch->easy) == CURLM_OK;
}

void sts_easy_close(struct sts_fetch *fetch)
{
	if (fetch->easy != NULL) {
		(void)curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy);
		curl_easy_cleanup(fetch->easy);
	}
	sts_tls_forget(fetch);
	if (fetch->share != NULL)
		(void)curl_share_cleanup(fetch->share);
	curl_slist_free_all(fetch->resolve);
	curl_slist_free_all(fetch->headers);
	fetch->easy = NULL;
	fetch->share = NULL;
	fetch->resolve = fetch->headers = NULL;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void judge_connect(struct sts_fetch *fetch)
{
	long code = 0;

	(void)curl_easy_getinfo(fetch->easy, CURLINFO_OS_ERRNO, &code);
	fail(fetch, "cannot connect to the policy host: %s", code != 0 ? strerror((int)code) : "no address works");
}

static void judge_certificate(struct sts_fetch *fetch)
{
	long code = 0;

	(void)curl_easy_getinfo(fetch->easy, CURLINFO_SSL_VERIFYRESULT, &code);
	sts_fetch_fail(fetch, RESULT_STS_WEBPKI_INVALID, "the policy host's certificate: %s", sts_tls_error(code));
}

/* judge_end: an answer that says nothing of its length ends where TLS says so. If TCP alone ended it, what is missing
 * may have been cut off on the way, and libcurl does not mind. */
static void judge_end(struct sts_fetch *fetch)
{
	struct curl_header *coding;
	curl_off_t length = -1;

	(void)curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (!fetch->judged)
		(void)judge_head(fetch);
	if (length < 0 && !fetch->closed &&
	    curl_easy_header(fetch->easy, "Transfer-Encoding", 0, CURLH_HEADER, -1, &coding) != CURLHE_OK)
		fail(fetch, "the policy host's answer is not whole: it has no length, and no end in TLS");
}

void sts_easy_judge(struct sts_fetch *fetch, CURLcode code)
{
	const char *text = fetch->curl_error[0] != '\0' ? fetch->curl_error : curl_easy_strerror(code);

	if (fetch->result != RESULT_NONE)
		return;
	switch (code) {
	case CURLE_OK: judge_end(fetch); break;
	case CURLE_COULDNT_CONNECT: judge_connect(fetch); break;
	case CURLE_PEER_FAILED_VERIFICATION: judge_certificate(fetch); break;
	case CURLE_SSL_CONNECT_ERROR: fail(fetch, "TLS with the policy host failed: %s", text); break;
	case CURLE_OPERATION_TIMEDOUT: fail(fetch, "timed out %s", sts_easy_phase(fetch)); break;
	default: fail(fetch, "the policy host's answer is not whole: %s", text); break;
	}
}

const char *sts_easy_phase(const struct sts_fetch *fetch)
{
	curl_off_t secured = 0;

	if (fetch->easy == NULL)
		return fetch->is_running ? "looking up the policy host's addresses" : "while others were fetched";
	(void)curl_easy_getinfo(fetch->easy, CURLINFO_APPCONNECT_TIME_T, &secured);
	if (!fetch->connected)
		return "connecting to the policy host";
	return secured == 0 ? "in the policy host's TLS handshake" : "waiting for the policy host's answer";
}

void sts_easy_addr(const struct sts_fetch *fetch, struct addr *out)
{
	const char *text = NULL;

	*out = (struct addr){ 0 };
	if (fetch->easy == NULL || curl_easy_getinfo(fetch->easy, CURLINFO_PRIMARY_IP, &text) != CURLE_OK ||
	    text == NULL || !addr_parse(out, text))
		*out = (struct addr){ 0 };
}
