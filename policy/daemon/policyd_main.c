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

struct inputs { /* one configuration and what it names */
	struct conf conf;
	uint32_t generation;
	char *anchors; /* NULL: none */
	char *list;    /* likewise */
	char *ca;      /* the gate's bundle */
};

struct role_state {
	struct event_base *base;
	struct ipc *parent;
	struct policyd *policyd;
	struct role_start start;
	struct inputs *inputs; /* in use */
	struct inputs *next;   /* have come, wait for RELOAD */
};

static void inputs_free(struct inputs *inputs)
{
	if (inputs == NULL)
		return;
	conf_cleanup(&inputs->conf);
	free(inputs->anchors);
	free(inputs->list);
	free(inputs->ca);
	free(inputs);
}

static struct policyd_inputs inputs_of(const struct inputs *inputs)
{
	return (struct policyd_inputs){ .conf = &inputs->conf,
					.trust_anchors = inputs->anchors,
					.list_text = inputs->list,
					.ca_text = inputs->ca,
					.generation = inputs->generation };
}

/* take_conf begins the next inputs. */
static bool take_conf(struct role_state *state, const uint8_t *body, size_t len, int fd)
{
	uint8_t flags;
	size_t text_len;
	char *text = fd >= 0 ? sealed_read(fd, &text_len) : NULL;
	struct inputs *next = calloc(1, sizeof(*next));
	bool ok = text != NULL && next != NULL && role_conf_get(body, len, &next->generation, &flags);

	/* The parent has parsed the same text already: what fails here is memory, and the old one stays. */
	ok = ok && conf_parse(&next->conf, "gate25.conf", text, conf_log_error, NULL);
	free(text);
	if (!ok) {
		inputs_free(next);
		log_say(LOG_LEVEL_ERROR, "reload", "the new configuration could not be read");
		return false;
	}
	inputs_free(state->next);
	state->next = next;
	return true;
}

/* take_text: |at| belongs to the next inputs. */
static bool take_text(char **at, int fd)
{
	size_t len;

	free(*at);
	*at = fd >= 0 ? sealed_read(fd, &len) : NULL;
	return *at != NULL;
}

/* The bundles of rules are for mail servers, whom policyd does not talk to. */
static bool take_ca(struct role_state *state, const uint8_t *body, size_t len, int fd)
{
	unsigned index;

	if (state->next == NULL || !role_ca_get(body, len, &index))
		return false;
	return index != 0 || take_text(&state->next->ca, fd);
}

static bool reload(struct role_state *state)
{
	struct policyd_inputs inputs;

	if (state->next == NULL)
		return false;
	inputs = inputs_of(state->next);
	/* A role that cannot follow is better restarted with what the others have. */
	if (!policyd_reload(state->policyd, &inputs))
		return false;
	inputs_free(state->inputs);
	state->inputs = state->next;
	state->next = NULL;
	log_init(log_role(), state->inputs->conf.log_level, state->inputs->conf.log_format);
	return true;
}

static void on_dnssec(void *arg, const struct dnssec_report *report)
{
	struct role_state *state = arg;

	if (!role_dnssec_send(state->parent, report))
		log_say(LOG_LEVEL_ERROR, "dnssec", "the parent could not be told of the self-test");
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
	policyd_let_go(state->policyd);
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
	case ROLE_MSG_ANCHORS: ok = state->next != NULL && take_text(&state->next->anchors, fd); break;
	case ROLE_MSG_LIST: ok = state->next != NULL && take_text(&state->next->list, fd); break;
	case ROLE_MSG_CA: ok = take_ca(state, body, len, fd); break;
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

/* take_start takes conf, trust anchors, list and CA bundle over from what came before START. */
static void take_start(struct role_state *state)
{
	struct inputs *inputs = calloc(1, sizeof(*inputs));

	if (inputs == NULL)
		log_die("start", "out of memory");
	inputs->conf = state->start.conf;
	inputs->generation = state->start.generation;
	inputs->anchors = state->start.anchors_text;
	inputs->list = state->start.list_text;
	state->start.conf = (struct conf){ 0 };
	state->start.anchors_text = NULL;
	state->start.list_text = NULL;
	inputs->ca = state->start.ca_text[0];
	state->start.ca_text[0] = NULL;
	state->inputs = inputs;
}

int policyd_main(void)
{
	struct role_state state = { 0 };
	struct sandbox_limits limits = { 0 };
	struct dns_limits dns_limits = DNS_LIMITS_DEFAULT;
	struct mx_cache_limits mx_limits = MX_CACHE_LIMITS_DEFAULT;
	struct policyd_inputs inputs;

	log_init("policy", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	role_receive(&state.start);
	take_start(&state);
	state.base = event_base_new();
	if (state.base == NULL)
		log_die("start", "no event base: %s", strerror(errno));
	state.parent = ipc_new(state.base, ROLE_FD, on_parent, on_parent_closed, &state);
	inputs = inputs_of(state.inputs);
	inputs.folder = role_folder(&state.start);
	state.policyd = policyd_new(state.base, &inputs, &dns_limits, &mx_limits);
	if (state.parent == NULL || state.policyd == NULL)
		log_die("start", "the policy service cannot be set up");
	policyd_report_to(state.policyd, on_dnssec, &state);
	add_first_peers(&state);
	if (state.inputs->conf.log_syslog)
		role_log_through(state.parent);
	limits.write_folder = role_folder(&state.start);
	role_sandbox(SANDBOX_POLICY, &limits);
	role_say_alive(state.base, state.parent);
	(void)event_base_dispatch(state.base);
	policyd_free(state.policyd);
	inputs_free(state.next);
	inputs_free(state.inputs);
	role_start_cleanup(&state.start);
	return 0;
}
