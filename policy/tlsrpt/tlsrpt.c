/* tlsrpt.c - see tlsrpt.h: the domains, whether they ask for reports, and the reports that wait to know. */
#include "policy/tlsrpt/tlsrpt.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "policy/tlsrpt/tlsrpt_record.h"
#include "proxy/base/log.h"

#define BUCKETS 1024

/* A report that waits for its domain's record. */
struct waiting {
	STAILQ_ENTRY(waiting) next;
	struct tls_report *report;
	size_t bytes; /* of its message */
};

struct domain {
	LIST_ENTRY(domain) same_hash;
	TAILQ_ENTRY(domain) used; /* of those that are known, or of those that are looked up */
	struct tlsrpt *tlsrpt;
	bool known;
	struct dns_query *query; /* NULL: known, or there is no DNS now */
	uint64_t expires_s;
	char *record; /* known: NULL, it asks for no reports */
	STAILQ_HEAD(, waiting) reports;
	char name[VERDICT_NAME_MAX];
};

struct tlsrpt {
	struct tlsrpt_limits limits;
	tlsrpt_text_fn *text;
	void *arg;
	struct dns *dns;
	struct tlsrpt_outbox *outbox;
	bool on;
	LIST_HEAD(, domain) buckets[BUCKETS];
	TAILQ_HEAD(domain_list, domain) known; /* the least recently used one first */
	struct domain_list sought;
	size_t known_count;
	size_t sought_count;
	size_t bytes;
};

static uint64_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

/* --- reports ------------------------------------------------------------------------------------------------------ */

static bool text_of(const struct tlsrpt *tlsrpt, const struct tls_report *report, struct tlsrpt_text *out)
{
	for (size_t i = 0; i < report->policies_count; i++) {
		const struct tls_report_policy *policy = &report->policies[i];
		if (policy->type == TLS_REPORT_STS && policy->id[0] != '\0')
			return tlsrpt->text != NULL && tlsrpt->text(tlsrpt->arg, policy->domain, policy->id, out);
	}
	return false;
}

static void log_report(const struct tls_report *report)
{
	char policies[512];
	size_t len = 0;
	struct log_line line;

	for (size_t i = 0; i < report->policies_count && len < sizeof(policies); i++)
		len += (size_t)snprintf(policies + len, sizeof(policies) - len, "%s%s %s", i > 0 ? ", " : "",
					tls_report_type_name(report->policies[i].type),
					report->policies[i].failed ? "failed" : "ok");
	log_open(&line, LOG_LEVEL_DEBUG, "tlsrpt");
	log_add(&line, "domain", "%s", report->domain);
	log_add(&line, "policies", "%s", policies);
	log_close(&line);
}

static void post(struct tlsrpt *tlsrpt, const char *record, const struct tls_report *report)
{
	struct tlsrpt_text text;
	size_t len;
	char *datagram = tlsrpt_datagram(report, record, text_of(tlsrpt, report, &text) ? &text : NULL, &len);

	log_report(report);
	if (datagram != NULL)
		tlsrpt_outbox_send(tlsrpt->outbox, datagram, len);
	else
		tlsrpt_outbox_lost(tlsrpt->outbox, "out of memory");
}

/* flush sends what waited for |domain|'s record, or throws it away: the domain has none. */
static void flush(struct domain *domain)
{
	struct tlsrpt *tlsrpt = domain->tlsrpt;
	struct waiting *waiting;

	while ((waiting = STAILQ_FIRST(&domain->reports)) != NULL) {
		STAILQ_REMOVE_HEAD(&domain->reports, next);
		tlsrpt->bytes -= waiting->bytes;
		if (domain->record != NULL)
			post(tlsrpt, domain->record, waiting->report);
		tls_report_free(waiting->report);
		free(waiting);
	}
}

/* --- domains ------------------------------------------------------------------------------------------------------ */

static size_t bucket_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash % BUCKETS;
}

static void domain_free(struct domain *domain)
{
	struct tlsrpt *tlsrpt = domain->tlsrpt;

	dns_cancel(domain->query);
	free(domain->record);
	domain->record = NULL;
	flush(domain);
	LIST_REMOVE(domain, same_hash);
	TAILQ_REMOVE(domain->known ? &tlsrpt->known : &tlsrpt->sought, domain, used);
	if (domain->known)
		tlsrpt->known_count--;
	else
		tlsrpt->sought_count--;
	free(domain);
}

