/* ipc.h - one end of a channel between two gate25 processes: SOCK_SEQPACKET, whole messages, bounded queue, never
 * blocks.
 *
 * A message is a u16 type and a body (wire.h), at most WIRE_MAX octets, with at most one file descriptor. A message
 * that its reader refuses costs the channel its life, never the process. */
#ifndef GATE25_BASE_IPC_H
#define GATE25_BASE_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

struct event_base;
struct ipc;

#define IPC_QUEUE_MAX 256 /* messages waiting for the peer; one more is refused */

/* Handles one message. |body| is borrowed for the call. |fd| is the callee's to close, -1 if none came along. False:
 * the message is malformed; the channel is closed and |closed| is called. The handler must not free |ipc|. */
typedef bool ipc_message_fn(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd);
/* The channel is dead: the peer is gone or was thrown out. Called once, never from inside ipc_send; may free |ipc|. */
typedef void ipc_closed_fn(void *arg);

/* ipc_new takes |fd| (made non-blocking), also when it returns NULL. */
struct ipc *ipc_new(struct event_base *base, int fd, ipc_message_fn *message, ipc_closed_fn *closed, void *arg);
void ipc_free(struct ipc *ipc); /* closes the descriptor; NULL is fine */

/* ipc_send queues one message. |fd| (-1: none) is duplicated; the caller keeps its own. False: queue full, channel
 * dead, or too large; nothing was sent. */
MUST_CHECK bool ipc_send(struct ipc *ipc, uint16_t type, const void *body, size_t len, int fd);
/* ipc_room: whether ipc_send would take another message now. */
bool ipc_room(const struct ipc *ipc);
int ipc_fd(const struct ipc *ipc);        /* borrowed: for handing the channel on over an exec */
size_t ipc_queued(const struct ipc *ipc); /* messages that wait for the peer */

/* ipc_pair makes a connected pair, close-on-exec. */
MUST_CHECK bool ipc_pair(int out_fds[2]);

#endif
