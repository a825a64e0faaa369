/* pidfile.h - one gate25 a host (or run folder): a locked file with the parent's pid, by which `gate25 stop` finds it.
 */
#ifndef GATE25_PROXY_HOST_PIDFILE_H
#define GATE25_PROXY_HOST_PIDFILE_H

#include <stddef.h>
#include <sys/types.h>

#include "proxy/base/attrib.h"

#define PIDFILE_RUN_DIR "/run/gate25"

/* pidfile_take makes |run_dir| (0755) where it is missing, locks its pid file (0600) and writes this process's pid.
 * Returns a descriptor that holds the lock as long as the process lives; -1 with a sentence. */
MUST_CHECK int pidfile_take(const char *run_dir, char *err, size_t err_len);

/* pidfile_holder returns the pid that holds the lock, 0 if nobody does, -1 with errno where that cannot be told. */
pid_t pidfile_holder(const char *run_dir);

#endif
