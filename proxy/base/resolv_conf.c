/* resolv_conf.c - see resolv_conf.h. */
#include "proxy/base/resolv_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/conf.h"

#define DNS_PORT 53

size_t resolv_conf_parse(const char *text, struct endpoint out[RESOLV_CONF_MAX])
{
	char *copy = text != NULL ? strdup(text) : NULL;
	char *rest = copy;
	char *line;
	size_t count = 0;

	while (copy != NULL && count < RESOLV_CONF_MAX && (line = strsep(&rest, "\n")) != NULL) {
		char host[64];
		struct addr addr;
		if (sscanf(line, " nameserver %63s", host) == 1 && addr_parse(&addr, host))
			out[count++] = (struct endpoint){ .addr = addr, .port = DNS_PORT };
	}
	free(copy);
	return count > 0 ? count : (size_t)endpoint_parse(&out[0], "127.0.0.1", DNS_PORT);
}

size_t resolv_conf_read(struct endpoint out[RESOLV_CONF_MAX])
{
	char *text = conf_read_file(RESOLV_CONF_PATH);
	size_t count = resolv_conf_parse(text, out);

	free(text);
	return count;
}
