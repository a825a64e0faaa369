/* host_link.c - see host_link.h. */
#include "proxy/worker/host_link.h"

#include <time.h>

#include "proxy/base/ipc.h"
#include "proxy/base/role.h"
#include "proxy/session/host_memory.h"

void host_link_tell(struct ipc *parent, const struct host_news *news)
{
	uint8_t body[HOST_NEWS_BYTES_MAX];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	host_news_put(&w, news);
	if (parent != NULL && !w.failed)
		(void)!ipc_send(parent, ROLE_MSG_DOWN, body, w.len, -1);
}

bool host_link_hear(struct host_memory *memory, const uint8_t *body, size_t len)
{
	struct host_news news;
	struct wire_reader r;
	struct timespec now;

	wire_reader_init(&r, body, len);
	if (!host_news_get(&r, &news))
		return false;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	host_memory_hear(memory, &news, (uint64_t)now.tv_sec);
	return true;
}
