/* sandbox.h - what a role may still do once it runs: seccomp for system calls, Landlock for files and ports.
 *
 * Entered once, last thing before the event loop. What libraries try in good faith (opening a file, a socket of another
 * kind) is refused with EPERM or EACCES; any other call that is not allowed ends the process with SIGSYS, in all builds
 * but sanitized ones, which get EPERM. */
#ifndef GATE25_BASE_SANDBOX_H
#define GATE25_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

enum sandbox {
	SANDBOX_WORKER,  /* TCP sockets, inherited descriptors; no file */
	SANDBOX_POLICY,  /* TCP and UDP sockets; no file but its folder's */
	SANDBOX_MONITOR, /* inherited descriptors; makes no socket; no file but its folder's */
};

struct sandbox_limits {
	const uint16_t *connect_ports; /* TCP ports it may connect to, where the kernel can tell (Landlock ABI 4) */
	size_t connect_ports_count;
	const char *write_folder; /* whose files it may make, read, write and remove; needs Landlock. NULL: none */
};

/* sandbox_has_folders: whether this kernel has Landlock. Without it a sandbox has no folder: seccomp could not tell one
 * file from another. */
bool sandbox_has_folders(void);

/* sandbox_enter closes the sandbox and proves that it bites: execve, a raw socket and opening a file must fail.
 * Landlock missing from the kernel is no error, |*out_landlock| says so; seccomp missing is one. */
MUST_CHECK bool sandbox_enter(enum sandbox which, const struct sandbox_limits *limits, bool *out_landlock, char *err,
			      size_t err_len);

#endif
