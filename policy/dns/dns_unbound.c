/* dns_unbound.c - the engine that proves by itself: libunbound, on our event loop, checks each chain from the trust
 * anchors down, whoever has told the records.
 *
 * A context is final from its first question on; a new configuration makes a new one. Its memory is bounded: 2 MiB of
 * messages, 4 of record sets, 1 of keys, 0.25 of denials, and what questions under way need. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unbound.h>
#include <unbound-event.h>
#include <unistd.h>

#include "policy/dns/dns_anchors.h"
#include "policy/dns/dns_job.h"
#include "policy/dns/dns_message.h"
#include "proxy/base/printable.h"

/* 2024-07-18, when the younger of the root's keys came into use. A clock before that is wrong, and would take
 * signatures for good that are long over. */
#define CLOCK_MIN_S  1721260800
#define STALE_FACTOR 4 /* questions whose askers have left, to each that may run, until no more are taken */

/* A question that libunbound works on. It outlives its job: libunbound goes on, so that its cache knows next time. */
struct asked {
	LIST_ENTRY(asked) next;
	struct validator *validator;
	struct dns_job *job; /* NULL: nobody waits any more */
	struct dns_message_query query;
};

struct validator {
	struct ub_ctx *ctx;
	size_t count; /* of |asked| */
	size_t count_max;
	LIST_HEAD(, asked) asked;
};

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void asked_free(struct asked *asked)
{
	LIST_REMOVE(asked, next);
	asked->validator->count--;
	if (asked->job != NULL)
		asked->job->work = NULL;
	free(asked);
}

/* bogus: |why| comes from libunbound and may quote names from the network. */
static void fail_bogus(struct dns_job *job, const char *why)
{
	char *reason = job->answer.reason;
	const char *text = why != NULL ? why : "validation failure";

	(void)snprintf(reason, DNS_REASON_MAX, "%s", text);
	printable_text(reason);
	job->answer.bogus = true;
	dns_job_fail(job, "bogus");
}

static void take_answer(struct dns_job *job, const struct dns_message_query *query, const void *packet, size_t len,
			bool secure)
{
	struct dns_message message = { .bytes = packet, .len = len, .now_s = (int64_t)time(NULL) };
	struct dns_answer *answer = &job->answer;

	answer->ttl_s = UINT32_MAX;
	switch (dns_message_read(answer, &message, query)) {
	case DNS_REPLY_ANSWER: break;
	case DNS_REPLY_FAILED: dns_job_fail(job, "malformed answer"); return;
	case DNS_REPLY_ALIAS: dns_job_fail(job, "an alias that ends nowhere"); return;
	case DNS_REPLY_FOREIGN:
	case DNS_REPLY_TRUNCATED: dns_job_fail(job, "not a whole answer to the question"); return;
	}
	answer->reason[0] = '\0';
	answer->message = packet;
	answer->message_len = len;
	if (secure)
		answer->status = answer->status == DNS_FOUND_INSECURE ? DNS_FOUND_SECURE : DNS_ABSENT_SECURE;
	dns_job_done(job);
}

