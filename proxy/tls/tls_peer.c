/* tls_peer.c - see tls_peer.h. */
#include "proxy/tls/tls_peer.h"

#include <stdlib.h>
#include <string.h>

struct tls_peer {
	struct tls_session_facts facts;
	size_t count;
	struct tls_der certs[TLS_CHAIN_CERTS_MAX]; /* into |bytes| */
	uint8_t bytes[];
};

struct tls_peer *tls_peer_new(const struct tls_der *chain, size_t count, const struct tls_session_facts *facts)
{
	size_t total = 0;
	struct tls_peer *peer;

	if (count == 0 || count > TLS_CHAIN_CERTS_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (chain[i].len > TLS_CHAIN_BYTES_MAX - total)
			return NULL;
		total += chain[i].len;
	}
	peer = calloc(1, sizeof(*peer) + total);
	if (peer == NULL)
		return NULL;
	peer->facts = *facts;
	peer->count = count;
	total = 0;
	for (size_t i = 0; i < count; i++) {
		peer->certs[i] = (struct tls_der){ peer->bytes + total, chain[i].len };
		if (chain[i].len > 0)
			memcpy(peer->bytes + total, chain[i].bytes, chain[i].len);
		total += chain[i].len;
	}
	return peer;
}

void tls_peer_free(struct tls_peer *peer)
{
	free(peer);
}

const struct tls_session_facts *tls_peer_facts(const struct tls_peer *peer)
{
	return &peer->facts;
}

size_t tls_peer_count(const struct tls_peer *peer)
{
	return peer->count;
}

struct tls_der tls_peer_cert(const struct tls_peer *peer, size_t index)
{
	return index < peer->count ? peer->certs[index] : (struct tls_der){ NULL, 0 };
}
