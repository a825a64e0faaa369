/* upgrade_state.c - see upgrade_state.h. */
#include "proxy/upgrade/upgrade_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/sealed.h"

#define MAGIC 0x6761746532357570ULL /* "gate25up" */
#define NO_FD UINT32_MAX

/* --- writer and reader, part by part -------------------------------------------------------------------------------
 */

static void put_fd(struct wire_writer *w, int fd)
{
	wire_put_u32(w, fd < 0 ? NO_FD : (uint32_t)fd);
}

/* The first three belong to whoever started gate25. */
static int get_fd(struct wire_reader *r)
{
	uint32_t fd = wire_get_u32(r);

	if (fd == NO_FD)
		return -1;
	if (fd < 3 || fd > UPGRADE_FD_MAX)
		r->failed = true;
	return r->failed ? -1 : (int)fd;
}

static void put_fds(struct wire_writer *w, const struct upgrade_state *state)
{
	put_fd(w, state->conf_fd);
	put_fd(w, state->pid_fd);
	put_fd(w, state->http_fd);
	put_fd(w, state->control_fd);
	put_fd(w, state->program_fd);
	put_fd(w, state->policy_fd);
	for (size_t i = 0; i < ROLE_COUNT; i++)
		put_fd(w, state->folder_fds[i]);
	wire_put_u16(w, (uint16_t)state->sockets_count);
	for (unsigned i = 0; i < state->sockets_count; i++)
		put_fd(w, state->sockets[i]);
}

static unsigned get_count(struct wire_reader *r, unsigned max)
{
	unsigned count = wire_get_u16(r);

	if (count > max)
		r->failed = true;
	return r->failed ? 0 : count;
}

static void get_fds(struct wire_reader *r, struct upgrade_state *out)
{
	out->conf_fd = get_fd(r);
	out->pid_fd = get_fd(r);
	out->http_fd = get_fd(r);
	out->control_fd = get_fd(r);
	out->program_fd = get_fd(r);
	out->policy_fd = get_fd(r);
	for (size_t i = 0; i < ROLE_COUNT; i++)
		out->folder_fds[i] = get_fd(r);
	out->sockets_count = get_count(r, UPGRADE_SOCKETS_MAX);
	for (unsigned i = 0; i < out->sockets_count; i++) {
		out->sockets[i] = get_fd(r);
		if (out->sockets[i] < 0)
			r->failed = true;
	}
}

static void put_roles(struct wire_writer *w, const struct upgrade_state *state)
{
	wire_put_u16(w, (uint16_t)state->groups_count);
	for (unsigned i = 0; i < state->groups_count; i++) {
		wire_put_u16(w, (uint16_t)state->groups[i].protocol);
		wire_put_u32(w, state->groups[i].left_s);
	}
	wire_put_u16(w, (uint16_t)state->children_count);
	for (unsigned i = 0; i < state->children_count; i++) {
		const struct upgrade_child *child = &state->children[i];
		wire_put_u16(w, (uint16_t)child->group);
		wire_put_u8(w, (uint8_t)child->role);
		wire_put_u16(w, (uint16_t)child->slot);
		wire_put_u32(w, (uint32_t)child->pid);
		put_fd(w, child->ipc_fd);
		put_fd(w, child->counters_fd);
	}
}

static void get_child(struct wire_reader *r, struct upgrade_child *out, unsigned groups)
{
	uint32_t pid;

	out->group = wire_get_u16(r);
	out->role = (enum role)wire_get_enum(r, ROLE_COUNT);
	out->slot = wire_get_u16(r);
	pid = wire_get_u32(r);
	out->ipc_fd = get_fd(r);
	out->counters_fd = get_fd(r);
	if (out->group >= groups || out->slot >= ROLE_SLOTS_MAX || pid < 2 || pid > INT32_MAX || out->ipc_fd < 0)
		r->failed = true;
	out->pid = r->failed ? 0 : (pid_t)pid;
}

static void get_roles(struct wire_reader *r, struct upgrade_state *out)
{
	out->groups_count = get_count(r, UPGRADE_GROUPS_MAX);
	for (unsigned i = 0; i < out->groups_count; i++) {
		out->groups[i].protocol = wire_get_u16(r);
		out->groups[i].left_s = wire_get_u32(r);
	}
	out->children_count = get_count(r, UPGRADE_CHILDREN_MAX);
	for (unsigned i = 0; i < out->children_count && !r->failed; i++)
		get_child(r, &out->children[i], out->groups_count);
}

/* --- the whole -----------------------------------------------------------------------------------------------------
 */

size_t upgrade_state_put(const struct upgrade_state *state, uint8_t *buf, size_t cap)
{
	struct wire_writer w;

	wire_writer_init(&w, buf, cap);
	wire_put_u64(&w, MAGIC);
	wire_put_u16(&w, UPGRADE_STATE_VERSION);
	wire_put_str(&w, state->conf_path);
	wire_put_str(&w, state->program);
	wire_put_u32(&w, state->attempt);
	wire_put_u32(&w, state->generation);
	wire_put_u32(&w, state->repairs);
	wire_put_u64(&w, state->started_s);
	put_fds(&w, state);
	put_roles(&w, state);
	counters_past_put(&w, &state->past);
	counters_past_put(&w, &state->living);
	return w.failed ? 0 : w.len;
}

