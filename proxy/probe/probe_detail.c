/* probe_detail.c - see probe_detail.h. */
#include "proxy/probe/probe_detail.h"

#include <stdio.h>
#include <string.h>

#include "proxy/tls/tls_peer.h"
#include "proxy/tls/tls_tlsa.h"

const char *probe_match(const struct probe_target *target)
{
	return target->talk.tls ? target->talk.judgement.tlsa : "";
}

const char *probe_matched(const struct probe_target *target)
{
	return target->talk.tls ? target->talk.judgement.matched : "";
}

/* --- TLSA records ------------------------------------------------------------------------------------------------- */

const struct verdict_mx *probe_tlsa_host(const struct probe_target *target, size_t index)
{
	const struct verdict *verdict = target->verdict;
	bool known = verdict_mx_for(verdict, &target->at.addr) != NULL;

	if (verdict->level != LEVEL_DANE && verdict->level != LEVEL_DANE_ONLY)
		return NULL;
	for (size_t i = 0; i < verdict->mx_count; i++) {
		if ((!known || probe_mx_has(&verdict->mx[i], &target->at.addr)) && index-- == 0)
			return &verdict->mx[i];
	}
	return NULL;
}

const char *probe_tlsa_none(const struct verdict_mx *mx)
{
	switch (mx->dane) {
	case VERDICT_DANE_NONE: return "none: DANE does not apply";
	case VERDICT_DANE_UNUSABLE: return "none that can be used: TLS without authentication";
	case VERDICT_DANE_USABLE: return NULL;
	case VERDICT_DANE_FAILED: break;
	}
	return "could not be looked up";
}

/* is_the_match: records of one kind differ in their data: it is the one of the certificate at that depth. What was not
 * sent (a certificate or key that stands in the DNS alone) cannot be told apart further. */
static bool is_the_match(const struct probe_target *target, const struct tlsa *record)
{
	const struct judgement *judgement = &target->talk.judgement;
	char kind[16];

	(void)snprintf(kind, sizeof(kind), "%u %u %u", record->usage, record->selector, record->mtype);
	if (probe_match(target)[0] == '\0' || strcmp(kind, judgement->tlsa) != 0 || judgement->depth < 0)
		return false;
	if ((size_t)judgement->depth >= tls_peer_count(target->peer))
		return true;
	return tls_tlsa_is(record, tls_peer_cert(target->peer, (size_t)judgement->depth)) || record->mtype == TLSA_FULL;
}

enum probe_record probe_record_of(const struct probe_target *target, const struct verdict_mx *mx, size_t record)
{
	const struct tlsa *tlsa = &mx->tlsa[record];

	if (tlsa_outdone(mx->tlsa, mx->tlsa_count, record))
		return PROBE_RECORD_OUTDONE;
	if (target->peer == NULL)
		return PROBE_RECORD_UNTRIED;
	if (is_the_match(target, tlsa))
		return PROBE_RECORD_MATCHED;
	for (size_t i = 0; i < tls_peer_count(target->peer); i++) {
		if (tls_tlsa_is(tlsa, tls_peer_cert(target->peer, i)))
			return PROBE_RECORD_PRESENT;
	}
	return PROBE_RECORD_UNMATCHED;
}

const char *probe_record_name(enum probe_record record)
{
	static const char *const names[] = { "unmatched", "matched", "present", "outdone", "untried" };

	return names[record];
}