/* find returns the domain that is looked up, or known and still good. */
static struct domain *find(struct tlsrpt *tlsrpt, const char *name)
{
	struct domain *domain;

	LIST_FOREACH(domain, &tlsrpt->buckets[bucket_of(name)], same_hash)
	{
		if (strcmp(domain->name, name) != 0)
			continue;
		if (!domain->known || domain->expires_s > now_s())
			return domain;
		domain_free(domain);
		return NULL;
	}
	return NULL;
}

static struct domain *seek(struct tlsrpt *tlsrpt, const char *name)
{
	struct domain *domain;

	if (tlsrpt->sought_count >= tlsrpt->limits.lookups_max)
		return NULL;
	domain = calloc(1, sizeof(*domain));
	if (domain == NULL)
		return NULL;
	domain->tlsrpt = tlsrpt;
	(void)snprintf(domain->name, sizeof(domain->name), "%s", name);
	STAILQ_INIT(&domain->reports);
	LIST_INSERT_HEAD(&tlsrpt->buckets[bucket_of(name)], domain, same_hash);
	TAILQ_INSERT_TAIL(&tlsrpt->sought, domain, used);
	tlsrpt->sought_count++;
	return domain;
}

static uint32_t ttl_of(const struct dns_answer *answer)
{
	if (answer->status == DNS_FAILED || answer->ttl_s < TLSRPT_TTL_MIN_S)
		return TLSRPT_TTL_MIN_S;
	return answer->ttl_s < TLSRPT_TTL_MAX_S ? answer->ttl_s : TLSRPT_TTL_MAX_S;
}

/* settle keeps what is known of |domain| now: |record|, or that there is none to go by. */
static void settle(struct domain *domain, const char *record, uint32_t ttl_s)
{
	struct tlsrpt *tlsrpt = domain->tlsrpt;

	domain->record = record != NULL ? strdup(record) : NULL;
	domain->expires_s = now_s() + ttl_s;
	domain->known = true;
	TAILQ_REMOVE(&tlsrpt->sought, domain, used);
	tlsrpt->sought_count--;
	TAILQ_INSERT_TAIL(&tlsrpt->known, domain, used);
	tlsrpt->known_count++;
	flush(domain);
	if (tlsrpt->known_count > tlsrpt->limits.domains_max)
		domain_free(TAILQ_FIRST(&tlsrpt->known));
}

static void on_record(void *arg, const struct dns_answer *answer)
{
	struct domain *domain = arg;
	char record[TLSRPT_RECORD_MAX];
	char err[DNS_REASON_MAX] = "";
	enum tlsrpt_record found = TLSRPT_RECORD_NONE;

	domain->query = NULL;
	if (dns_found(answer))
		found = tlsrpt_record_choose(record, answer->txt, answer->txt_count, err, sizeof(err));
	if (answer->status == DNS_FAILED || found == TLSRPT_RECORD_INVALID) {
		struct log_line line;
		log_open(&line, LOG_LEVEL_DEBUG, "tlsrpt-record");
		log_add(&line, "domain", "%s", domain->name);
		log_add(&line, "reason", "%s", answer->status == DNS_FAILED ? answer->reason : err);
		log_close(&line);
	}
	settle(domain, found == TLSRPT_RECORD_VALID ? record : NULL, ttl_of(answer));
}

/* ask puts the question; where it cannot be put, the domain is taken for one that asks for nothing, for a while. */
static void ask(struct domain *domain)
{
	char name[VERDICT_NAME_MAX + sizeof("_smtp._tls.")];
	int len = snprintf(name, sizeof(name), "_smtp._tls.%s", domain->name);

	if (domain->tlsrpt->dns == NULL)
		return;
	if (len < DNS_NAME_MAX)
		domain->query = dns_ask(domain->tlsrpt->dns, name, DNS_TXT, on_record, domain);
	if (domain->query == NULL)
		settle(domain, NULL, TLSRPT_TTL_MIN_S);
}

/* --- taking ------------------------------------------------------------------------------------------------------- */

