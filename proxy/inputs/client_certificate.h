/* client_certificate.h - what clients are shown where gate25 terminates their TLS: the operator's certificate and key,
 * read as root and handed to the workers as sealed memory; or a pair that is made once a process, and anew before it
 * ends.
 */
#ifndef GATE25_PROXY_INPUTS_CLIENT_CERTIFICATE_H
#define GATE25_PROXY_INPUTS_CLIENT_CERTIFICATE_H

#include <time.h>

#include "proxy/base/conf.h"
#include "proxy/base/role.h"

#define CLIENT_CERTIFICATE_SAID_MAX   700
#define CLIENT_CERTIFICATE_SPARE_DAYS 30 /* a pair that we made is made anew so long before its end */

/* client_certificate_load fills |out_fds| with sealed PEM, the caller's to close; with -1 where |conf| terminates for
 * nobody. False: |said| is one sentence (unreadable, a key of another certificate), and |out_fds| is all -1. */
MUST_CHECK bool client_certificate_load(const struct conf *conf, time_t now, int out_fds[ROLE_CLIENT_TLS_COUNT],
					char said[CLIENT_CERTIFICATE_SAID_MAX]);
/* client_certificate_due: |conf| is for a pair that gate25 makes, and the one it has is about to end, or there is none:
 * the next client_certificate_load makes another. */
bool client_certificate_due(const struct conf *conf, time_t now);
/* client_certificate_warnings tells what works and is probably not meant: a certificate out of date, a key that
 * everybody may read. |file| is the configuration's name. */
void client_certificate_warnings(const struct conf *conf, const char *file, conf_error_fn *warning, void *arg);

#endif
