/* splice.c - see splice.h. */
#include "proxy/worker/splice.h"

#include <stdio.h>
#include <stdlib.h>

#include "proxy/session/session.h"
#include "proxy/tls/tls_hello.h"
#include "proxy/worker/leg.h"

#define UNSENT_MAX  (256U * 1024) /* unread by a peer: then the other one waits */
#define ALERT_BYTES 7             /* an alert with its record's header */

struct way { /* from one side to the other */
	const char *from;
	struct tls_hello hello;
	bool begun; /* its hello was seen */
	bool shut;  /* its last octet went over */
	struct tls_records records;
	uint64_t octets;
};

struct splice {
	bool begun;
	struct way up;
	struct way down;
	char reason[SPLICE_REASON_MAX];
};

struct splice *splice_new(void)
{
	struct splice *splice = calloc(1, sizeof(*splice));

	if (splice == NULL)
		return NULL;
	splice->up.from = "client";
	splice->down.from = "server";
	return splice;
}

void splice_free(struct splice *splice)
{
	free(splice);
}

static enum splice_step end(struct splice *splice, const char *from, const char *what)
{
	(void)snprintf(splice->reason, sizeof(splice->reason), "the %s %s", from, what);
	return SPLICE_ENDED;
}

/* The 220 is still with us: what there is of either side was said before it, in clear (RFC 3207 s. 4). */
static enum splice_step begin(struct splice *splice, struct leg *client, struct leg *server)
{
	if (leg_has_octets(client))
		return end(splice, "client", "sent data in clear behind STARTTLS");
	if (leg_has_octets(server))
		return end(splice, "server", "sent data in clear behind its reply to STARTTLS");
	splice->begun = true;
	return SPLICE_MOVED;
}

static enum splice_step no_hello(struct splice *splice, const struct way *way)
{
	(void)snprintf(splice->reason, sizeof(splice->reason), "what the %s sent where TLS should begin: %s", way->from,
		       way->hello.error);
	return SPLICE_ENDED;
}

/* greet looks for the first words of |way|; MOVED: they are there and good. */
static enum splice_step greet(struct splice *splice, struct way *way, struct leg *from, struct leg *to)
{
	size_t len;
	const uint8_t *bytes = leg_input(from, &len);
	enum tls_hello_step step = TLS_HELLO_MORE;
	char text[48];

	if (len > 0)
		step = way == &splice->up ? tls_hello_of_client(bytes, len, &way->hello)
					  : tls_hello_of_server(bytes, len, &way->hello);
	switch (step) {
	case TLS_HELLO_BROKEN: return no_hello(splice, way);
	case TLS_HELLO_DONE: way->begun = true; return SPLICE_MOVED;
	case TLS_HELLO_ALERT: /* the client is told why; no TLS comes of it */
		leg_write(to, bytes, ALERT_BYTES);
		(void)snprintf(text, sizeof(text), "refused TLS with alert %u", way->hello.alert);
		return end(splice, way->from, text);
	case TLS_HELLO_MORE: break;
	}
	return leg_ended(from) == LEG_OPEN ? SPLICE_REST : end(splice, way->from, "went where TLS should begin");
}

/* gone: a side that is told that the other has said its last may well end by a reset. */
static enum splice_step gone(struct splice *splice, const struct way *way)
{
	const struct way *back = way == &splice->up ? &splice->down : &splice->up;

	return back->shut ? SPLICE_ENDED : end(splice, way->from, "broke the connection");
}

static enum splice_step carry(struct splice *splice, struct way *way, struct leg *from, struct leg *to)
{
	size_t unsent = leg_unsent(to);
	size_t len;
	const uint8_t *bytes = leg_input(from, &len);

	if (len > 0 && unsent >= UNSENT_MAX)
		return SPLICE_REST;
	if (len > 0) {
		if (len > UNSENT_MAX - unsent)
			len = UNSENT_MAX - unsent;
		if (!tls_records_pass(&way->records, bytes, len))
			return end(splice, way->from, "sent something that is not TLS");
		leg_write(to, bytes, len);
		leg_consume(from, len);
		way->octets += len;
		return SPLICE_MOVED;
	}
	if (leg_ended(from) == LEG_BROKEN)
		return gone(splice, way);
	if (leg_ended(from) == LEG_OPEN || way->shut)
		return SPLICE_REST;
	leg_shut(to);
	way->shut = true;
	return SPLICE_MOVED;
}

static enum splice_step step_way(struct splice *splice, struct way *way, struct leg *from, struct leg *to)
{
	return way->begun ? carry(splice, way, from, to) : greet(splice, way, from, to);
}

enum splice_step splice_step(struct splice *splice, struct leg *client, struct leg *server)
{
	enum splice_step up;
	enum splice_step down;

	if (!splice->begun)
		return begin(splice, client, server);
	/* It was told of nothing yet that it could answer. */
	if (!splice->up.begun && leg_has_octets(server))
		return end(splice, "server", "sent data in clear behind its reply to STARTTLS");
	up = step_way(splice, &splice->up, client, server);
	if (up == SPLICE_ENDED)
		return up;
	if (!splice->up.begun)
		return leg_ended(server) == LEG_OPEN ? SPLICE_REST
						     : end(splice, "server", "went where TLS should begin");
	down = step_way(splice, &splice->down, server, client);
	if (down == SPLICE_ENDED)
		return down;
	if (splice->up.shut && splice->down.shut && leg_unsent(server) == 0)
		return SPLICE_ENDED;
	return up == SPLICE_MOVED || down == SPLICE_MOVED ? SPLICE_MOVED : SPLICE_REST;
}

const char *splice_reason(const struct splice *splice)
{
	return splice->reason;
}

void splice_describe(const struct splice *splice, struct session_splice *out)
{
	*out = (struct session_splice){
		.up = splice->up.octets,
		.down = splice->down.octets,
		.hellos = splice->up.begun && splice->down.begun,
		.half = splice->up.shut || splice->down.shut,
		.servername = splice->up.hello.servername,
		.offered = tls_hello_version_name(splice->up.hello.version),
		.version = tls_hello_version_name(splice->down.hello.version),
	};
}
