/* parent_status.c - the state of the gate, who is told of it, and what follows from it (readiness.h). */
#include <stdlib.h>

#include "proxy/base/exit_status.h"
#include "proxy/base/log.h"
#include "proxy/monitor/monitor_gate.h"
#include "proxy/gate/host_ledger.h"
#include "proxy/host/notify.h"
#include "proxy/parent/parent_private.h"
#include "proxy/tls/tls.h"

static unsigned roles_of(const struct parent *parent)
{
	return parent->workers + 1 + (parent->inputs.conf.monitor ? 1 : 0);
}

/* take_facts brings the readiness up to date. */
static void take_facts(struct parent *parent)
{
	struct readiness *r = &parent->readiness;

	r->roles_up = children_ready(parent->children) >= roles_of(parent);
	r->intercepts = parent->keeper != NULL;
	r->wants_dane = conf_wants_dane(&parent->inputs.conf);
	r->dnssec = parent->dnssec.state;
}

unsigned parent_repairs(const struct parent *parent)
{
	return parent->repairs_before + (parent->keeper != NULL ? gatekeeper_repairs(parent->keeper) : 0);
}

void parent_tell_status(struct parent *parent)
{
	struct monitor_gate gate = {
		.started = parent->started,
		.roles = roles_of(parent),
		.roles_up = children_ready(parent->children),
		.generation = parent->inputs.generation,
		.enforce = parent->inputs.conf.enforce,
		.rules = parent->keeper != NULL,
		.repairs = parent_repairs(parent),
		.dnssec = &parent->dnssec,
	};
	const struct list_input *in_force = &parent->inputs.list;
	const struct monitor_list list = { .entries = in_force->entries,
					   .timestamp = in_force->timestamp,
					   .expires = in_force->expires,
					   .is_copy = in_force->is_copy };
	struct monitor_hosts hosts;
	char sentence[DNSSEC_SENTENCE_MAX];
	char *json;

	host_ledger_show(parent->hosts, &hosts, parent_now_s(), time(NULL));
	gate.hosts = &hosts;
	gate.draining_workers = children_older(parent->children, &gate.draining_programs);
	gate.list = in_force->fd >= 0 ? &list : NULL;
	take_facts(parent);
	dnssec_sentence(sentence, &parent->inputs.conf, parent->dnssec.state, parent->dnssec.reason);
	switch (readiness_lacks(&parent->readiness)) {
	case READINESS_NOTHING: break;
	case READINESS_ROLES: gate.not_ready = "not every process is up"; break;
	case READINESS_PATHS:
		gate.not_ready = "the self-test failed: mail does not reach gate25 on every path (see the log)";
		break;
	case READINESS_DNSSEC: gate.not_ready = sentence; break;
	}
	json = monitor_gate_json(&gate);
	if (json != NULL)
		children_status_send(parent->children, json);
	free(json);
}

static void say_ready(const struct parent *parent)
{
	struct log_line line;

	log_open(&line, LOG_LEVEL_INFO, "ready");
	log_add(&line, "version", "%s", GATE25_VERSION);
	log_add(&line, "tls", "%s", tls_library(NULL));
	log_add(&line, "workers", "%u", parent->workers);
	log_add(&line, "port", "%u", (unsigned)parent->inputs.conf.listen_port);
	log_add(&line, "enforce", "%s", parent->inputs.conf.enforce ? "yes" : "no");
	log_close(&line);
}

/* say_unproved: a start fails, or the gate is ready no more. */
static void say_unproved(const struct parent *parent, const char *event)
{
	char sentence[DNSSEC_SENTENCE_MAX];

	dnssec_sentence(sentence, &parent->inputs.conf, parent->dnssec.state, parent->dnssec.reason);
	log_say(LOG_LEVEL_ERROR, event, "%s", sentence);
}

static void announce(void)
{
	bool old;

	(void)tls_library(&old);
	if (old)
		log_say(LOG_LEVEL_WARNING, "tls-library", "%s%s", tls_library(NULL), TLS_OLD_NOTE);
	notify_service("READY=1");
}

static void on_tested(void *arg, bool ok);

/* parent_go_on does what follows from what is known now. */
void parent_go_on(struct parent *parent)
{
	enum readiness_step step;

	take_facts(parent);
	while ((step = readiness_next(&parent->readiness)) != READINESS_WAIT) {
		switch (step) {
		case READINESS_WAIT: break;
		case READINESS_TEST: gatekeeper_selftest(parent->keeper, on_tested, parent); break;
		case READINESS_FAIL:
			say_unproved(parent, "start");
			parent->status = CLI_FAILED;
			parent_end_loop(parent);
			return;
		case READINESS_ANNOUNCE:
			announce();
			parent_upgrade_done(parent);
			break;
		case READINESS_READY: say_ready(parent); break;
		case READINESS_NOT_READY: say_unproved(parent, "not-ready"); break;
		}
	}
	parent_tell_status(parent);
	parent_upgrade_next(parent); /* one may wait for the start's end */
}

static void on_tested(void *arg, bool ok)
{
	struct parent *parent = arg;

	parent->readiness.test_over = true;
	parent->readiness.test_failed = !ok;
	if (!ok)
		log_say(LOG_LEVEL_ERROR, "self-test", "mail does not reach gate25 on every path: see the line above");
	parent_go_on(parent);
}

void parent_on_dnssec(void *arg, const struct dnssec_report *report)
{
	struct parent *parent = arg;

	parent->dnssec = *report;
	parent_go_on(parent);
}
