/* last_conf.h - a copy, in state-dir, of the last configuration that the gate ran with. It is for the guard at boot: a
 * file that somebody has broken since must not leave port 25 open. Nothing else is ever taken from it. */
#ifndef GATE25_PROXY_INPUTS_LAST_CONF_H
#define GATE25_PROXY_INPUTS_LAST_CONF_H

#include <stdbool.h>

#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"

/* last_conf_keep keeps |text|, the sound configuration |conf| of the file |path|. Nothing to do, and well, with
 * state-dir = off. False with errno. */
MUST_CHECK bool last_conf_keep(const struct conf *conf, const char *path, const char *text);

/* last_conf_find: what was kept of |path|, in the state-dir that the broken file still names, else in the default one.
 * Where nothing was, an empty configuration but for the user: this host's own port 25. |*out_kept| says which. False:
 * none can be had; |out| is empty. The caller cleans up |out|. */
MUST_CHECK bool last_conf_find(struct conf *out, const char *path, bool *out_kept);

#endif
