/* sealed.h - bytes handed from the parent to a role: a memfd that nobody can change any more. */
#ifndef GATE25_BASE_SEALED_H
#define GATE25_BASE_SEALED_H

#include <stddef.h>

#include "proxy/base/attrib.h"

#define SEALED_MAX (16U << 20) /* octets that sealed_read reads */

/* sealed_new returns a close-on-exec descriptor with a copy of |bytes|, -1 with errno. */
MUST_CHECK int sealed_new(const char *name, const void *bytes, size_t len);
/* sealed_read returns a NUL-terminated copy of at most SEALED_MAX octets that the caller frees; NULL with errno;
 * EINVAL: |fd| is not sealed. |fd| stays open.
 */
char *sealed_read(int fd, size_t *out_len);

#endif
