/* host_link.h - carries what a worker learns of hosts to the parent, and what the other workers learnt to it. */
#ifndef GATE25_PROXY_WORKER_HOST_LINK_H
#define GATE25_PROXY_WORKER_HOST_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"
#include "proxy/base/host_news.h"

struct host_memory;
struct ipc;

/* host_link_tell: best effort; what a full channel does not take, the others learn by themselves. NULL: no parent. */
void host_link_tell(struct ipc *parent, const struct host_news *news);
/* host_link_hear takes the body of ROLE_MSG_DOWN; false: malformed. */
MUST_CHECK bool host_link_hear(struct host_memory *memory, const uint8_t *body, size_t len);

#endif
