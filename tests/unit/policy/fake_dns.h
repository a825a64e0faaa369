/* fake_dns.h - a resolver on loopback, in the event loop of the test, that tells the truth of a table or lies. Each
 * test program includes its own copy. */
#ifndef GATE25_TESTS_FAKE_DNS_H
#define GATE25_TESTS_FAKE_DNS_H

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/base/addr.h"
#include "tests/unit/policy/fake_dns_message.h"

enum fake_lie {
	LIE_NONE,
	LIE_SILENCE,
	LIE_WRONG_ID,
	LIE_WRONG_QUESTION,
	LIE_WRONG_PORT, /* the truth, from another port */
	LIE_GARBAGE,    /* right id and question, then nonsense */
	LIE_SHORT,
	LIE_ECHO, /* the question itself */
	LIE_SERVFAIL,
	LIE_REFUSED,
	LIE_TRUNCATED, /* UDP only */
	LIE_STRAYS,    /* UDP only: many wrong ids, then the truth */
	LIE_TCP_CLOSES,
	LIE_TCP_CUT,
	LIE_TCP_GARBAGE,
	LIE_TCP_TRUNCATED,
};

struct fake_dns {
	struct event_base *base;
	struct endpoint at;
	int udp;
	int tcp;
	int other; /* a socket with another port */
	struct event *on_udp;
	struct event *on_tcp;
	const struct fake_record *records; /* ends with a NULL name */
	enum fake_lie lie;
	unsigned lies;          /* how many questions are lied to; then the truth */
	const char *broken;     /* SERVFAIL for this name, always */
	const char *silent;     /* nothing for this name, ever */
	bool validates;         /* answers are signed and come with AD */
	const char *insecure;   /* but not those about this name, or to it by an alias */
	bool strips;            /* AD, but no signatures */
	bool root_insecure;     /* the root's SOA comes without AD */
	enum fake_lie root_lie; /* told about it, always */
	int ede;                /* of SERVFAIL: this error, */
	const char *ede_text;   /* in these words */
	bool no_soa;            /* denials without SOA */
	bool no_chain;          /* aliases are told without what they point to */
	void (*tell)(struct fake_dns *f, const uint8_t *query, size_t len); /* instead of the table; NULL: the table */
	void *tell_arg;
	unsigned asked_udp;
	unsigned asked_tcp;
	unsigned asked_root; /* the root's SOA */
	uint8_t flags[2];    /* of the last question */
	struct message out;
};

/* sign adds a signature for |name|'s |type| that holds for long, to the section that is counted there. */
static inline void sign(struct fake_dns *f, const char *name, unsigned type, size_t counter_at)
{
	char value[64];

	if (!f->validates || f->strips)
		return;
	(void)snprintf(value, sizeof(value), "%u 86400 3000000000", type);
	const struct fake_record signature = { name, T_RRSIG, 86400, 0, value };
	put_record(&f->out, &signature);
	bump(&f->out, counter_at);
}

static inline void tell_root(struct fake_dns *f)
{
	const struct fake_record soa = { ".", T_SOA, 86400, 86400, NULL };

	f->asked_root++;
	add_answer(&f->out, &soa);
	sign(f, ".", T_SOA, 6);
	if (f->validates && !f->root_insecure)
		f->out.bytes[3] |= 0x20;
}

