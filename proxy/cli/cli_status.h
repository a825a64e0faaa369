/* cli_status.h - the parts of `gate25 status` that can be tested without a gate; cli.h has the command itself. */
#ifndef GATE25_PROXY_CLI_CLI_STATUS_H
#define GATE25_PROXY_CLI_CLI_STATUS_H

#include <jansson.h>
#include <stdio.h>

/* status_text writes what /status.json said for a person to read. Peer text cannot move a terminal's cursor. */
void status_text(const json_t *status, FILE *out);
/* status_fetch asks the control socket at |path|. NULL with errno: EPROTO for an answer that is none. The caller's. */
json_t *status_fetch(const char *path);

#endif
