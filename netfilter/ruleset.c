/* ruleset.c - see ruleset.h. */
#include "netfilter/ruleset.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "netfilter/batch.h"
#include "netfilter/down.h"
#include "netfilter/plan_nftnl.h"
#include "netfilter/readback.h"
#include "netfilter/say.h"

struct ruleset {
	struct mnl_socket *nl;
	struct plan *installed; /* by us, and not seen altered since; else NULL */
};

static void remember(struct ruleset *rs, struct plan *plan)
{
	plan_free(rs->installed);
	rs->installed = plan;
}

struct ruleset *ruleset_open(char *err, size_t err_len)
{
	struct ruleset *rs = calloc(1, sizeof(*rs));

	if (rs == NULL) {
		(void)say(err, err_len, "out of memory");
		return NULL;
	}
	rs->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (rs->nl == NULL || mnl_socket_bind(rs->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		(void)(errno == EPROTONOSUPPORT
			       ? say(err, err_len, "nftables is not in this kernel (try: modprobe nf_tables)")
			       : say_errno(err, err_len, "cannot open a channel to nftables"));
		ruleset_close(rs);
		return NULL;
	}
	return rs;
}

void ruleset_close(struct ruleset *rs)
{
	if (rs == NULL)
		return;
	if (rs->nl != NULL)
		mnl_socket_close(rs->nl);
	plan_free(rs->installed);
	free(rs);
}

uint32_t ruleset_portid(const struct ruleset *rs)
{
	return mnl_socket_get_portid(rs->nl);
}

static bool commit(struct ruleset *rs, const struct plan *from, const struct plan *plan, char *err, size_t err_len)
{
	struct batch batch = { 0 };
	bool ok;

	batch_begin(&batch);
	if (from != NULL)
		plan_put_change(&batch, from, plan);
	else
		plan_put(&batch, plan);
	ok = batch_commit(&batch, rs->nl, err, err_len) && readback_compare(plan, err, err_len);
	batch_cleanup(&batch);
	return ok;
}

/* What we installed is changed in place where it can be; where that fails somebody was at it, and it is made anew. */
static bool install(struct ruleset *rs, const struct gate_spec *spec, bool guard_only, char *err, size_t err_len)
{
	struct plan *plan = plan_new(spec, guard_only, err, err_len);
	bool ok;

	if (plan == NULL)
		return false;
	ok = (rs->installed != NULL && plan_same_chains(rs->installed, plan) &&
	      commit(rs, rs->installed, plan, err, err_len)) ||
	     commit(rs, NULL, plan, err, err_len);
	remember(rs, ok ? plan : NULL);
	if (!ok)
		plan_free(plan);
	return ok;
}

bool ruleset_install(struct ruleset *rs, const struct gate_spec *spec, char *err, size_t err_len)
{
	return install(rs, spec, false, err, err_len);
}

bool ruleset_install_guard(struct ruleset *rs, const struct gate_spec *spec, char *err, size_t err_len)
{
	return install(rs, spec, true, err, err_len);
}

/* A dump that is given up halfway spoils its socket, so each reading has one of its own. */
bool ruleset_verify(struct ruleset *rs, const struct gate_spec *spec, char *err, size_t err_len)
{
	struct plan *plan = plan_new(spec, false, err, err_len);
	bool ok = plan != NULL && readback_compare(plan, err, err_len);

	plan_free(plan);
	if (!ok)
		remember(rs, NULL);
	return ok;
}

static bool remove_tables(struct ruleset *rs, bool guard_too, char *err, size_t err_len)
{
	struct batch batch = { 0 };
	bool ok;

	remember(rs, NULL);
	batch_begin(&batch);
	plan_put_delete(&batch, RULESET_TABLE);
	if (guard_too)
		plan_put_delete(&batch, RULESET_TABLE_GUARD);
	ok = batch_commit(&batch, rs->nl, err, err_len);
	batch_cleanup(&batch);
	return ok;
}

bool ruleset_remove_interception(struct ruleset *rs, char *err, size_t err_len)
{
	return remove_tables(rs, false, err, err_len);
}

bool ruleset_remove(struct ruleset *rs, char *err, size_t err_len)
{
	return remove_tables(rs, true, err, err_len);
}

bool ruleset_down(struct ruleset *rs, const struct down_host *hosts, size_t count, char *err, size_t err_len)
{
	struct batch batch = { 0 };
	bool ok;

	batch_begin(&batch);
	for (size_t i = 0; i < count; i++)
		down_put(&batch, &hosts[i]);
	ok = batch.count == 0 || batch_commit(&batch, rs->nl, err, err_len);
	batch_cleanup(&batch);
	return ok;
}
