/* tlsrpt_record.h - whether a domain asks for TLS reports: the TXT record at _smtp._tls.DOMAIN (RFC 8460 s. 3). Pure.
 */
#ifndef GATE25_POLICY_TLSRPT_TLSRPT_RECORD_H
#define GATE25_POLICY_TLSRPT_TLSRPT_RECORD_H

#include <stddef.h>

#include "policy/dns/dns.h"

#define TLSRPT_RECORD_MAX 4096 /* with its NUL; a longer record is taken for none */

enum tlsrpt_record {
	TLSRPT_RECORD_INVALID = 0, /* as if there were none, but worth telling: |err| says why */
	TLSRPT_RECORD_NONE,        /* no string that begins with v=TLSRPTv1 */
	TLSRPT_RECORD_VALID,
};

/* tlsrpt_record_choose looks for the one record among the |count| strings of _smtp._tls.DOMAIN and copies it into
 * |out|, as it was published: printable ASCII and blanks. */
enum tlsrpt_record tlsrpt_record_choose(char out[TLSRPT_RECORD_MAX], const struct dns_txt *texts, size_t count,
					char *err, size_t err_len);

#endif
