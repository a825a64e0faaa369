/* monitor_http.c - see monitor_http.h. */
#include "proxy/monitor/monitor_http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/monitor/monitor_request.h"

#define ACCEPT_PAUSE_S 1 /* out of descriptors or memory: who asks waits in the backlog */

struct connection {
	struct monitor_http *http;
	unsigned place; /* in http->connections */
	struct bufferevent *bev;
	struct event *deadline;
	bool answered;
	bool client_done; /* it closed its writing side, and may still read */
};

struct monitor_http {
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *resume;
	monitor_http_fn *answer;
	void *arg;
	unsigned count;
	struct connection *connections[MONITOR_HTTP_CONNECTIONS_MAX];
};

/* Everything is of this host and nothing runs; see monitor_page.c. */
static const char fixed_fields[] = "Connection: close\r\nCache-Control: no-store\r\n"
				   "Content-Security-Policy: default-src 'none'; style-src 'self'; base-uri 'none'; "
				   "form-action 'none'; frame-ancestors 'none'\r\n"
				   "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";

static const char *reason_of(int status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 431: return "Request Header Fields Too Large";
	case 503: return "Service Unavailable";
	case 505: return "HTTP Version Not Supported";
	default: return "Internal Server Error";
	}
}

static void connection_free(struct connection *connection)
{
	struct monitor_http *http = connection->http;

	http->connections[connection->place] = NULL;
	http->count--;
	if (connection->deadline != NULL)
		event_free(connection->deadline);
	bufferevent_free(connection->bev);
	free(connection);
	(void)evconnlistener_enable(http->listener);
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

static bool write_answer(struct connection *connection, const struct monitor_request *request, int status,
			 const char *type, const char *body, size_t len)
{
	struct evbuffer *out = bufferevent_get_output(connection->bev);
	bool ok;

	ok = evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s\r\n", status,
				 reason_of(status), type, len, status == 405 ? "Allow: GET, HEAD\r\n" : "",
				 fixed_fields) > 0;
	return ok && (request->head_only || evbuffer_add(out, body, len) == 0);
}

static bool answer(struct connection *connection, const struct monitor_request *request)
{
	const char *type = "text/plain; charset=utf-8";
	int status = request->status;
	char *body = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&body, &len);
	bool ok;

	if (out == NULL)
		return false;
	if (status == 200)
		status = connection->http->answer(connection->http->arg, request->path, out, &type);
	if (fflush(out) == 0 && len == 0)
		(void)fprintf(out, "%s\n", reason_of(status));
	ok = ferror(out) == 0;
	ok = fclose(out) == 0 && ok && write_answer(connection, request, status, type, body, len);
	free(body);
	return ok;
}

/* --- one connection ----------------------------------------------------------------------------------------------- */

/* What a client sends behind its request is thrown away: closing a socket with unread octets would reset it and could
 * take the answer along. */
static void on_readable(struct bufferevent *bev, void *arg)
{
	struct connection *connection = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	struct monitor_request request;
	size_t len = evbuffer_get_length(in);

	if (!connection->answered) {
		monitor_request_parse(&request, evbuffer_pullup(in, -1), len);
		if (request.status == 0)
			return;
		connection->answered = true;
		if (!answer(connection, &request)) {
			connection_free(connection);
			return;
		}
		len = evbuffer_get_length(in);
	}
	(void)evbuffer_drain(in, len);
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct connection *connection = arg;

	if (!connection->answered || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	if (connection->client_done)
		connection_free(connection);
	else
		(void)shutdown(bufferevent_getfd(bev), SHUT_WR);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct connection *connection = arg;

	connection->client_done = true;
	if ((what & BEV_EVENT_EOF) != 0 && connection->answered && evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	connection_free(connection);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	connection_free(arg);
}

static void connection_new(struct monitor_http *http, evutil_socket_t fd)
{
	const struct timeval deadline = { .tv_sec = MONITOR_HTTP_DEADLINE_S };
	struct connection *connection = calloc(1, sizeof(*connection));
	struct bufferevent *bev = bufferevent_socket_new(http->base, fd, BEV_OPT_CLOSE_ON_FREE);

	if (connection == NULL || bev == NULL) {
		free(connection);
		if (bev != NULL)
			bufferevent_free(bev);
		else
			(void)close(fd);
		return;
	}
	*connection = (struct connection){ .http = http, .bev = bev };
	while (http->connections[connection->place] != NULL)
		connection->place++; /* there is a free one: a full house accepts nobody */
	http->connections[connection->place] = connection;
	http->count++;
	connection->deadline = evtimer_new(http->base, on_deadline, connection);
	bufferevent_setcb(bev, on_readable, on_written, on_event, connection);
	bufferevent_setwatermark(bev, EV_READ, 0, MONITOR_REQUEST_MAX);
	if (connection->deadline == NULL || evtimer_add(connection->deadline, &deadline) != 0 ||
	    bufferevent_enable(bev, EV_READ | EV_WRITE) != 0)
		connection_free(connection);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int len, void *arg)
{
	struct monitor_http *http = arg;

	(void)from;
	(void)len;
	connection_new(http, fd);
	if (http->count >= MONITOR_HTTP_CONNECTIONS_MAX)
		(void)evconnlistener_disable(listener);
}

/* The kernel would call for it again and again. */
static void on_accept_failed(struct evconnlistener *listener, void *arg)
{
	const struct timeval pause = { .tv_sec = ACCEPT_PAUSE_S };
	struct monitor_http *http = arg;

	log_errno(LOG_LEVEL_WARNING, "accept", "who asks the monitor waits");
	if (evtimer_add(http->resume, &pause) == 0)
		(void)evconnlistener_disable(listener);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct monitor_http *http = arg;

	(void)fd;
	(void)what;
	if (http->count < MONITOR_HTTP_CONNECTIONS_MAX)
		(void)evconnlistener_enable(http->listener);
}

/* --- the server --------------------------------------------------------------------------------------------------- */

struct monitor_http *monitor_http_new(struct event_base *base, int fd, monitor_http_fn *answer_fn, void *arg)
{
	struct monitor_http *http = calloc(1, sizeof(*http));

	if (http == NULL) {
		(void)close(fd);
		return NULL;
	}
	*http = (struct monitor_http){ .base = base, .answer = answer_fn, .arg = arg };
	(void)evutil_make_socket_nonblocking(fd);
	http->resume = evtimer_new(base, on_resume, http);
	/* Backlog 0: it listens already. */
	http->listener =
		evconnlistener_new(base, on_accept, http, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (http->listener == NULL || http->resume == NULL) {
		if (http->listener == NULL)
			(void)close(fd);
		monitor_http_free(http);
		return NULL;
	}
	evconnlistener_set_error_cb(http->listener, on_accept_failed);
	return http;
}

void monitor_http_free(struct monitor_http *http)
{
	if (http == NULL)
		return;
	for (size_t i = 0; i < COUNT(http->connections); i++) {
		if (http->connections[i] != NULL)
			connection_free(http->connections[i]);
	}
	if (http->listener != NULL)
		evconnlistener_free(http->listener);
	if (http->resume != NULL)
		event_free(http->resume);
	free(http);
}
