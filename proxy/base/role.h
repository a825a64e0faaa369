/* role.h - how the parent and its roles talk, and how a role starts.
 *
 * A role is a program that the parent re-exec'd with descriptor ROLE_FD as its channel (ipc.h). Configuration, CA
 * bundles, sockets and the ends of other channels come as messages with a descriptor, the same at start, at reload and
 * after another role's restart; ROLE_MSG_START ends the first batch. A role opens no file but in its own folder of
 * state-dir. */
#ifndef GATE25_BASE_ROLE_H
#define GATE25_BASE_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"
#include "proxy/base/dnssec_report.h"
#include "proxy/base/ipc.h"
#include "proxy/base/sandbox.h"

#define ROLE_FD 3

/* Of the messages between roles, and between them and the parent. Any change of one is a new number: a parent that took
 * another program's place connects its monitor with that one's workers only where the numbers are the same. What such a
 * parent and a worker that finishes its sessions tell each other stays as it is for good: DRAIN, and ALIVE, DRAINED,
 * LOG, PEER and COUNTERS from the worker. */
#define ROLE_PROTOCOL 1

enum role { ROLE_WORKER, ROLE_POLICY, ROLE_MONITOR, ROLE_COUNT };

enum role_message {
	/* parent to role; those marked fd carry one */
	ROLE_MSG_CONF = 1, /* fd: sealed text of the configuration; body: u32 generation, u8 flags (ROLE_FLAG_...) */
	ROLE_MSG_CA,       /* fd: sealed PEM; body: u16 index, 0 is the gate's bundle, N conf_ca_file(N) */
	ROLE_MSG_LISTENER, /* fd: a listening socket; body: u8 enum role_listener */
	ROLE_MSG_PEER, /* fd: a channel to another role; body: u8 role, u16 slot. Replaces an earlier one. From a role
			  to the parent, without fd: that channel broke, give me another */
	ROLE_MSG_COUNTERS, /* fd: a worker's counters page; body: u16 slot. To the monitor, and from a worker to the
			      parent */
	ROLE_MSG_START,    /* no more to come: enter the sandbox and run; body: u16 slot */
	ROLE_MSG_RELOAD,   /* the CONF and CA messages since START are whole: use them from now on */
	ROLE_MSG_DRAIN,    /* body: u32 seconds. Accept nothing new; what runs may finish for so long, then end it; send
			      DRAINED */
	ROLE_MSG_STATUS,   /* to the monitor: body is JSON text about the gate itself, for /status.json */
	ROLE_MSG_ANCHORS,  /* fd: sealed text of trust-anchor-file, after the CONF that names one; to policyd */
	ROLE_MSG_LIST,     /* fd: sealed text of list-file, likewise */
	ROLE_MSG_FOLDER,   /* fd (O_PATH): the role's own folder of state-dir, at start only; to policyd and monitor */
	/* fd: sealed PEM that clients are shown; body: u8 enum role_client_tls. Both of them come after a CONF with
	 * client-tls = terminate, to workers. */
	ROLE_MSG_CLIENT_TLS,
	ROLE_MSG_PAST, /* fd: a counters page of what workers counted that are gone; to the monitor, at start only */
	/* role to parent */
	ROLE_MSG_READY = 64, /* in the sandbox, serving */
	ROLE_MSG_ALIVE,      /* every ROLE_ALIVE_S seconds */
	ROLE_MSG_DRAINED,
	ROLE_MSG_LOG,    /* body: u8 level, text */
	ROLE_MSG_DNSSEC, /* from policyd: how DNSSEC does, dnssec_report.h */
	ROLE_MSG_DOWN,   /* from a worker: what it learnt of a host, host_news.h; and from the parent to the others */
};

enum role_listener { ROLE_LISTENER_SMTP, ROLE_LISTENER_HTTP, ROLE_LISTENER_CONTROL };

enum role_client_tls { ROLE_CLIENT_TLS_CERTIFICATE, ROLE_CLIENT_TLS_KEY, ROLE_CLIENT_TLS_COUNT };

#define ROLE_FLAG_NO_RULES 1 /* gate25 does not manage nftables: sidecar */
#define ROLE_FLAG_NO_ROOT  2 /* no capability: no marks, no foreign source addresses */

