/* fuzz_host_news.c - what a worker that was taken over could tell the parent of hosts: refused, or addresses that may
 * go into nftables, and the same when written again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "proxy/base/host_news.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static int must_not_be(const struct addr *addr)
{
	if (addr->family == AF_INET)
		return addr->bytes[0] == 127 || addr->bytes[0] == 0 || addr->bytes[0] >= 224;
	return addr->family != AF_INET6 || addr->bytes[0] == 0xff || addr_is_loopback(addr);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	uint8_t again[HOST_NEWS_BYTES_MAX];
	struct host_news news;
	struct wire_reader r;
	struct wire_writer w;

	wire_reader_init(&r, in, in_len);
	if (!host_news_get(&r, &news))
		return 0;
	if (must_not_be(&news.key.host.addr) || news.key.host.port == 0 || host_failure_name(news.failure)[0] == '?')
		abort();
	if (news.key.client.family != 0 &&
	    (must_not_be(&news.key.client) || news.key.client.family != news.key.host.addr.family))
		abort();
	wire_writer_init(&w, again, sizeof(again));
	host_news_put(&w, &news);
	if (w.failed || w.len != in_len || memcmp(in, again, in_len) != 0)
		abort();
	return 0;
}
