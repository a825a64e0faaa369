/* load_conf.c - see load_conf.h. */
#include "policy/tools/load_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool load_conf(struct conf *out, const char *path)
{
	const char *name = path != NULL ? path : CONF_DEFAULT_PATH;
	char *text = conf_read(name);
	bool ok;

	if (text == NULL) {
		(void)fprintf(stderr, "gate25-policyd: cannot read %s: %s\n", name, strerror(errno));
		return false;
	}
	ok = conf_parse(out, name, text, conf_print_error, NULL);
	free(text);
	return ok;
}
