/* session_report.c - what the leg's server did by what the recipient's domain publishes, for the domain's TLS report
 * (RFC 8460). What is found wrong is gathered while one recipient is decided about; what comes of it is told once for
 * each leg and domain: a report counts connections, not recipients. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/verdict/tls_report.h"
#include "proxy/session/session_private.h"

struct findings {
	size_t count;
	size_t kept; /* of these: they hold whatever server it is */
	struct tls_report_finding all[TLS_REPORT_FAILURES_MAX];
};

void findings_forget(struct session *s)
{
	free(s->findings);
	s->findings = NULL;
}

void findings_keep(struct session *s)
{
	if (s->findings != NULL)
		s->findings->kept = s->findings->count;
}

void findings_forget_tries(struct session *s)
{
	if (s->findings != NULL && s->findings->kept == 0)
		findings_forget(s);
	else if (s->findings != NULL)
		s->findings->count = s->findings->kept;
}

static struct tls_report_finding *another(struct session *s)
{
	if (s->findings == NULL)
		s->findings = calloc(1, sizeof(*s->findings));
	if (s->findings == NULL || s->findings->count == TLS_REPORT_FAILURES_MAX)
		return NULL;
	return &s->findings->all[s->findings->count++];
}

/* One thing is noticed in several places on its way to the log. */
static bool is_known(const struct session *s, enum demand_basis basis, enum result_word word)
{
	for (size_t i = 0; s->findings != NULL && i < s->findings->count; i++) {
		const struct tls_report_finding *finding = &s->findings->all[i];
		if (finding->basis == basis && finding->word == word &&
		    strcmp(finding->servername, s->leg.servername) == 0)
			return true;
	}
	return false;
}

void finding_of(struct session *s, enum demand_basis basis, enum result_word word, const char *reason)
{
	const struct smtp_ehlo *ehlo = s->leg.clear.name[0] != '\0' ? &s->leg.clear : &s->leg.ehlo;
	struct tls_report_finding *finding;

	if (!s->options.reports || word == RESULT_NONE || is_known(s, basis, word))
		return;
	finding = another(s);
	if (finding == NULL)
		return;
	finding->word = word;
	finding->basis = basis;
	(void)snprintf(finding->servername, sizeof(finding->servername), "%s", s->leg.servername);
	(void)snprintf(finding->helo, sizeof(finding->helo), "%s", ehlo->name);
	(void)snprintf(finding->reason, sizeof(finding->reason), "%s", reason);
}

/* Of the demand's two parts it is the second that was not met only where the judgement says so. */
void finding(struct session *s, enum result_word word, const char *reason)
{
	bool also = s->demand.also != LEVEL_UNSET && s->leg.judged && s->leg.judgement.also;

	finding_of(s, also ? s->demand.also_basis : s->demand.basis, word, reason);
}

/* is_first says whether the leg was not told of yet to |domain|, and remembers it. Of very many domains on one leg the
 * last ones are told nothing, rather than something twice. */
static bool is_first(struct session *s, const char *domain)
{
	uint64_t hash = 14695981039346656037u;

	for (; *domain != '\0'; domain++)
		hash = (hash ^ (uint8_t)*domain) * 1099511628211u;
	for (unsigned i = 0; i < s->leg.told_count; i++) {
		if (s->leg.told[i] == hash)
			return false;
	}
	if (s->leg.told_count == LEG_TOLD_MAX)
		return false;
	s->leg.told[s->leg.told_count++] = hash;
	return true;
}

/* In clear because nobody asked for TLS, or for what is no business of the domain's: that says nothing about the
 * server.
 */
static void tell(struct session *s)
{
	const struct findings *findings = s->findings;
	struct tls_report report;

	if (tls_report_of(&report, s->verdict, &s->demand, &s->options.destination.addr, s->leg.servername,
			  findings != NULL ? findings->all : NULL, findings != NULL ? findings->count : 0) &&
	    (leg_in_tls(s) || report.failures_count > 0) && is_first(s, report.domain))
		s->ops->report(s->arg, &report);
}

void report_refused(struct session *s)
{
	if (s->options.reports && s->findings != NULL)
		tell(s);
	findings_forget(s);
}

void report_bound(struct session *s)
{
	if (s->options.reports)
		tell(s);
	findings_forget(s);
}