#define ROLE_ALIVE_S   10
#define ROLE_GRACE_S   5  /* after the time that DRAIN named the parent cuts what still runs */
#define ROLE_SILENT_S  60 /* silent for longer: hung, killed */
#define ROLE_CA_MAX    64
#define ROLE_SLOTS_MAX 1024 /* workers, those that finish after an upgrade included */

/* What came before ROLE_MSG_START. Descriptors are the caller's. */
struct role_start {
	char *conf_text;
	uint32_t generation;
	uint8_t flags;
	struct conf conf; /* parsed from conf_text, log level and format applied */
	char *ca_text[ROLE_CA_MAX];
	unsigned ca_count;
	char *anchors_text; /* NULL: none came */
	char *list_text;    /* likewise */
	int listeners[2];   /* -1: none; worker: [0] SMTP; monitor: [0] HTTP, [1] control */
	int policy_fd;      /* -1: none */
	int monitor_fd;
	int worker_fds[ROLE_SLOTS_MAX]; /* policyd, monitor: by slot; -1: none */
	int counters_fds[ROLE_SLOTS_MAX];
	int past_fd;     /* monitor; -1: none */
	unsigned slot;   /* its own among those of its role */
	bool has_folder; /* see role_folder */

	char *client_tls_text[ROLE_CLIENT_TLS_COUNT]; /* worker: NULL each: none came */
};

const char *role_name(enum role role);

/* role_receive reads the first batch from ROLE_FD, blocking; parses the configuration. A role that cannot start says
 * why and exits. */
void role_receive(struct role_start *out);
void role_start_cleanup(struct role_start *start); /* frees text and conf; closes nothing */
/* role_folder: the path of the role's own folder of state-dir, good as long as the process lives, for
 * sandbox_limits.write_folder and for what is kept there; NULL: there is none, nothing outlives the process. */
const char *role_folder(const struct role_start *start);

/* role_ca_get reads the body of ROLE_MSG_CA; role_conf_get that of ROLE_MSG_CONF; role_peer_get of PEER and COUNTERS.
 */
MUST_CHECK bool role_ca_get(const uint8_t *body, size_t len, unsigned *out_index);
MUST_CHECK bool role_conf_get(const uint8_t *body, size_t len, uint32_t *out_generation, uint8_t *out_flags);
MUST_CHECK bool role_peer_get(const uint8_t *body, size_t len, enum role *out_role, unsigned *out_slot);
MUST_CHECK bool role_client_tls_get(const uint8_t *body, size_t len, enum role_client_tls *out);
MUST_CHECK bool role_slot_get(const uint8_t *body, size_t len, unsigned *out_slot);
MUST_CHECK bool role_drain_get(const uint8_t *body, size_t len, uint32_t *out_limit_s);
/* The parent's side of the same, each sending one message; false as ipc_send. */
MUST_CHECK bool role_ca_send(struct ipc *ipc, unsigned index, int fd);
MUST_CHECK bool role_client_tls_send(struct ipc *ipc, enum role_client_tls which, int fd);
MUST_CHECK bool role_conf_send(struct ipc *ipc, uint32_t generation, uint8_t flags, int fd);
MUST_CHECK bool role_peer_send(struct ipc *ipc, enum role role, unsigned slot, int fd);
MUST_CHECK bool role_slot_send(struct ipc *ipc, enum role_message type, unsigned slot, int fd);
MUST_CHECK bool role_drain_send(struct ipc *ipc, uint32_t limit_s);
MUST_CHECK bool role_listener_send(struct ipc *ipc, enum role_listener kind, int fd);
/* A role's: one message, ROLE_MSG_DNSSEC. */
MUST_CHECK bool role_dnssec_send(struct ipc *ipc, const struct dnssec_report *report);

/* role_sandbox enters the sandbox or ends the process with a log line. */
void role_sandbox(enum sandbox which, const struct sandbox_limits *limits);
/* role_log_through sends log lines to the parent (syslog) over |ipc| from now on; NULL: to standard error again. */
void role_log_through(struct ipc *ipc);

/* role_say_alive sends READY now and ALIVE regularly on |base|, until role_parent_gone. */
void role_say_alive(struct event_base *base, struct ipc *ipc);
/* role_parent_gone: before a role frees its channel to the parent and lives on. Nothing is said to it any more, log
 * lines go to standard error. */
void role_parent_gone(void);

#endif