static inline void tell_truth(struct fake_dns *f, const uint8_t *query, size_t len)
{
	char name[256];
	unsigned type;
	bool exists = false;
	bool found = false;

	begin_reply(&f->out, query, len);
	question_of(query, len, name, &type);
	memcpy(f->flags, query + 2, 2);
	if (name[0] == '\0' && type == T_SOA) {
		tell_root(f);
		return;
	}
	if (f->validates)
		f->out.bytes[3] |= 0x20; /* AD */
	for (unsigned hops = 0; hops < 40; hops++) {
		const struct fake_record *alias = NULL;
		exists = false;
		if (f->insecure != NULL && strcasecmp(f->insecure, name) == 0)
			f->out.bytes[3] &= (uint8_t)~0x20u;
		for (const struct fake_record *r = f->records; r->name != NULL; r++) {
			if (strcasecmp(r->name, name) != 0)
				continue;
			exists = true;
			if (r->type == type) {
				if (!found)
					sign(f, r->name, r->type, 6);
				add_answer(&f->out, r);
				found = true;
			} else if (r->type == T_CNAME) {
				alias = r;
			}
		}
		if (found || alias == NULL)
			break;
		add_answer(&f->out, alias);
		sign(f, alias->name, T_CNAME, 6);
		(void)snprintf(name, sizeof(name), "%s", alias->value);
		if (f->no_chain)
			return;
	}
	if (!found && !exists)
		f->out.bytes[3] |= 3;
	if (!found && !f->no_soa) {
		add_soa(&f->out, 120, 90);
		sign(f, "example", T_SOA, 8);
	}
}

static inline void make_servfail(struct fake_dns *f, const uint8_t *query, size_t len)
{
	begin_reply(&f->out, query, len);
	f->out.bytes[3] = 0x82;
	if (f->ede >= 0)
		add_ede(&f->out, f->ede, f->ede_text);
}

static inline void make_reply(struct fake_dns *f, const uint8_t *query, size_t len, enum fake_lie lie)
{
	char name[256];
	unsigned type;

	f->tell != NULL ? f->tell(f, query, len) : tell_truth(f, query, len);
	question_of(query, len, name, &type);
	if (f->broken != NULL && strcmp(f->broken, name) == 0)
		make_servfail(f, query, len);
	switch (lie) {
	case LIE_WRONG_ID: f->out.bytes[1] ^= 1; break;
	case LIE_WRONG_QUESTION: f->out.bytes[13] ^= 2; break;
	case LIE_GARBAGE:
	case LIE_TCP_GARBAGE:
		begin_reply(&f->out, query, len);
		f->out.bytes[7] = 7;
		memset(f->out.bytes + f->out.len, 0xc7, 60);
		f->out.len += 60;
		break;
	case LIE_SHORT: f->out.len = 7; break;
	case LIE_ECHO:
		memcpy(f->out.bytes, query, len);
		f->out.len = len;
		break;
	case LIE_SERVFAIL: make_servfail(f, query, len); break;
	case LIE_REFUSED: f->out.bytes[3] = 0x85; break;
	case LIE_TRUNCATED:
	case LIE_TCP_TRUNCATED:
	case LIE_TCP_CLOSES:
	case LIE_TCP_CUT:
		begin_reply(&f->out, query, len);
		f->out.bytes[2] |= 2;
		break;
	default: break;
	}
}

/* next_lie: the one for a question about |name|. */
static inline enum fake_lie next_lie(struct fake_dns *f, const char *name)
{
	if (name[0] == '\0')
		return f->root_lie;
	if (f->lies == 0)
		return LIE_NONE;
	f->lies--;
	return f->lie;
}

static inline bool lies_over_tcp(enum fake_lie lie)
{
	return lie >= LIE_TCP_CLOSES;
}

static inline void fake_on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct fake_dns *f = arg;
	uint8_t query[1024];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(fd, query, sizeof(query), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
	char name[256];
	unsigned type;

	(void)what;
	if (n < 17)
		return;
	f->asked_udp++;
	question_of(query, (size_t)n, name, &type);
	/* Lies over TCP begin with an honest truncation, and are used up there. */
	bool root = name[0] == '\0';
	bool truncate = root ? lies_over_tcp(f->root_lie) : f->lies > 0 && lies_over_tcp(f->lie);
	enum fake_lie lie = truncate ? LIE_TRUNCATED : next_lie(f, name);
	if (lie == LIE_SILENCE || (f->silent != NULL && strcmp(f->silent, name) == 0))
		return;
	make_reply(f, query, (size_t)n, lie);
	for (unsigned i = 0; lie == LIE_STRAYS && i < 40; i++) {
		f->out.bytes[1] ^= 0x55;
		(void)sendto(fd, f->out.bytes, f->out.len, 0, (struct sockaddr *)&from, from_len);
		f->out.bytes[1] ^= 0x55;
	}
	(void)sendto(lie == LIE_WRONG_PORT ? f->other : fd, f->out.bytes, f->out.len, 0, (struct sockaddr *)&from,
		     from_len);
}

