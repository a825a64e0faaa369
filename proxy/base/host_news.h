/* host_news.h - what is held against a destination: failures that are the host's and no domain's, as workers and the
 * parent tell each other of them (ROLE_MSG_DOWN). */
#ifndef GATE25_BASE_HOST_NEWS_H
#define GATE25_BASE_HOST_NEWS_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"
#include "proxy/base/wire.h"

#define HOST_HELD_S 300 /* how long it is held */
/* A host that did not answer is tried again by one session in so long; for so long simple clients are sent on to the
 * next address without a session. */
#define HOST_DOWN_S 60

enum host_failure {
	HOST_FINE = 0,    /* nothing is known against it; as news: no more */
	HOST_UNREACHABLE, /* could not be connected to */
	HOST_SILENT,      /* connected, and no greeting came */
	HOST_NO_STARTTLS,
	HOST_HANDSHAKE_FAILED,
	HOST_FAILURE_COUNT
};

/* Whose failure with whom. Where servers see the clients' own addresses, a failure is between the two: the path, a
 * block list, or the client itself may be what is wrong. Else it is any client's. */
struct host_key {
	struct addr client; /* no address: any client */
	struct endpoint host;
};

struct host_news {
	enum host_failure failure;
	struct host_key key;
};

const char *host_failure_name(enum host_failure failure); /* for logs, metrics and status */
bool host_key_equal(const struct host_key *a, const struct host_key *b);

#define HOST_NEWS_BYTES_MAX 64 /* of a message's body */
void host_news_put(struct wire_writer *w, const struct host_news *news);
/* host_news_get: false for what no sound process says: the destination, or the client if there is one, is no unicast
 * address of another host as far as that can be told by looking (loopback, unspecified, multicast, link-local), port 0,
 * or two families. */
MUST_CHECK bool host_news_get(struct wire_reader *r, struct host_news *out);

#endif
