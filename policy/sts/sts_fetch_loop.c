/* sts_fetch_loop.c - libcurl's multi handle on libevent: libcurl says which sockets and which moment it waits for. */
#include <event2/event.h>
#include <stdlib.h>

#include "policy/sts/sts_fetch_parts.h"

/* finish_all ends what is done. Each end may begin and cancel others. */
static void finish_all(struct sts_fetcher *fetcher)
{
	struct CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
		struct sts_fetch *fetch = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch) != CURLE_OK || fetch == NULL)
			abort();
		sts_easy_judge(fetch, message->data.result);
		sts_fetch_end(fetch);
	}
}

static void drive(struct sts_fetcher *fetcher, curl_socket_t fd, int what)
{
	int running;

	(void)curl_multi_socket_action(fetcher->multi, fd, what, &running);
	finish_all(fetcher);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	int flags = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);

	drive(arg, fd, flags);
}

static void on_moment(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* on_socket: libcurl wants to know of |fd| from now on, or no more. |watch| is the event of before. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watch)
{
	struct sts_fetcher *fetcher = arg;
	struct event *event = NULL;
	short wanted = EV_PERSIST;

	(void)easy;
	if (watch != NULL)
		event_free(watch);
	if (what != CURL_POLL_REMOVE) {
		wanted |= (what & CURL_POLL_IN) != 0 ? EV_READ : 0;
		wanted |= (what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0;
		event = event_new(fetcher->base, fd, wanted, on_ready, fetcher);
		/* Without memory nothing comes of it, and its time ends it. */
		if (event != NULL)
			(void)event_add(event, NULL);
	}
	(void)curl_multi_assign(fetcher->multi, fd, event);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct sts_fetcher *fetcher = arg;
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		(void)event_del(fetcher->timer);
	else
		(void)event_add(fetcher->timer, &after);
	return 0;
}

bool sts_loop_open(struct sts_fetcher *fetcher)
{
	fetcher->multi = curl_multi_init();
	fetcher->timer = evtimer_new(fetcher->base, on_moment, fetcher);
	return fetcher->multi != NULL && fetcher->timer != NULL &&
	       curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
	       curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher) == CURLM_OK &&
	       curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
	       curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher) == CURLM_OK &&
	       curl_multi_setopt(fetcher->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK;
}

void sts_loop_close(struct sts_fetcher *fetcher)
{
	if (fetcher->multi != NULL)
		(void)curl_multi_cleanup(fetcher->multi);
	if (fetcher->timer != NULL)
		event_free(fetcher->timer);
}
