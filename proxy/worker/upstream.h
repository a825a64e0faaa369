/* upstream.h - the socket that dials a session's real server. */
#ifndef GATE25_PROXY_WORKER_UPSTREAM_H
#define GATE25_PROXY_WORKER_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"

struct upstream_plan {
	struct endpoint client; /* for port_taken */
	struct endpoint destination;
	struct addr source;  /* bind to this address first; family 0: the kernel chooses */
	bool source_foreign; /* the source is not this host's own: IP_TRANSPARENT */
	uint32_t mark;       /* SO_MARK; 0: none (no privilege) */
	/* Whether |port| of |source| must not be used: the client has it in use towards this destination, and with the
	 * same port both legs would be one connection to conntrack. NULL: any will do. */
	bool (*port_taken)(void *arg, const struct endpoint *client, const struct endpoint *destination, uint16_t port);
	void *port_arg;
};

/* upstream_dial makes a non-blocking socket and starts to connect. Returns it, connecting or connected; -1 with a
 * sentence. */
MUST_CHECK int upstream_dial(const struct upstream_plan *plan, char *err, size_t err_len);

/* Its two halves, for who gives up its privileges in between. */
MUST_CHECK int upstream_socket(const struct upstream_plan *plan, char *err, size_t err_len);
MUST_CHECK bool upstream_connect(int fd, const struct endpoint *destination, char *err, size_t err_len);

#endif
