/* client_tls.h - the client's leg of a session turns to TLS: what settings.h holds for it, put on leg.h. */
#ifndef GATE25_PROXY_WORKER_CLIENT_TLS_H
#define GATE25_PROXY_WORKER_CLIENT_TLS_H

#include <stdbool.h>

#include "proxy/base/attrib.h"

struct leg;
struct session_tls;
struct settings;

/* client_tls_start starts gate25's end of the client's STARTTLS on |leg|; tls_ready or tls_failed of the leg follows.
 * False: it cannot be set up, and nothing follows. */
MUST_CHECK bool client_tls_start(struct leg *leg, const struct settings *settings);
/* client_tls_describe says, after tls_ready, what was negotiated. */
void client_tls_describe(struct leg *leg, struct session_tls *out);

#endif
