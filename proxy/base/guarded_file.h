/* guarded_file.h - files that are believed because of who could write them. */
#ifndef GATE25_BASE_GUARDED_FILE_H
#define GATE25_BASE_GUARDED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "proxy/base/attrib.h"

/* guarded_file_read reads a regular file of at most |max| octets that nobody but its owner may write; the owner is
 * root, or the process's own user where that is another. A NUL stands behind the octets, which may hold NULs as well.
 * The caller frees it. NULL: |err| says why, as the end of a sentence that began with the file's name; and errno is
 * ENOENT where there is none. */
char *guarded_file_read(const char *path, size_t max, size_t *out_len, char *err, size_t err_len);

/* guarded_file_write puts |bytes| in the place of |path| at once and for good: who reads it, after a crash as well,
 * finds the old octets or the new ones. |mode|: 0644 or 0600. False with errno. */
MUST_CHECK bool guarded_file_write(const char *path, const void *bytes, size_t len, mode_t mode);

#endif
