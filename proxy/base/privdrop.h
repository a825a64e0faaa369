/* privdrop.h - the capabilities of each process, and becoming somebody else for good. */
#ifndef GATE25_BASE_PRIVDROP_H
#define GATE25_BASE_PRIVDROP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proxy/base/attrib.h"

/* privdrop_no_dumps: no core file, not even through a core_pattern that is a pipe, and no debugger of the same user:
 * memory holds keys and mail. For a process that will hold some, first thing; an exec undoes half of it. */
void privdrop_no_dumps(void);

#define PRIVDROP_CAP(cap) (UINT64_C(1) << (cap)) /* of a CAP_... number */

/* privdrop_limit keeps |caps| as this process's permitted, effective and bounding set and gives the rest up for good,
 * children included; then no-new-privs. For the parent, which stays root. Call it before any thread exists. */
MUST_CHECK bool privdrop_limit(uint64_t caps, char *err, size_t err_len);

/* privdrop_become turns the calling process, a fresh child of the parent about to exec, into |uid| and |gid| with no
 * other group; |caps| survive the exec as ambient capabilities, nothing else does. */
MUST_CHECK bool privdrop_become(uid_t uid, gid_t gid, uint64_t caps, char *err, size_t err_len);

/* privdrop_none gives up every capability for good, ambient ones included; no-new-privs keeps it so. */
MUST_CHECK bool privdrop_none(char *err, size_t err_len);

/* privdrop_have returns the effective capabilities of this process; 0 where they cannot be read. */
uint64_t privdrop_have(void);

/* privdrop_worker_caps: what a worker needs on the running kernel: NET_RAW; NET_ADMIN too before Linux 5.17, where
 * SO_MARK asks for it. */
uint64_t privdrop_worker_caps(void);

#endif