/* on_done: |secure| is 2 for proved, 1 for bogus, 0 for neither: proved to be unsigned, or no anchor is above it. */
static void on_done(void *arg, int rcode, void *packet, int len, int secure, char *why, int limited)
{
	struct asked *asked = arg;
	struct dns_job *job = asked->job;
	struct dns_message_query query = asked->query;

	(void)limited;
	asked_free(asked);
	if (job == NULL)
		return;
	if (secure == 1)
		fail_bogus(job, why);
	else if (rcode != 0 || packet == NULL || len <= 0)
		dns_job_fail(job, rcode == 2 || rcode == 0 ? "no name server gave a usable answer"
							   : "an error of the name servers");
	else
		take_answer(job, &query, packet, (size_t)len, secure == 2);
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

static void validator_start(struct dns_job *job)
{
	struct validator *validator = job->engine;
	struct asked *asked;
	int id;

	if (time(NULL) < CLOCK_MIN_S) {
		dns_job_fail(job, "the clock of this host is wrong, so no signature can be judged: set the time");
		return;
	}
	if (validator->count >= validator->count_max) {
		dns_job_fail(job, "too many questions at once");
		return;
	}
	asked = calloc(1, sizeof(*asked));
	if (asked == NULL) {
		dns_job_fail(job, "out of memory");
		return;
	}
	*asked = (struct asked){ .validator = validator, .job = job };
	LIST_INSERT_HEAD(&validator->asked, asked, next);
	validator->count++;
	job->work = asked;
	/* libunbound gives its answers id 0, and the name as it was asked. */
	if (!dns_message_ask(&asked->query, job->name, job->type, 0)) {
		asked_free(asked);
		dns_job_fail(job, "not a name that can be asked about");
	} else if (ub_resolve_event(validator->ctx, job->name, job->type, 1, asked, on_done, &id) != 0) {
		asked_free(asked);
		dns_job_fail(job, "out of memory");
	}
}

static void validator_stop(struct dns_job *job)
{
	struct asked *asked = job->work;

	asked->job = NULL;
	job->work = NULL;
}

/* --- the context -------------------------------------------------------------------------------------------------- */

struct option {
	const char *name;
	const char *value;
};

static const struct option options_always[] = {
	{ "module-config:", "validator iterator" },
	{ "use-syslog:", "no" },
	/* who validates, and how strictly */
	{ "val-permissive-mode:", "no" },
	{ "val-log-level:", "2" }, /* why something is bogus; it is not logged */
	{ "val-clean-additional:", "yes" },
	{ "val-sig-skew-min:", "300" },
	{ "val-sig-skew-max:", "300" },
	{ "val-bogus-ttl:", "60" },
	{ "harden-glue:", "yes" },
	{ "harden-dnssec-stripped:", "yes" },
	{ "harden-below-nxdomain:", "yes" },
	{ "harden-referral-path:", "no" },
	{ "aggressive-nsec:", "yes" },
	{ "trust-anchor-signaling:", "no" },
	{ "root-key-sentinel:", "no" },
	{ "serve-expired:", "no" },
	{ "cache-max-ttl:", "86400" },
	{ "cache-min-ttl:", "0" },
	/* A name server that was silent is tried again soon: it may be the only one. */
	{ "infra-host-ttl:", "20" },
	{ "infra-keep-probing:", "yes" },
	/* transport */
	{ "edns-buffer-size:", "1232" },
	{ "qname-minimisation:", "yes" },
	{ "do-not-query-localhost:", "no" },
	{ "outgoing-port-avoid:", "0-1023" },
	{ "outgoing-range:", "256" },
	{ "outgoing-num-tcp:", "32" },
	{ "num-queries-per-thread:", "512" },
	/* memory */
	{ "msg-cache-size:", "2m" },
	{ "rrset-cache-size:", "4m" },
	{ "key-cache-size:", "1m" },
	{ "neg-cache-size:", "256k" },
	{ "infra-cache-numhosts:", "1000" },
	{ "unblock-lan-zones:", "yes" },
};

/* What libunbound would answer itself, unasked and unproved. (Names below "onion" are not the DNS's: RFC 7686.) */
static const char *const own_zones[] = {
	"localhost.",
	"127.in-addr.arpa.",
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.",
	"home.arpa.",
	"test.",
	"invalid.",
};

static bool set_options(struct ub_ctx *ctx, const struct option *options, size_t count, char *err, size_t err_len)
{
	for (size_t i = 0; i < count; i++) {
		int status = ub_ctx_set_option(ctx, options[i].name, options[i].value);
		if (status == 0)
			continue;
		(void)snprintf(err, err_len, "libunbound %s does not take \"%s %s\": %s", ub_version(), options[i].name,
			       options[i].value, ub_strerror(status));
		return false;
	}
	return true;
}

/* can_reach: whether this host has a way to addresses of that family. Nothing is sent. */
static bool can_reach(const char *text)
{
	struct endpoint to = { .port = 53 };
	struct sockaddr_storage native;
	socklen_t native_len;
	bool ok;
	int fd;

	if (!addr_parse(&to.addr, text))
		return false;
	native_len = endpoint_to_sockaddr(&to, &native);
	fd = socket(native.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ok = fd >= 0 && connect(fd, (struct sockaddr *)&native, native_len) == 0;
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

/* set_families leaves out the family that this host has no way to, so that no question waits for it. */
static bool set_families(struct ub_ctx *ctx, const struct dns_options *options, char *err, size_t err_len)
{
	bool ipv4 = false;
	bool ipv6 = false;

	for (size_t i = 0; i < (options->recurse ? options->root_servers_count : options->resolvers_count); i++) {
		const struct addr *addr = options->recurse ? &options->root_servers[i] : &options->resolvers[i].at.addr;
		*(addr->family == AF_INET ? &ipv4 : &ipv6) = true;
	}
	if (options->recurse) { /* a.root-servers.net */
		ipv4 |= can_reach("198.41.0.4");
		ipv6 |= can_reach("2001:503:ba3e::2:30");
	}
	const struct option families[] = {
		{ "do-ip4:", ipv4 || !ipv6 ? "yes" : "no" },
		{ "do-ip6:", ipv6 || !ipv4 ? "yes" : "no" },
	};
	return set_options(ctx, families, COUNT(families), err, err_len);
}

static bool set_servers(struct ub_ctx *ctx, const struct dns_options *options, char *err, size_t err_len)
{
	char text[ADDR_TEXT_MAX];
	char at[ADDR_TEXT_MAX + 8];
	int status = 0;

	for (size_t i = 0; options->recurse && i < options->root_servers_count && status == 0; i++)
		status = ub_ctx_set_stub(ctx, ".", addr_format(&options->root_servers[i], text), 0);
	/* Each goes to the front. */
	for (size_t i = options->resolvers_count; !options->recurse && i-- > 0 && status == 0;) {
		if (i >= DNS_RESOLVERS_MAX)
			continue;
		const struct endpoint *resolver = &options->resolvers[i].at;
		(void)snprintf(at, sizeof(at), "%s@%u", addr_format(&resolver->addr, text), resolver->port);
		status = ub_ctx_set_fwd(ctx, at);
	}
	if (status != 0)
		(void)snprintf(err, err_len, "libunbound: %s", ub_strerror(status));
	return status == 0;
}

static bool add_anchor(void *arg, const char *record)
{
	return ub_ctx_add_ta(arg, record) == 0;
}

/* remove_own_zones makes libunbound apply its options: what is wrong with them is known now. (Its "nodefault" has no
 * effect as an option: it is looked for by the whole line.) */
static bool remove_own_zones(struct ub_ctx *ctx, char *err, size_t err_len)
{
	int status = 0;

	for (size_t i = 0; i < COUNT(own_zones) && status == 0; i++)
		status = ub_ctx_zone_remove(ctx, own_zones[i]);
	if (status != 0)
		(void)snprintf(err, err_len, "libunbound does not start (%s): are the trust anchors right?",
			       ub_strerror(status));
	return status == 0;
}

static bool set_up(struct ub_ctx *ctx, const struct dns_options *options, char *err, size_t err_len)
{
	(void)ub_ctx_debugout(ctx, NULL); /* its own words go nowhere; ours are in the answers */
	if (!set_options(ctx, options_always, COUNT(options_always), err, err_len) ||
	    !set_families(ctx, options, err, err_len) || !set_servers(ctx, options, err, err_len) ||
	    !dns_anchors_read(options->trust_anchors, add_anchor, ctx, err, err_len))
		return false;
	return remove_own_zones(ctx, err, err_len);
}

static void validator_close(void *engine)
{
	struct validator *validator = engine;
	struct asked *next;

	ub_ctx_delete(validator->ctx); /* may call on_done, whose askers have left */
	for (struct asked *asked = LIST_FIRST(&validator->asked); asked != NULL; asked = next) {
		next = LIST_NEXT(asked, next);
		if (asked->job != NULL)
			asked->job->work = NULL;
		free(asked);
	}
	free(validator);
}

static void *validator_open(struct event_base *base, const struct dns_options *options, char *err, size_t err_len)
{
	struct validator *validator;

	if (!options->recurse && options->resolvers_count == 0) {
		(void)snprintf(err, err_len, "no resolver");
		return NULL;
	}
	validator = calloc(1, sizeof(*validator));
	if (validator == NULL || (validator->ctx = ub_ctx_create_event(base)) == NULL) {
		free(validator);
		(void)snprintf(err, err_len, "out of memory");
		return NULL;
	}
	validator->count_max = STALE_FACTOR * options->limits.sockets_max;
	if (!set_up(validator->ctx, options, err, err_len)) {
		validator_close(validator);
		return NULL;
	}
	return validator;
}

/* libunbound goes on with a question that was given up, so that giving up early frees nothing. */
const struct dns_engine dns_unbound = { 0, validator_open, validator_close, validator_start, validator_stop };
