/* ehlo_memory.h - the keywords of each destination's last EHLO over TLS: the next client is offered those, and not what
 * somebody on the path may have written into the EHLO reply in clear. They are not proved either: whoever is on the
 * path for a moment, with a certificate of his own where no policy looks at it, is remembered as well. So they are kept
 * no longer than until a client that was deferred for want of one has tried again. */
#ifndef GATE25_PROXY_SESSION_EHLO_MEMORY_H
#define GATE25_PROXY_SESSION_EHLO_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"
#include "proxy/smtp/smtp_ehlo.h"

struct ehlo_memory;

#define EHLO_MEMORY_S 7200 /* Postfix tries again after 4000 s at the latest */

struct ehlo_memory *ehlo_memory_new(size_t entries);
void ehlo_memory_free(struct ehlo_memory *memory); /* NULL is fine, here and below */

void ehlo_memory_note(struct ehlo_memory *memory, const struct endpoint *host, const struct smtp_ehlo *ehlo,
		      uint64_t now_s);
void ehlo_memory_forget(struct ehlo_memory *memory, const struct endpoint *host);
/* Borrowed until the next call on |memory|; NULL if nothing is remembered. */
const struct smtp_ehlo *ehlo_memory_find(const struct ehlo_memory *memory, const struct endpoint *host, uint64_t now_s);

#endif
