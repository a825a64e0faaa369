/* resolv_conf.h - the system's resolvers, for a configuration that names none. */
#ifndef GATE25_BASE_RESOLV_CONF_H
#define GATE25_BASE_RESOLV_CONF_H

#include <stddef.h>

#include "proxy/base/addr.h"

#define RESOLV_CONF_PATH "/etc/resolv.conf"
#define RESOLV_CONF_MAX  3 /* as in resolv.conf(5) */

/* resolv_conf_parse takes the nameservers of |text|, in its order; 127.0.0.1 where it names none that can be read, or
 * is NULL. Port 53. Returns how many, at least 1. */
size_t resolv_conf_parse(const char *text, struct endpoint out[RESOLV_CONF_MAX]);
/* resolv_conf_read is the same of RESOLV_CONF_PATH. */
size_t resolv_conf_read(struct endpoint out[RESOLV_CONF_MAX]);

#endif
