/* cli_probe_rights.c - who gate25 probe is when it hears a server. The guards know gate25's own connections by uid and
 * mark together, so root becomes the worker's user, keeping NET_RAW until the sockets are marked; then no right is left
 * over. */
#include <stdio.h>
#include <unistd.h>

#include "proxy/base/privdrop.h"
#include "proxy/base/sandbox.h"
#include "proxy/cli/cli_probe.h"
#include "proxy/host/users.h"

#define UID_NOBODY 65534

#define MAY_ANSWER "; where this host's own port 25 is gated, the gate answers in the server's place"

static bool can_mark(void)
{
	uint64_t needed = privdrop_worker_caps();

	return (privdrop_have() & needed) == needed;
}

/* become_worker gives up root. |*out_mark|: whether sockets may be marked. */
static bool become_worker(const struct conf *conf, bool *out_mark, char *err, size_t err_len)
{
	struct role_user users[ROLE_COUNT];
	struct role_user nobody = { .uid = UID_NOBODY, .gid = UID_NOBODY };

	*out_mark = false;
	if (geteuid() != 0) {
		*out_mark = can_mark();
		if (!*out_mark)
			(void)fprintf(stderr, "gate25: not root, so without the gate's mark" MAY_ANSWER "\n");
		return true;
	}
	if (!users_find(users, conf, err, err_len)) {
		(void)fprintf(stderr, "gate25: %s; so without the gate's mark" MAY_ANSWER "\n", err);
		return privdrop_become(nobody.uid, nobody.gid, 0, err, err_len);
	}
	*out_mark = can_mark();
	if (!*out_mark)
		(void)fprintf(stderr, "gate25: root without NET_RAW, so without the gate's mark" MAY_ANSWER "\n");
	return privdrop_become(users[ROLE_WORKER].uid, users[ROLE_WORKER].gid, *out_mark ? privdrop_worker_caps() : 0,
			       err, err_len);
}

bool cli_probe_confine(struct probe *probe, uint16_t port, char *err, size_t err_len)
{
	const struct conf *conf = &probe->settings->conf;
	const struct sandbox_limits limits = { .connect_ports = &port, .connect_ports_count = 1 };
	bool mark;
	bool landlock;

	return become_worker(conf, &mark, err, err_len) &&
	       probe_open_sockets(probe, mark ? conf->mark_own : 0, err, err_len) && privdrop_none(err, err_len) &&
	       sandbox_enter(SANDBOX_WORKER, &limits, &landlock, err, err_len);
}
