/* report_actions.c - see report.h: what there is to see to, and how. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/printable.h"
#include "proxy/report/report.h"

/* --- actions ------------------------------------------------------------------------------------------------------ */

static bool is_of(enum history_outcome outcome, enum history_outcome wanted)
{
	return outcome == wanted || (wanted == HISTORY_REFUSED && outcome == HISTORY_FAILED);
}

static bool action_of(struct report_action *out, const struct report_domain *domain, const struct report_place *place,
		      enum history_outcome wanted)
{
	*out = (struct report_action){ .domain = domain, .place = place };
	for (size_t i = 0; i < place->rows_count; i++) {
		const struct history_row *row = &place->rows[i];
		if (!is_of(row->outcome, wanted))
			continue;
		out->messages += row->messages;
		out->events += row->events;
		if (row->events == 0)
			continue;
		out->causes++;
		if (out->cause == NULL || row->events > out->cause->events)
			out->cause = row;
	}
	if (out->cause == NULL && out->messages > 0) /* what was reported is in an hour that is forgotten */
		out->cause = place->rows;
	return out->cause != NULL;
}

static int by_weight(const void *a, const void *b)
{
	const struct report_action *x = a;
	const struct report_action *y = b;
	int order = (x->messages < y->messages) - (x->messages > y->messages);

	if (order == 0)
		order = (x->events < y->events) - (x->events > y->events);
	if (order == 0)
		order = strcmp(x->domain->name, y->domain->name);
	return order != 0 ? order : history_compare(x->cause, y->cause);
}

bool report_actions(const struct report *report, enum history_outcome outcome, struct report_action **out,
		    size_t *out_count)
{
	*out_count = 0;
	*out = calloc(report->places_count + 1, sizeof(**out));
	if (*out == NULL)
		return false;
	for (size_t i = 0; i < report->domains_count; i++) {
		const struct report_domain *domain = &report->domains[i];
		if (strcmp(domain->name, HISTORY_REST) == 0)
			continue;
		for (size_t k = 0; k < domain->places_count; k++) {
			if (!domain->places[k].relay &&
			    action_of(&(*out)[*out_count], domain, &domain->places[k], outcome))
				(*out_count)++;
		}
	}
	if (*out_count > 0)
		qsort(*out, *out_count, sizeof(**out), by_weight);
	return true;
}

/* --- hints -------------------------------------------------------------------------------------------------------- */

/* %: the domain. */
static const char *const hints[RESULT_COUNT] = {
	[RESULT_NONE] = "`gate25 explain %` says what is demanded and why; `gate25 probe %` tries it",
	[RESULT_STARTTLS_NOT_SUPPORTED] =
		"its operator must offer STARTTLS (a box on the path may strip it); only if mail for it may travel in "
		"clear text: domain \"%\" { level = may }",
	[RESULT_CERTIFICATE_HOST_MISMATCH] =
		"its certificate has another name; if that name is right, list it: domain \"%\" { level = secure match "
		"= { \"NAME\" } }; else its operator must mend it",
	[RESULT_CERTIFICATE_EXPIRED] =
		"its operator must renew its certificate: tell the postmaster of %, by another way than this server",
	[RESULT_CERTIFICATE_NOT_TRUSTED] = "it must send its whole chain from an authority that senders know; if you "
					   "know its authority or its key: "
					   "domain \"%\" with ca-file, or with level = fingerprint",
	[RESULT_VALIDATION_FAILURE] =
		"see the reason; `gate25 probe %` shows the handshake; a rule for domain \"%\" can demand less of it "
		"(min-protocol, level)",
	[RESULT_TLSA_INVALID] =
		"do not lower the level for it: somebody else's server looks just like this. Tell the postmaster of % "
		"by "
		"another way that its TLSA records are not of the certificate in use; `gate25 probe %` shows both",
	[RESULT_DNSSEC_INVALID] =
		"its DNS zone does not answer, or its signatures are wrong: `gate25 explain %` shows the lookup that "
		"failed; if all signed domains fail, it is the resolver here",
	[RESULT_DANE_REQUIRED] = "level = dane in the rule for domain \"%\" would take a server without TLSA records",
	[RESULT_STS_POLICY_FETCH_ERROR] = "its MTA-STS policy cannot be fetched: `gate25 explain %` shows what the "
					  "policy host said; a domain rule "
					  "of yours would decide without it",
	[RESULT_STS_POLICY_INVALID] = "its MTA-STS policy is not written as RFC 8461 says: `gate25 explain %` shows "
				      "the line; a domain rule of "
				      "yours would decide without it",
	[RESULT_STS_WEBPKI_INVALID] =
		"its MTA-STS policy host needs a certificate from a public authority: `gate25 explain %` shows what is "
		"wrong; a domain rule of yours would decide without it",
};

void report_hint(char out[REPORT_TEXT_MAX], const struct history_row *cause)
{
	const char *name = cause->domain[0] != '\0' ? cause->domain : "DOMAIN";
	char addr[ADDR_TEXT_MAX];
	size_t len = 0;

	if (cause->domain[0] == '\0' && cause->policy == DEMAND_OF_RULE) {
		(void)snprintf(out, REPORT_TEXT_MAX,
			       "your rule for the destination %s demands it: look at its level, match and nexthop; "
			       "`gate25 explain DOMAIN --destination %s` shows what comes of it",
			       addr_format(&cause->destination.addr, addr), addr);
		return;
	}

	for (const char *c = hints[cause->result < RESULT_COUNT ? cause->result : RESULT_NONE]; *c != '\0'; c++) {
		if (*c == '%')
			len += (size_t)snprintf(out + len, REPORT_TEXT_MAX - len, "%.120s", name);
		else
			out[len++] = *c;
	}
	out[len] = '\0';
	printable_text(out);
}
