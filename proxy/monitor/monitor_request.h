/* monitor_request.h - the head of an HTTP request, as much as the monitor needs of it: GET or HEAD and a path. Pure, no
 * I/O. Header fields are skipped and a body is never read: no path takes either. */
#ifndef GATE25_PROXY_MONITOR_MONITOR_REQUEST_H
#define GATE25_PROXY_MONITOR_MONITOR_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

#define MONITOR_REQUEST_MAX 8192 /* octets of a request's head */
#define MONITOR_PATH_MAX    128

struct monitor_request {
	int status; /* 0: the head is not whole yet; 200: understood; else what to answer: 400, 404, 405, 431, 505 */
	bool head_only;
	char path[MONITOR_PATH_MAX]; /* without the query */
};

/* monitor_request_parse looks at all octets that have come so far. */
void monitor_request_parse(struct monitor_request *out, const uint8_t *bytes, size_t len);

#endif
