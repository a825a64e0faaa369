/* client_renewal.c - see client_renewal.h. */
#include "proxy/inputs/client_renewal.h"

#include <event2/event.h>
#include <stdlib.h>
#include <time.h>

#include "proxy/base/log.h"
#include "proxy/inputs/client_certificate.h"
#include "proxy/inputs/inputs.h"

struct client_renewal {
	struct event *timer;
	struct inputs *inputs;
	void (*renewed)(void *arg);
	void *arg;
};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct client_renewal *renewal = arg;
	char said[CLIENT_CERTIFICATE_SAID_MAX];
	time_t now = time(NULL);

	(void)fd;
	(void)what;
	if (!client_certificate_due(&renewal->inputs->conf, now))
		return;
	if (!inputs_renew_client_tls(renewal->inputs, now, said)) {
		log_say(LOG_LEVEL_WARNING, "client-tls", "%s; the old one stays", said);
		return;
	}
	log_say(LOG_LEVEL_INFO, "client-tls", "a new certificate for clients was made, the old one was about to end");
	renewal->renewed(renewal->arg);
}

struct client_renewal *client_renewal_new(struct event_base *base, const struct timeval *every, struct inputs *inputs,
					  void (*renewed)(void *arg), void *arg)
{
	struct client_renewal *renewal = calloc(1, sizeof(*renewal));

	if (renewal == NULL)
		return NULL;
	*renewal = (struct client_renewal){ .inputs = inputs, .renewed = renewed, .arg = arg };
	renewal->timer = event_new(base, -1, EV_PERSIST, on_timer, renewal);
	if (renewal->timer == NULL || evtimer_add(renewal->timer, every) != 0) {
		client_renewal_free(renewal);
		return NULL;
	}
	return renewal;
}

void client_renewal_free(struct client_renewal *renewal)
{
	if (renewal == NULL)
		return;
	if (renewal->timer != NULL)
		event_free(renewal->timer);
	free(renewal);
}
