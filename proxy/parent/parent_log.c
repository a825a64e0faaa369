/* parent_log.c - where log lines go: the parent's own, and those that roles send it for syslog. */
#include <syslog.h>

#include "proxy/base/log.h"
#include "proxy/parent/parent_private.h"

static void to_syslog(enum log_level level, const char *line, size_t len)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

	syslog(priorities[level], "%.*s", (int)len, line);
}

void parent_log_apply(const struct conf *conf)
{
	log_init("gate25", conf->log_level, conf->log_format);
	if (conf->log_syslog)
		openlog("gate25", LOG_PID | LOG_NDELAY, LOG_MAIL);
	log_set_sink(conf->log_syslog ? to_syslog : NULL);
}

void parent_log_role(void *arg, enum log_level level, const char *line, size_t len)
{
	(void)arg;
	to_syslog(level, line, len);
}

void parent_log_warning(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	(void)file;
	(void)line;
	log_say(LOG_LEVEL_WARNING, "client-tls", "%s", message);
}
