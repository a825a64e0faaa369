/* load_conf.h - the configuration as a person's command reads it. */
#ifndef GATE25_POLICY_TOOLS_LOAD_CONF_H
#define GATE25_POLICY_TOOLS_LOAD_CONF_H

#include "proxy/base/conf.h"

/* load_conf reads |path| (NULL: CONF_DEFAULT_PATH) into |out|, which the caller cleans up whatever is returned. False:
 * standard error says why. */
MUST_CHECK bool load_conf(struct conf *out, const char *path);

#endif
