/* cli_args.h - what several commands do with their arguments. */
#ifndef GATE25_PROXY_CLI_CLI_ARGS_H
#define GATE25_PROXY_CLI_CLI_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/attrib.h"
#include "proxy/base/conf.h" /* CONF_NAME_MAX */

/* cli_wrong says a sentence on standard error and returns CLI_USAGE. */
int cli_wrong(const char *format, ...) PRINTF_LIKE(1, 2);

/* cli_host reads a host name, U-labels and one trailing dot allowed, into the form that policy uses: lower-case
 * A-label. False: it is none. */
MUST_CHECK bool cli_host(char out[CONF_NAME_MAX], const char *text);

/* cli_port reads a port from 1 to 65535, decimal. */
MUST_CHECK bool cli_port(uint16_t *out, const char *text);

/* cli_read_file reads a text file for the caller to free; NULL: a sentence was said. */
char *cli_read_file(const char *path);

#endif