struct fake_conn {
	struct fake_dns *f;
	struct event *event;
	uint8_t in[1024];
	size_t have;
};

static inline void fake_conn_free(struct fake_conn *conn)
{
	(void)close(event_get_fd(conn->event));
	event_free(conn->event);
	free(conn);
}

static inline void fake_on_tcp_readable(evutil_socket_t fd, short what, void *arg)
{
	struct fake_conn *conn = arg;
	struct fake_dns *f = conn->f;
	ssize_t n = recv(fd, conn->in + conn->have, sizeof(conn->in) - conn->have, MSG_DONTWAIT);
	char name[256];
	unsigned type;

	(void)what;
	if (n <= 0) {
		fake_conn_free(conn);
		return;
	}
	conn->have += (size_t)n;
	size_t want = conn->have < 2 ? 2 : 2 + ((size_t)conn->in[0] << 8 | conn->in[1]);
	if (conn->have < want)
		return;
	f->asked_tcp++;
	question_of(conn->in + 2, want - 2, name, &type);
	enum fake_lie lie = next_lie(f, name);
	if (lie == LIE_TCP_CLOSES || lie == LIE_SILENCE) {
		fake_conn_free(conn);
		return;
	}
	make_reply(f, conn->in + 2, want - 2, lies_over_tcp(lie) ? lie : LIE_NONE);
	uint8_t head[2] = { (uint8_t)(f->out.len >> 8), (uint8_t)f->out.len };
	(void)send(fd, head, 2, MSG_NOSIGNAL);
	(void)send(fd, f->out.bytes, lie == LIE_TCP_CUT ? f->out.len / 2 : f->out.len, MSG_NOSIGNAL);
	fake_conn_free(conn);
}

static inline void fake_on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct fake_dns *f = arg;
	struct fake_conn *conn = calloc(1, sizeof(*conn));
	int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)what;
	if (conn == NULL || accepted < 0)
		abort();
	conn->f = f;
	conn->event = event_new(f->base, accepted, EV_READ | EV_PERSIST, fake_on_tcp_readable, conn);
	(void)event_add(conn->event, NULL);
}

static inline int fake_socket(int kind, uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static inline uint16_t fake_port(int fd)
{
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof(at);

	(void)getsockname(fd, (struct sockaddr *)&at, &len);
	return ntohs(at.sin_port);
}

static inline void fake_dns_open(struct fake_dns *f, struct event_base *base, const struct fake_record *records)
{
	memset(f, 0, sizeof(*f));
	f->base = base;
	f->ede = -1;
	f->records = records;
	do { /* until UDP and TCP have the same port */
		if (f->udp > 0)
			(void)close(f->udp);
		f->udp = fake_socket(SOCK_DGRAM, 0);
		f->tcp = fake_socket(SOCK_STREAM, fake_port(f->udp));
	} while (f->tcp < 0);
	f->other = fake_socket(SOCK_DGRAM, 0);
	(void)listen(f->tcp, 64);
	f->at = (struct endpoint){ .port = fake_port(f->udp) };
	if (!addr_parse(&f->at.addr, "127.0.0.1"))
		abort();
	f->on_udp = event_new(base, f->udp, EV_READ | EV_PERSIST, fake_on_udp, f);
	f->on_tcp = event_new(base, f->tcp, EV_READ | EV_PERSIST, fake_on_accept, f);
	(void)event_add(f->on_udp, NULL);
	(void)event_add(f->on_tcp, NULL);
}

static inline void fake_dns_close(struct fake_dns *f)
{
	event_free(f->on_udp);
	event_free(f->on_tcp);
	(void)close(f->udp);
	(void)close(f->tcp);
	(void)close(f->other);
}

#endif
