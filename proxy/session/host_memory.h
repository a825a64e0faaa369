/* host_memory.h - failures that are a host's and not a domain's, remembered for five minutes: meanwhile a
 * new session gets 421 as its greeting and its client tries the next MX. Remembering never permits anything.
 *
 * Where servers see the clients' addresses (source = client) each client's failures are its own; see host_news.h. The
 * memory tells what it learns by itself, for other workers and for who runs the gate, and hears what they learnt. */
#ifndef GATE25_PROXY_SESSION_HOST_MEMORY_H
#define GATE25_PROXY_SESSION_HOST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"
#include "proxy/base/host_news.h"

struct host_memory;

struct host_memory *host_memory_new(size_t entries);
void host_memory_free(struct host_memory *memory); /* NULL is fine, here and below */
/* host_memory_tell: |tell| is called, from within the calls below, for each note and each disproof; NULL: nobody. */
void host_memory_tell(struct host_memory *memory, void (*tell)(void *arg, const struct host_news *news), void *arg);

void host_memory_note(struct host_memory *memory, const struct host_key *key, enum host_failure failure,
		      uint64_t now_s);
/* What is held against the host is forgotten if it is |failure|, which has just been seen not to be so any more;
 * HOST_FINE: whatever it is, for the host did well in everything. */
void host_memory_disprove(struct host_memory *memory, const struct host_key *key, enum host_failure failure);
/* host_memory_ask: what a new session must know. A host that did not answer is tried by one session each HOST_DOWN_S
 * seconds, who is told HOST_FINE: so it is back in use soon after it is back. */
enum host_failure host_memory_ask(struct host_memory *memory, const struct host_key *key, uint64_t now_s);
/* host_memory_hear takes what others learnt, and tells nobody. */
void host_memory_hear(struct host_memory *memory, const struct host_news *news, uint64_t now_s);
/* host_memory_forget: another configuration is in force, under which the same hosts may do. */
void host_memory_forget(struct host_memory *memory);

#endif
