/* selftest.h - does a connection through each interception chain reach the listener? A child process tries.
 *
 * The parent: ruleset_install with |selftest| set, selftest_start, selftest_read when the descriptor is readable (the
 * child ends within SELFTEST_SECONDS), waitpid, and ruleset_install with |selftest| unset. A worker knows the try by
 * its destination (origdst.h) and closes it. */
#ifndef GATE25_NETFILTER_SELFTEST_H
#define GATE25_NETFILTER_SELFTEST_H

#include <stddef.h>
#include <sys/types.h>

#include "netfilter/gate.h"
#include "proxy/base/attrib.h"

#define SELFTEST_SECONDS 15

enum selftest_result {
	SELFTEST_FAILED = 0, /* a path does not reach the listener: the sentence says which and where to look */
	SELFTEST_REACHED,    /* every path in scope does */
	SELFTEST_SKIPPED,    /* some path could not be tried (no /dev/net/tun, no route); the rest reached. A warning */
};

/* selftest_start forks. Returns the child's pid and a close-on-exec descriptor; -1 with a sentence. |spec| is used by
 * the child alone. The calling process must have no other threads. */
MUST_CHECK pid_t selftest_start(const struct gate_spec *spec, int *out_fd, char *err, size_t err_len);
/* selftest_read blocks until the child has spoken or died, which is FAILED. The sentence goes to |text|. |fd| stays
 * open. */
MUST_CHECK enum selftest_result selftest_read(int fd, char *text, size_t text_len);

#endif