/* --- hints -------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *theirs; /* %: the MX host */
	const char *yours;  /* %: the domain */
} hints[RESULT_COUNT] = {
	[RESULT_STARTTLS_NOT_SUPPORTED] = {
		"% must offer STARTTLS; if it does and this host does not see it, a box on the path strips it",
		"only if mail for it may travel in clear text: domain \"%\" { level = may }",
	},
	[RESULT_CERTIFICATE_HOST_MISMATCH] = {
		"% needs a certificate with a name that is demanded",
		"if another name is right, list it: domain \"%\" { level = secure match = { ... } }",
	},
	[RESULT_CERTIFICATE_EXPIRED] = {
		"the operator of % must renew its certificate, and send the renewed one",
		"nothing is to be done here but to tell the postmaster of %, by another way than this server",
	},
	[RESULT_CERTIFICATE_NOT_TRUSTED] = {
		"% must send its whole chain, from an authority that senders know; or the domain publishes TLSA records",
		"if you know its authority or its key: domain \"%\" with ca-file, or with level = fingerprint",
	},
	[RESULT_VALIDATION_FAILURE] = {
		"% must complete a TLS handshake of version 1.2 or newer with a sound certificate",
		"see the reason; a rule for domain \"%\" can demand less of it (min-protocol, level)",
	},
	[RESULT_TLSA_INVALID] = {
		"the TLSA records of % must be of the certificate in use: publish those of a new one first (`gate25 tlsa "
		"FILE.pem`), wait out the TTL, then switch",
		"do not lower the level for it: somebody else's server looks just like this. Tell the postmaster of % by "
		"another way",
	},
	[RESULT_DNSSEC_INVALID] = {
		"the DNS zone of % does not answer, or its signatures are wrong",
		"`gate25 explain %` shows the lookup that failed; if all signed domains fail, it is the resolver here",
	},
	[RESULT_DANE_REQUIRED] = {
		"the zones of the domain and of % must be signed, with usable TLSA records",
		"level = dane in the rule for domain \"%\" would take a server without them",
	},
	[RESULT_STS_POLICY_FETCH_ERROR] = {
		"the policy host of the domain of % must answer https://mta-sts.DOMAIN/.well-known/mta-sts.txt with 200",
		"`gate25 explain %` shows what the policy host said; a domain rule of yours would decide without it",
	},
	[RESULT_STS_POLICY_INVALID] = {
		"the MTA-STS policy of the domain of % is not written as RFC 8461 says",
		"`gate25 explain %` shows the line; a domain rule of yours would decide without it",
	},
	[RESULT_STS_WEBPKI_INVALID] = {
		"the policy host of the domain of % needs a certificate for its own name from a public authority",
		"`gate25 explain %` shows what is wrong with it; a domain rule of yours would decide without it",
	},
};

/* fill copies |pattern| with |name| in place of its %. */
static void fill(char out[PROBE_TEXT_MAX], const char *pattern, const char *name)
{
	const char *rest = strchr(pattern, '%');

	(void)snprintf(out, PROBE_TEXT_MAX, "%.*s%.200s%s", (int)(rest - pattern), pattern, name, rest + 1);
}

static const char *host_of(const struct probe_target *target)
{
	return target->host[0] != '\0' ? target->host : "the server";
}

/* Where no server can meet what a published policy demands, it is the policy that can be mended. */
static void hint_of_policy(struct probe_hint *out, const struct probe *probe, const struct probe_target *target)
{
	const struct demand *demand = &target->terms.demand;

	if (demand->result == RESULT_VALIDATION_FAILURE && demand->basis == DEMAND_OF_STS) {
		fill(out->theirs, "the MTA-STS policy of the domain must allow %, or its MX records must not name it",
		     host_of(target));
		fill(out->yours, "a rule of yours decides without the policy: domain \"%\" { level = ... }",
		     probe->verdict->domain);
	} else if (demand->result == RESULT_VALIDATION_FAILURE) {
		fill(out->yours, "correct the entry for % in the file of list-file, or take it out",
		     probe->verdict->domain);
	} else {
		fill(out->theirs, "the name servers of % must answer for its MTA-STS record", probe->verdict->domain);
		fill(out->yours, "`gate25 explain %` shows the lookup; mta-sts-lookup-failed = ignore goes on without",
		     probe->verdict->domain);
	}
}

void probe_hint_of(struct probe_hint *out, const struct probe *probe, const struct probe_target *target)
{
	const struct probe_talk *talk = &target->talk;
	enum result_word word = talk->result < RESULT_COUNT ? talk->result : RESULT_NONE;
	const char *host = host_of(target);

	*out = (struct probe_hint){ .theirs = "" };
	if (talk->outcome == PROBE_UNAUTHENTICATED) {
		(void)snprintf(out->theirs, sizeof(out->theirs),
			       "the TLSA records of %.200s must be of usage 3 or 2 (RFC 7672 s. 3.1)", host);
		return;
	}
	if (talk->outcome == PROBE_REFUSE && target->terms.demand.level == LEVEL_UNSET &&
	    (target->terms.demand.basis == DEMAND_OF_STS || target->terms.demand.basis == DEMAND_OF_LIST)) {
		hint_of_policy(out, probe, target);
		return;
	}
	if (talk->outcome != PROBE_REFUSE || hints[word].theirs == NULL)
		return;
	fill(out->theirs, hints[word].theirs, host);
	fill(out->yours, hints[word].yours, probe->verdict->domain);
}
