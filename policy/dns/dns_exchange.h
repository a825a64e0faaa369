/* dns_exchange.h - one message sent to one resolver, and what comes back. For dns_*.c only.
 *
 * What makes forging hard (RFC 5452): a socket and so a random port for each exchange, connected, so that the kernel
 * drops what comes from elsewhere. */
#ifndef GATE25_POLICY_DNS_DNS_EXCHANGE_H
#define GATE25_POLICY_DNS_DNS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"

struct event_base;
struct dns_exchange;

/* One message came; or |bytes| is NULL and nothing will come any more: the time is up, nobody is there, the connection
 * broke. Returns true to keep listening (UDP only); false: the exchange has been freed. Never from inside
 * dns_exchange_new. */
typedef bool dns_exchange_fn(void *arg, const uint8_t *bytes, size_t len);

/* At most DNS_EXCHANGE_MAX octets are sent. NULL: out of memory. */
#define DNS_EXCHANGE_MAX 512
MUST_CHECK struct dns_exchange *dns_exchange_new(struct event_base *base, const struct endpoint *to, bool tcp,
						 const uint8_t *bytes, size_t len, uint64_t timeout_ms,
						 dns_exchange_fn *fn, void *arg);
bool dns_exchange_is_tcp(const struct dns_exchange *exchange);
void dns_exchange_free(struct dns_exchange *exchange); /* NULL is fine */

#endif
