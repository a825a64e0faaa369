/* policyd_main.c - the role's life: start, sandbox, the parent's messages, end. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/daemon/policyd.h"
#include "proxy/base/ipc.h"
#include "proxy/base/log.h"
#include "proxy/base/role.h"
#include "proxy/base/sealed.h"

struct role_state {
	struct event_base *base;
	struct ipc *parent;
	struct policyd *policyd;
	struct role_start start;
	struct conf *conf;      /* in use: start.conf, or one of a reload */
	struct conf *next_conf; /* has come, waits for RELOAD */
	uint32_t next_generation;
};

static void conf_free(struct role_state *state, struct conf *conf)
{
	if (conf == NULL || conf == &state->start.conf)
		return;
	conf_cleanup(conf);
	free(conf);
}

static void on_conf_error(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	log_say(LOG_LEVEL_ERROR, "configuration", "%s:%u: %s", file, line, message);
}

static bool take_conf(struct role_state *state, const uint8_t *body, size_t len, int fd)
{
	uint8_t flags;
	size_t text_len;
	char *text = fd >= 0 ? sealed_read(fd, &text_len) : NULL;
	struct conf *conf = calloc(1, sizeof(*conf));
	bool ok = text != NULL && conf != NULL && role_conf_get(body, len, &state->next_generation, &flags);

	/* The parent has parsed the same text already: what fails here is memory, and the old one stays. */
	if (ok && !conf_parse(conf, "gate25.conf", text, on_conf_error, NULL)) {
		conf_cleanup(conf);
		ok = false;
	}
	free(text);
	if (!ok) {
		free(conf);
		log_say(LOG_LEVEL_ERROR, "reload", "the new configuration could not be read");
		return false;
	}
	conf_free(state, state->next_conf);
	state->next_conf = conf;
	return true;
}

static bool reload(struct role_state *state)
{
	if (state->next_conf == NULL)
		return false;
	if (!policyd_reload(state->policyd, state->next_conf, state->next_generation)) {
		log_say(LOG_LEVEL_ERROR, "reload", "out of memory");
		return false;
	}
	conf_free(state, state->conf);
	state->conf = state->next_conf;
	state->next_conf = NULL;
	log_init(log_role(), state->conf->log_level, state->conf->log_format);
	return true;
}

static bool take_peer(struct role_state *state, const uint8_t *body, size_t len, int *fd)
{
	enum role role;
	unsigned slot;

	if (!role_peer_get(body, len, &role, &slot) || *fd < 0)
		return false;
	if (role == ROLE_WORKER) {
		policyd_add_worker(state->policyd, slot, *fd);
		*fd = -1;
	}
	return true;
}

static bool drain(struct role_state *state)
{
	if (!ipc_send(state->parent, ROLE_MSG_DRAINED, NULL, 0, -1))
		return false;
	/* Workers may still ask while they finish their sessions: the parent's closing the channel is the end. */
	return true;
}

/* A message that this role does not understand means a parent of another version: better restarted than half led. */
static bool on_parent(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct role_state *state = arg;
	bool ok = true;

	switch (type) {
	case ROLE_MSG_CONF: ok = take_conf(state, body, len, fd); break;
	case ROLE_MSG_CA: break; /* policyd judges no certificate */
	case ROLE_MSG_PEER: ok = take_peer(state, body, len, &fd); break;
	case ROLE_MSG_RELOAD: ok = reload(state); break;
	case ROLE_MSG_DRAIN: ok = drain(state); break;
	default: ok = false; break;
	}
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

static void on_parent_closed(void *arg)
{
	struct role_state *state = arg;

	role_log_through(NULL);
	(void)event_base_loopbreak(state->base);
}

static void add_first_peers(struct role_state *state)
{
	for (unsigned i = 0; i < ROLE_SLOTS_MAX; i++) {
		if (state->start.worker_fds[i] >= 0)
			policyd_add_worker(state->policyd, i, state->start.worker_fds[i]);
	}
	if (state->start.monitor_fd >= 0)
		(void)close(state->start.monitor_fd); /* nothing to tell it yet */
}

int policyd_main(void)
{
	struct role_state state = { 0 };
	struct sandbox_limits limits = { 0 };
	struct dns_limits dns_limits = DNS_LIMITS_DEFAULT;
	struct mx_cache_limits mx_limits = MX_CACHE_LIMITS_DEFAULT;

	log_init("policy", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	role_receive(&state.start);
	state.conf = &state.start.conf;
	state.base = event_base_new();
	if (state.base == NULL)
		log_die("start", "no event base: %s", strerror(errno));
	state.parent = ipc_new(state.base, ROLE_FD, on_parent, on_parent_closed, &state);
	state.policyd = policyd_new(state.base, state.conf, state.start.generation, &dns_limits, &mx_limits);
	if (state.parent == NULL || state.policyd == NULL)
		log_die("start", "out of memory");
	add_first_peers(&state);
	if (state.conf->log_syslog)
		role_log_through(state.parent);
	role_sandbox(SANDBOX_POLICY, &limits);
	role_say_alive(state.base, state.parent);
	(void)event_base_dispatch(state.base);
	policyd_free(state.policyd);
	conf_free(&state, state.next_conf);
	conf_free(&state, state.conf);
	role_start_cleanup(&state.start);
	return 0;
}
