/* parent_limits.c - what the parent gives up, and what it needs more of. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "proxy/base/log.h"
#include "proxy/base/privdrop.h"
#include "proxy/parent/parent_private.h"

bool parent_limit(const struct parent *parent, char *err, size_t err_len)
{
	static const int keep[] = { CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_SETUID, CAP_SETGID,
				    CAP_SETPCAP,   CAP_KILL };
	uint64_t caps = 0;

	for (size_t i = 0; i < COUNT(keep); i++)
		caps |= PRIVDROP_CAP(keep[i]);
	if (parent->root)
		return privdrop_limit(caps, err, err_len);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return true;
	(void)snprintf(err, err_len, "cannot set no-new-privs: %s", strerror(errno));
	return false;
}

/* Each session holds two sockets. */
void parent_raise_limits(const struct conf *conf)
{
	const unsigned wanted = conf_files_wanted(conf->max_sessions);
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_max >= wanted)
		log_say(LOG_LEVEL_INFO, "limits", "%llu open files for each process, and max-sessions = %u wants %u",
			(unsigned long long)files.rlim_max, conf->max_sessions, wanted);
	else
		log_say(LOG_LEVEL_WARNING, "limits",
			"max-sessions = %u wants %u open files and the limit is %llu: past it clients are refused "
			"(LimitNOFILE, ulimit -n)",
			conf->max_sessions, wanted, (unsigned long long)files.rlim_max);
}
