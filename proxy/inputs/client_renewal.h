/* client_renewal.h - looks now and then whether the certificate that gate25 made for clients is about to end, and has
 * another made. The operator's own files are read at a reload only. */
#ifndef GATE25_PROXY_INPUTS_CLIENT_RENEWAL_H
#define GATE25_PROXY_INPUTS_CLIENT_RENEWAL_H

#include <sys/time.h>

struct client_renewal;
struct event_base;
struct inputs;

#define CLIENT_RENEWAL_EVERY_S 3600

/* client_renewal_new looks every |every| into |inputs|, which outlive it and may change in the meantime; |renewed| is
 * told when they have another pair. NULL: out of memory. */
struct client_renewal *client_renewal_new(struct event_base *base, const struct timeval *every, struct inputs *inputs,
					  void (*renewed)(void *arg), void *arg);
void client_renewal_free(struct client_renewal *renewal); /* NULL is fine */

#endif
