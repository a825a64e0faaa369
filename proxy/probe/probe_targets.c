/* probe_targets.c - which servers are to be spoken to, and what came of all of them together; see probe.h. */
#include "proxy/probe/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/exit_status.h"
#include "proxy/tls/tls_peer.h"
#include "proxy/worker/upstream.h"

static bool is_listed(const struct probe *probe, const struct addr *address)
{
	for (size_t i = 0; i < probe->count; i++) {
		if (addr_equal(&probe->targets[i].at.addr, address))
			return true;
	}
	return false;
}

static bool add(struct probe *probe, const char *host, const struct addr *address, uint16_t port)
{
	struct probe_target *target;

	if (is_listed(probe, address))
		return true;
	if (probe->count == PROBE_TARGETS_MAX) {
		probe->left_out++;
		return true;
	}
	if (probe->targets == NULL)
		probe->targets = calloc(PROBE_TARGETS_MAX, sizeof(*probe->targets));
	if (probe->targets == NULL)
		return false;
	target = &probe->targets[probe->count++];
	target->at = (struct endpoint){ .addr = *address, .port = port };
	(void)snprintf(target->host, sizeof(target->host), "%s", host);
	for (size_t i = 0; i < COUNT(target->sockets); i++)
		target->sockets[i] = -1;
	probe_set_verdict(probe, probe->count - 1, verdict_ref(probe->verdict));
	return true;
}

bool probe_add_targets(struct probe *probe, const struct addr *only, uint16_t port)
{
	const struct verdict *verdict = probe->verdict;
	const struct verdict_mx *mx;

	if (addr_len(only) > 0) {
		mx = verdict_mx_for(verdict, only);
		return add(probe, mx != NULL ? mx->name : "", only, port);
	}
	for (size_t i = 0; i < verdict->mx_count; i++) {
		mx = &verdict->mx[i];
		for (size_t j = 0; j < mx->addrs_count; j++) {
			if (!add(probe, mx->name, &mx->addrs[j], port))
				return false;
		}
	}
	return true;
}

void probe_set_verdict(struct probe *probe, size_t index, struct verdict *verdict)
{
	struct probe_target *target = &probe->targets[index];
	const struct verdict_mx *mx = verdict_mx_for(verdict, &target->at.addr);

	verdict_unref(target->verdict);
	target->verdict = verdict;
	if (target->host[0] == '\0' && mx != NULL)
		(void)snprintf(target->host, sizeof(target->host), "%s", mx->name);
	probe_terms_of(&target->terms, verdict, &target->at.addr, probe->settings->conf.tls_compat);
	probe_talk_begin(&target->talk, &target->terms, probe->hello);
}

bool probe_open_sockets(struct probe *probe, uint32_t mark, char *err, size_t err_len)
{
	for (size_t i = 0; i < probe->count; i++) {
		struct probe_target *target = &probe->targets[i];
		const struct upstream_plan plan = { .destination = target->at, .mark = mark };
		for (size_t j = 0; j < target->terms.names.count; j++) {
			target->sockets[j] = upstream_socket(&plan, err, err_len);
			if (target->sockets[j] < 0)
				return false;
		}
	}
	return true;
}

int probe_status(const struct probe *probe)
{
	size_t counts[PROBE_OUTCOME_COUNT] = { 0 };

	for (size_t i = 0; i < probe->count; i++)
		counts[probe->targets[i].talk.outcome]++;
	if (probe->verdict->status != VERDICT_OK || counts[PROBE_UNREACHABLE] == probe->count)
		return CLI_UNDECIDED;
	return counts[PROBE_REFUSE] > 0 ? CLI_FAILED : CLI_OK;
}

void probe_cleanup(struct probe *probe)
{
	for (size_t i = 0; i < probe->count; i++) {
		struct probe_target *target = &probe->targets[i];
		for (size_t j = 0; j < COUNT(target->sockets); j++) {
			if (target->sockets[j] >= 0)
				(void)close(target->sockets[j]);
		}
		verdict_unref(target->verdict);
		tls_peer_free(target->peer);
	}
	free(probe->targets);
	verdict_unref(probe->verdict);
	settings_unref(probe->settings);
	*probe = (struct probe){ 0 };
}
