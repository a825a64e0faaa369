/* probe_published.h - what both outputs of probe tell of published policies: MTA-STS and the STARTTLS-Everywhere list.
 */
#ifndef GATE25_PROXY_PROBE_PROBE_PUBLISHED_H
#define GATE25_PROXY_PROBE_PROBE_PUBLISHED_H

#include "proxy/probe/probe.h"

#define PROBE_PATTERN_MAX (VERDICT_NAME_MAX + 2)

/* probe_publishes: whether there is something to tell of what is published under |verdict|. */
bool probe_publishes(const struct verdict *verdict);
/* Whose policy it is, for people: "mta-sts", "list". */
const char *probe_publisher(const struct verdict *verdict);
const char *probe_pattern(const struct verdict_pattern *pattern, char out[PROBE_PATTERN_MAX]); /* "*.example.org" */
/* probe_allows lists the hosts that the policy allows, as many as there is room for. */
const char *probe_allows(const struct verdict *verdict, char *out, size_t cap);
/* probe_allowed lists the MX hosts of which the server must be one; "" where no policy demands that. */
const char *probe_allowed(const struct demand *demand, char *out, size_t cap);

/* What a policy in testing would do with the server if it were enforced. */
struct probe_test {
	bool known; /* false: none is in testing, it would decide nothing here, or no answer came that says anything */
	bool passes;
	enum demand_basis basis;
	enum result_word result;
	const char *reason; /* borrowed from the target; "" where it passes */
};
void probe_test_of(struct probe_test *out, const struct probe_target *target);

#endif