/* queue keeps |report| until |domain| is known. False: no room. */
static bool queue(struct domain *domain, struct tls_report *report, size_t bytes)
{
	struct tlsrpt *tlsrpt = domain->tlsrpt;
	struct waiting *waiting = NULL;

	bytes += sizeof(*report); /* as it lies here */
	if (bytes <= tlsrpt->limits.bytes_max - tlsrpt->bytes)
		waiting = calloc(1, sizeof(*waiting));
	if (waiting == NULL)
		return false;
	*waiting = (struct waiting){ .report = report, .bytes = bytes };
	STAILQ_INSERT_TAIL(&domain->reports, waiting, next);
	tlsrpt->bytes += bytes;
	return true;
}

static void take(struct tlsrpt *tlsrpt, struct tls_report *report, size_t bytes)
{
	struct domain *domain = find(tlsrpt, report->domain);
	bool is_new = domain == NULL;

	if (is_new)
		domain = seek(tlsrpt, report->domain);
	if (domain == NULL) {
		tlsrpt_outbox_lost(tlsrpt->outbox, "too many domains are looked up to see whether they want reports");
		tls_report_free(report);
		return;
	}
	if (domain->known) {
		TAILQ_REMOVE(&tlsrpt->known, domain, used);
		TAILQ_INSERT_TAIL(&tlsrpt->known, domain, used);
		if (domain->record != NULL)
			post(tlsrpt, domain->record, report);
		tls_report_free(report);
		return;
	}
	if (!queue(domain, report, bytes)) {
		tlsrpt_outbox_lost(tlsrpt->outbox, "too many wait to see whether their domains want reports");
		tls_report_free(report);
	}
	if (is_new)
		ask(domain);
}

bool tlsrpt_take(struct tlsrpt *tlsrpt, const uint8_t *body, size_t len)
{
	struct wire_reader r;
	struct tls_report *report;

	wire_reader_init(&r, body, len);
	report = tls_report_get(&r);
	if (report == NULL)
		return false;
	if (tlsrpt->on)
		take(tlsrpt, report, len);
	else
		tls_report_free(report);
	return true;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void tlsrpt_use_dns(struct tlsrpt *tlsrpt, struct dns *dns)
{
	struct domain *domain = TAILQ_FIRST(&tlsrpt->sought);

	tlsrpt->dns = dns;
	while (domain != NULL) {
		struct domain *after = TAILQ_NEXT(domain, used);
		dns_cancel(domain->query);
		domain->query = NULL;
		ask(domain);
		domain = after;
	}
}

void tlsrpt_socket(struct tlsrpt *tlsrpt, const char *path)
{
	tlsrpt->on = path != NULL;
	tlsrpt_outbox_path(tlsrpt->outbox, path);
}

struct tlsrpt *tlsrpt_new(struct event_base *base, const struct tlsrpt_limits *limits, tlsrpt_text_fn *text, void *arg,
			  char *err, size_t err_len)
{
	struct tlsrpt *tlsrpt = calloc(1, sizeof(*tlsrpt));

	if (tlsrpt == NULL) {
		(void)snprintf(err, err_len, "out of memory");
		return NULL;
	}
	tlsrpt->limits = *limits;
	tlsrpt->text = text;
	tlsrpt->arg = arg;
	TAILQ_INIT(&tlsrpt->known);
	TAILQ_INIT(&tlsrpt->sought);
	tlsrpt->outbox = tlsrpt_outbox_new(base, &limits->outbox, err, err_len);
	if (tlsrpt->outbox != NULL)
		return tlsrpt;
	free(tlsrpt);
	return NULL;
}

void tlsrpt_free(struct tlsrpt *tlsrpt)
{
	if (tlsrpt == NULL)
		return;
	while (!TAILQ_EMPTY(&tlsrpt->known))
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		domain_free(TAILQ_FIRST(&tlsrpt->known));
	while (!TAILQ_EMPTY(&tlsrpt->sought))
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		domain_free(TAILQ_FIRST(&tlsrpt->sought));
	tlsrpt_outbox_free(tlsrpt->outbox);
	free(tlsrpt);
}

struct tlsrpt_outbox_count tlsrpt_count(const struct tlsrpt *tlsrpt)
{
	return tlsrpt_outbox_count(tlsrpt->outbox);
}
