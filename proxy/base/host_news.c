#include "proxy/base/host_news.h"

#include <netinet/in.h>
#include <string.h>

const char *host_failure_name(enum host_failure failure)
{
	static const char *const names[HOST_FAILURE_COUNT] = {
		[HOST_FINE] = "fine",
		[HOST_UNREACHABLE] = "unreachable",
		[HOST_SILENT] = "silent",
		[HOST_NO_STARTTLS] = "starttls-not-supported",
		[HOST_HANDSHAKE_FAILED] = "handshake-failed",
	};

	return (unsigned)failure < HOST_FAILURE_COUNT ? names[failure] : "?";
}

bool host_key_equal(const struct host_key *a, const struct host_key *b)
{
	return a->host.port == b->host.port && addr_equal(&a->host.addr, &b->host.addr) &&
	       a->client.family == b->client.family && (a->client.family == 0 || addr_equal(&a->client, &b->client));
}

void host_news_put(struct wire_writer *w, const struct host_news *news)
{
	wire_put_u8(w, (uint8_t)news->failure);
	wire_put_u8(w, news->key.client.family != 0);
	if (news->key.client.family != 0)
		wire_put_addr(w, &news->key.client);
	wire_put_addr(w, &news->key.host.addr);
	wire_put_u16(w, news->key.host.port);
}

/* Whether |addr| can be another host's. */
static bool is_another_hosts(const struct addr *addr)
{
	const uint8_t *b = addr->bytes;

	if (addr->family == AF_INET) /* 0/8, loopback, link-local, multicast and what is above it */
		return b[0] != 0 && b[0] != 127 && b[0] < 224 && !(b[0] == 169 && b[1] == 254);
	if (addr->family == AF_INET6)
		return !addr_is_loopback(addr) && b[0] != 0xff && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80) &&
		       memcmp(b, &in6addr_any, sizeof(in6addr_any)) != 0;
	return false;
}

bool host_news_get(struct wire_reader *r, struct host_news *out)
{
	*out = (struct host_news){ .failure = (enum host_failure)wire_get_enum(r, HOST_FAILURE_COUNT) };
	if (wire_get_bool(r)) {
		wire_get_addr(r, &out->key.client);
		r->failed = r->failed || !is_another_hosts(&out->key.client);
	}
	wire_get_addr(r, &out->key.host.addr);
	out->key.host.port = wire_get_u16(r);
	return wire_done(r) && is_another_hosts(&out->key.host.addr) && out->key.host.port != 0 &&
	       (out->key.client.family == 0 || out->key.client.family == out->key.host.addr.family);
}
