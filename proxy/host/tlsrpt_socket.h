/* tlsrpt_socket.h - whether TLS reports would reach a collector, as far as this host can tell now. */
#ifndef GATE25_PROXY_HOST_TLSRPT_SOCKET_H
#define GATE25_PROXY_HOST_TLSRPT_SOCKET_H

#include <stddef.h>

#include "proxy/base/attrib.h"
#include "proxy/host/users.h"

#define TLSRPT_SOCKET_TEXT_MAX 512

/* tlsrpt_socket_check says what is wrong with the socket at |path| for |sender|, the user that sends (NULL: rights are
 * not looked at): one sentence, or NULL. */
MUST_CHECK const char *tlsrpt_socket_check(const char *path, const struct role_user *sender,
					   char out[TLSRPT_SOCKET_TEXT_MAX]);

#endif
