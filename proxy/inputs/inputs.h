/* inputs.h - what the parent reads from files and hands to its roles as sealed memory: the configuration with the
 * system's resolvers filled in, the CA bundles, the DNSSEC trust anchors and the STARTTLS-Everywhere list. Read again,
 * whole, at each reload; the old inputs stay until the new are sound. */
#ifndef GATE25_PROXY_INPUTS_INPUTS_H
#define GATE25_PROXY_INPUTS_INPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/conf.h"
#include "proxy/base/role.h"
#include "proxy/inputs/client_certificate.h"
#include "proxy/inputs/list_input.h"

struct inputs {
	struct conf conf;
	uint32_t generation; /* 1 at start, one more at each reload */
	int conf_fd;         /* sealed text */
	int anchors_fd;      /* sealed text of trust-anchor-file; -1: there is none */
	struct list_input list;
	int ca_fds[ROLE_CA_MAX]; /* sealed PEM; [0] is the gate's bundle */
	unsigned ca_count;
	int client_tls_fds[ROLE_CLIENT_TLS_COUNT]; /* sealed PEM that clients are shown; -1: none */
};

/* inputs_load reads |path| and all that it names, what clients are shown aside. A missing file at CONF_DEFAULT_PATH is
 * an empty one. |before|: at a reload those in force, of which these are the next generation; else NULL. False: every
 * error was told to |error|; |out| is empty. True after an error: what list_input.h says of a list. */
MUST_CHECK bool inputs_load(struct inputs *out, const char *path, const struct inputs *before, conf_error_fn *error,
			    void *arg);
/* inputs_load_for_run reads that too: it has a key, which not everybody who asks about a policy may read. */
MUST_CHECK bool inputs_load_for_run(struct inputs *out, const char *path, const struct inputs *before,
				    conf_error_fn *error, void *arg);
/* inputs_load_kept is the same of a text that was in force, |conf_fd| of earlier inputs, whatever |path| holds now. */
MUST_CHECK bool inputs_load_kept(struct inputs *out, const char *path, int conf_fd, conf_error_fn *error, void *arg);
/* inputs_load_conf reads the configuration alone: enough for the rules, which must not fail at boot for want of a CA
 * file. False: every error was told; |out| is empty. */
MUST_CHECK bool inputs_load_conf(struct conf *out, const char *path, conf_error_fn *error, void *arg);
/* inputs_renew_client_tls replaces what clients are shown as client_certificate_load does. False: |said|, and nothing
 * changed. */
MUST_CHECK bool inputs_renew_client_tls(struct inputs *inputs, time_t now, char said[CLIENT_CERTIFICATE_SAID_MAX]);
/* inputs_same_conf: whether both came of the very same configuration. */
bool inputs_same_conf(const struct inputs *a, const struct inputs *b);
void inputs_cleanup(struct inputs *inputs);

#endif
