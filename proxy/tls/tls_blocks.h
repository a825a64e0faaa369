/* tls_blocks.h - the blocks of a PEM text, one by one; what stands between them is comment. For tls_*.c only. */
#ifndef GATE25_PROXY_TLS_TLS_BLOCKS_H
#define GATE25_PROXY_TLS_TLS_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

/* Takes one block, borrowed for the call. NULL: go on; else what is wrong, the end of a sentence that begins with the
 * text's name. */
typedef const char *tls_block_fn(void *arg, const char *label, const uint8_t *der, size_t len);

/* tls_blocks gives |fn| each block of |pem|. NULL: there were no more; else what |fn| said, or that the text is
 * damaged, or out of memory. */
MUST_CHECK const char *tls_blocks(const char *pem, size_t pem_len, tls_block_fn *fn, void *arg);

#endif
