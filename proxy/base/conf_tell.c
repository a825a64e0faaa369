/* conf_tell.c - where the errors of a configuration go: a command's terminal, or a role's log. */
#include "proxy/base/conf.h"

#include <stdio.h>

void conf_print(const char *kind, const char *file, unsigned line, const char *message)
{
	if (line > 0)
		(void)fprintf(stderr, "%s:%u: %s: %s\n", file, line, kind, message);
	else
		(void)fprintf(stderr, "%s: %s: %s\n", file, kind, message);
}

void conf_print_error(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	conf_print("error", file, line, message);
}

void conf_log_error(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	if (line > 0)
		log_say(LOG_LEVEL_ERROR, "configuration", "%s:%u: %s", file, line, message);
	else
		log_say(LOG_LEVEL_ERROR, "configuration", "%s: %s", file, message);
}
