/* parent_hosts.c - what the workers learn of hosts: to the ledger, and from there to whom it concerns. */
#include "proxy/gate/host_ledger.h"
#include "proxy/parent/parent_private.h"

int64_t parent_now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void parent_on_host(void *arg, unsigned slot, const struct host_news *news)
{
	const struct parent *parent = arg;

	host_ledger_take(parent->hosts, slot, news, parent_now_s());
}

static void on_spread(void *arg, unsigned slot, const struct host_news *news)
{
	const struct parent *parent = arg;

	children_host_send(parent->children, slot, news);
}

static void on_down(void *arg, const struct host_news *news, unsigned seconds)
{
	const struct parent *parent = arg;

	if (parent->keeper != NULL)
		gatekeeper_down(parent->keeper, news, seconds);
}

static void on_changed(void *arg)
{
	parent_tell_status(arg);
}

bool parent_hosts_begin(struct parent *parent)
{
	static const struct host_ledger_events events = { on_spread, on_down, on_changed };

	parent->hosts = host_ledger_new(parent->base, &events, parent);
	return parent->hosts != NULL;
}
