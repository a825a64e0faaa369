/* write_all.h - a whole buffer to a file. */
#ifndef GATE25_BASE_WRITE_ALL_H
#define GATE25_BASE_WRITE_ALL_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/attrib.h"

/* write_all writes |len| octets to the blocking descriptor |fd|, whatever signals come. False with errno: some of them
 * may have been written. */
MUST_CHECK bool write_all(int fd, const void *bytes, size_t len);

#endif
