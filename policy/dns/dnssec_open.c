/* dnssec_open.c - see dnssec.h: the self-test for a program that ends with its answer. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/dns/dnssec.h"
#include "policy/dns/dnssec_machine.h"
#include "policy/dns/dnssec_probe.h"

struct once {
	struct event_base *base;
	struct dnssec_finding finding;
	bool found;
};

static void on_found(void *arg, const struct dnssec_finding *finding)
{
	struct once *once = arg;

	once->finding = *finding;
	once->found = true;
	(void)event_base_loopbreak(once->base);
}

static void test(struct once *once, const struct dnssec_plan *plan, enum dns_mode mode, const struct conf *conf)
{
	struct dnssec_probe *probe = dnssec_probe_new(once->base, plan, mode, &conf->bogus_names, on_found, once);

	once->finding = (struct dnssec_finding){ .state = DNSSEC_SILENT, .reason = "out of memory" };
	once->found = false;
	while (probe != NULL && !once->found && event_base_dispatch(once->base) == 0)
		;
	dnssec_probe_free(probe);
}

enum dns_mode dnssec_once(struct event_base *base, const struct dnssec_plan *plan, const struct conf *conf,
			  struct dnssec_report *out)
{
	struct once once = { .base = base };
	struct dnssec_machine machine = { 0 };
	struct dnssec_step step = dnssec_machine_start(&machine, plan, conf_wants_dane(conf), (uint64_t)time(NULL));

	while (step.test) {
		test(&once, plan, step.mode, conf);
		step = dnssec_machine_result(&machine, &once.finding, (uint64_t)time(NULL));
	}
	dnssec_machine_report(out, &machine);
	return machine.mode;
}

/* choose tests only where that could change anything: another mode, or none where nothing wants DANE. */
static enum dns_mode choose(struct event_base *base, const struct dnssec_plan *plan, const struct conf *conf)
{
	struct dnssec_report report;

	if (plan->modes_count == 1 && (conf_wants_dane(conf) || plan->modes[0] == DNS_OFF))
		return plan->modes[0];
	return dnssec_once(base, plan, conf, &report);
}

struct dns *dnssec_open(struct event_base *base, const struct conf *conf, enum dns_mode *out_mode, char *err,
			size_t err_len)
{
	struct dnssec_plan plan;
	struct dns_options options;
	char *anchors = NULL;
	enum dns_mode mode;
	struct dns *dns;

	if (conf->trust_anchor_file != NULL && (anchors = conf_read_file(conf->trust_anchor_file)) == NULL) {
		(void)snprintf(err, err_len, "cannot read trust-anchor-file %s: %s", conf->trust_anchor_file,
			       strerror(errno));
		return NULL;
	}
	dnssec_plan(&plan, conf, anchors);
	mode = choose(base, &plan, conf);
	options = dnssec_plan_options(&plan, mode);
	dns = dns_new(base, &options, err, err_len);
	if (dns == NULL && plan.modes_count == 0)
		(void)snprintf(err, err_len, "%s", plan.problem);
	if (out_mode != NULL)
		*out_mode = mode;
	free(anchors);
	return dns;
}