static int by_number(const void *a, const void *b)
{
	int x = *(const int *)a;
	int y = *(const int *)b;

	return (x > y) - (x < y);
}

struct list {
	int fds[UPGRADE_SOCKETS_MAX + 2 * UPGRADE_CHILDREN_MAX + 6 + ROLE_COUNT];
	size_t count;
};

static void note(void *arg, int *fd)
{
	struct list *list = arg;

	list->fds[list->count++] = *fd;
}

/* sound: no descriptor is two things, no worker two processes, and there is what nobody can do without. */
static bool sound(struct upgrade_state *state)
{
	bool taken[ROLE_SLOTS_MAX] = { false };
	struct list list = { .count = 0 };

	if (state->conf_fd < 0 || state->pid_fd < 0 || state->sockets_count == 0 || state->groups_count == 0 ||
	    state->conf_path[0] == '\0' || state->program[0] != '/')
		return false;
	for (unsigned i = 0; i < state->children_count; i++) {
		const struct upgrade_child *child = &state->children[i];
		if (child->role != ROLE_WORKER)
			continue;
		if (taken[child->slot])
			return false;
		taken[child->slot] = true;
	}
	upgrade_state_each(state, note, &list);
	qsort(list.fds, list.count, sizeof(*list.fds), by_number);
	for (size_t i = 1; i < list.count; i++) {
		if (list.fds[i] == list.fds[i - 1])
			return false;
	}
	return true;
}

bool upgrade_state_get(struct upgrade_state *out, const uint8_t *bytes, size_t len, char *err, size_t err_len)
{
	struct wire_reader r;
	uint64_t magic;
	unsigned version;

	memset(out, 0, sizeof(*out));
	wire_reader_init(&r, bytes, len);
	magic = wire_get_u64(&r);
	version = wire_get_u16(&r);
	if (r.failed || magic != MAGIC) {
		(void)snprintf(err, err_len, "the state is no state of gate25's");
		return false;
	}
	if (version != UPGRADE_STATE_VERSION) {
		(void)snprintf(err, err_len,
			       "the state has version %u and this program knows version %d: restart gate25 instead",
			       version, UPGRADE_STATE_VERSION);
		return false;
	}
	wire_get_str(&r, out->conf_path, sizeof(out->conf_path));
	wire_get_str(&r, out->program, sizeof(out->program));
	out->attempt = wire_get_u32(&r);
	out->generation = wire_get_u32(&r);
	out->repairs = wire_get_u32(&r);
	out->started_s = wire_get_u64(&r);
	get_fds(&r, out);
	get_roles(&r, out);
	if (!counters_past_get(&r, &out->past) || !counters_past_get(&r, &out->living) || !wire_done(&r) ||
	    !sound(out)) {
		(void)snprintf(err, err_len, "the state is malformed");
		return false;
	}
	return true;
}

int upgrade_state_seal(const struct upgrade_state *state)
{
	uint8_t *buf = malloc(UPGRADE_STATE_MAX);
	size_t len = buf != NULL ? upgrade_state_put(state, buf, UPGRADE_STATE_MAX) : 0;
	int fd = len > 0 ? sealed_new("gate25-upgrade", buf, len) : -1;
	int saved = len > 0 ? errno : ENOMEM;

	free(buf);
	errno = saved;
	return fd;
}

bool upgrade_state_read(struct upgrade_state **out, int fd, char *err, size_t err_len)
{
	size_t len = 0;
	char *bytes = sealed_read(fd, &len);
	struct upgrade_state *state = malloc(sizeof(*state));
	bool ok = false;

	if (bytes == NULL || state == NULL)
		(void)snprintf(err, err_len, "the state cannot be read: %s", strerror(errno));
	else
		ok = upgrade_state_get(state, (const uint8_t *)bytes, len, err, err_len);
	free(bytes);
	if (!ok)
		free(state);
	*out = ok ? state : NULL;
	return ok;
}

void upgrade_state_each(struct upgrade_state *state, void (*fn)(void *arg, int *fd), void *arg)
{
	int *const singles[] = { &state->conf_fd,    &state->pid_fd,     &state->http_fd,
				 &state->control_fd, &state->program_fd, &state->policy_fd };

	for (size_t i = 0; i < COUNT(singles); i++) {
		if (*singles[i] >= 0)
			fn(arg, singles[i]);
	}
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		if (state->folder_fds[i] >= 0)
			fn(arg, &state->folder_fds[i]);
	}
	for (unsigned i = 0; i < state->sockets_count; i++) {
		if (state->sockets[i] >= 0)
			fn(arg, &state->sockets[i]);
	}
	for (unsigned i = 0; i < state->children_count; i++) {
		if (state->children[i].ipc_fd >= 0)
			fn(arg, &state->children[i].ipc_fd);
		if (state->children[i].counters_fd >= 0)
			fn(arg, &state->children[i].counters_fd);
	}
}
