/* settings.h - what a worker makes of one configuration. A reload makes new ones; a session keeps those that it began
 * with as long as it lives. */
#ifndef GATE25_PROXY_WORKER_SETTINGS_H
#define GATE25_PROXY_WORKER_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"
#include "proxy/tls/tls_trust.h"

struct tls_client_ctx;
struct tls_server_ctx;

struct settings {
	unsigned refs;
	uint32_t generation; /* verdicts of the same generation number the CA bundles of |trust| */
	struct conf conf;
	struct tls_client_ctx *tls;
	struct tls_trust *trust;
	struct tls_server_ctx *client_tls; /* NULL: no client is offered STARTTLS of ours */
};

/* What the parent sent, as text. */
struct settings_texts {
	const char *conf;
	char *const *ca;
	unsigned ca_count;
	char *const *client_tls; /* ROLE_CLIENT_TLS_COUNT of them; NULL: there are no clients */
};

/* settings_new parses |texts|; NULL with a sentence. One reference. */
struct settings *settings_new(const struct settings_texts *texts, uint32_t generation, char error[TLS_ERROR_MAX]);
struct settings *settings_ref(struct settings *settings);
void settings_unref(struct settings *settings); /* NULL is fine */

#endif
