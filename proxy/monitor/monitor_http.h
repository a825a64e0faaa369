/* monitor_http.h - a small HTTP/1.1 server for the monitor's two listeners: one request a connection, GET and HEAD.
 *
 * Not libevent's evhttp: that bounds neither the number of connections nor the time of a whole request, and reads far
 * more of HTTP than is needed here. */
#ifndef GATE25_PROXY_MONITOR_MONITOR_HTTP_H
#define GATE25_PROXY_MONITOR_MONITOR_HTTP_H

#include <stdio.h>

#include "proxy/base/attrib.h"

#define MONITOR_HTTP_CONNECTIONS_MAX 32 /* of a listener; more wait in its queue */
#define MONITOR_HTTP_DEADLINE_S      10 /* of a whole connection */

struct event_base;
struct monitor_http;

/* Answers |path|: writes the body to |out| and returns the status; |*out_type| is its Content-Type, a literal. A status
 * without a body gets a line of its own. */
typedef int monitor_http_fn(void *arg, const char *path, FILE *out, const char **out_type);

/* monitor_http_new serves the listening socket |fd|, which it takes, also when it returns NULL. */
struct monitor_http *monitor_http_new(struct event_base *base, int fd, monitor_http_fn *answer, void *arg);
void monitor_http_free(struct monitor_http *http); /* cuts open connections; NULL is fine */

#endif
