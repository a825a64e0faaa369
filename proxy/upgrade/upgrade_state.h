/* upgrade_state.h - what a parent hands to the program that takes its place in the same process: which descriptors are
 * what, which roles still run, what was counted. Plain values with a writer and a reader.
 *
 * The two are of different versions of the program. A reader takes the versions that it knows and refuses all others:
 * a change here, or of what is meant here, is a new UPGRADE_STATE_VERSION. */
#ifndef GATE25_PROXY_UPGRADE_UPGRADE_STATE_H
#define GATE25_PROXY_UPGRADE_UPGRADE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proxy/base/attrib.h"
#include "proxy/base/role.h"
#include "proxy/monitor/counters_past.h"

#define UPGRADE_STATE_VERSION 1
#define UPGRADE_PATH_MAX      4096
#define UPGRADE_SOCKETS_MAX   256
#define UPGRADE_CHILDREN_MAX  (ROLE_SLOTS_MAX + 2 * UPGRADE_GROUPS_MAX)
#define UPGRADE_GROUPS_MAX    16
#define UPGRADE_FD_MAX        (1U << 20)
#define UPGRADE_STATE_MAX     (256U << 10) /* octets */

struct upgrade_child {
	unsigned group;
	enum role role;
	unsigned slot;
	pid_t pid;
	int ipc_fd;
	int counters_fd; /* -1: none */
};

/* The roles that were started together; the last group is the one that was not told to end yet. */
struct upgrade_group {
	unsigned protocol; /* ROLE_PROTOCOL of its program */
	uint32_t left_s;   /* what is left of its drain-limit; the last group: 0 */
};

struct upgrade_state {
	char conf_path[UPGRADE_PATH_MAX];
	char program[UPGRADE_PATH_MAX]; /* gate25 */
	uint32_t attempt;               /* which upgrade this is */
	uint32_t generation;            /* of the configuration */
	uint32_t repairs;
	uint64_t started_s;
	/* Descriptors; -1: there is none. */
	int conf_fd; /* sealed text of the configuration in force */
	int pid_fd;
	int http_fd;
	int control_fd;
	int program_fd; /* of the program that wrote this: where the new one does not get ready, that runs again */
	int policy_fd;
	int folder_fds[ROLE_COUNT];
	unsigned sockets_count;
	int sockets[UPGRADE_SOCKETS_MAX]; /* SMTP */
	unsigned groups_count;
	struct upgrade_group groups[UPGRADE_GROUPS_MAX];
	unsigned children_count;
	struct upgrade_child children[UPGRADE_CHILDREN_MAX];
	struct counters_past past;   /* of workers that are gone */
	struct counters_past living; /* of those whose pages are among |children| */
};

/* upgrade_state_seal writes the state into sealed memory. -1 with errno. */
MUST_CHECK int upgrade_state_seal(const struct upgrade_state *state);
/* upgrade_state_read: |out| is the caller's to free. False with a sentence. */
MUST_CHECK bool upgrade_state_read(struct upgrade_state **out, int fd, char *err, size_t err_len);

/* The same without memory files. put returns the length, 0: it does not fit. */
size_t upgrade_state_put(const struct upgrade_state *state, uint8_t *buf, size_t cap);
MUST_CHECK bool upgrade_state_get(struct upgrade_state *out, const uint8_t *bytes, size_t len, char *err,
				  size_t err_len);

/* upgrade_state_each calls |fn| with each descriptor in the state that is one. It may change it. */
void upgrade_state_each(struct upgrade_state *state, void (*fn)(void *arg, int *fd), void *arg);

#endif
