/* smtp_address.h - the path of MAIL and RCPT (RFC 5321 s. 4.1.2, 6531), by a real tokenizer.
 *
 * Accepted: dot-atoms, also with dots where RFC 5321 has none (servers differ, so the server decides), quoted strings
 * with escapes, source routes (stripped), address literals, `_` in a label of the domain (DNS names have it). `%` and
 * `!` are ordinary. Refused: a second unquoted `@`, an empty label, a dot at the end of the domain, over-long parts,
 * comments, spaces outside quotes, a label that begins or ends with a hyphen, a U-label or A-label that is not IDNA2008
 * (non-transitional), 8-bit that is not UTF-8. */
#ifndef GATE25_PROXY_SMTP_SMTP_ADDRESS_H
#define GATE25_PROXY_SMTP_SMTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/attrib.h"

#define SMTP_LOCAL_MAX  256 /* octets of the local part; RFC 5321 promises 64 */
#define SMTP_DOMAIN_MAX 256 /* with NUL */
#define SMTP_PATH_MAX \
	(SMTP_LOCAL_MAX + 2 + 1020) /* local@domain with NUL; a U-label domain is longer than its A-label */

enum smtp_path_kind {
	SMTP_PATH_SENDER,    /* also <>, and a local part without a domain (`<root>`: the server decides) */
	SMTP_PATH_RECIPIENT, /* also <postmaster>, in any case */
};

enum smtp_path_status {
	SMTP_PATH_BAD = 0, /* 501 5.1.3 or 501 5.1.7 */
	SMTP_PATH_OK,
};

struct smtp_path {
	char text[SMTP_PATH_MAX];     /* what to forward between < and >: the client's own octets less a source route */
	char domain[SMTP_DOMAIN_MAX]; /* for policy: lower-case A-label; a literal normalised, in brackets; "" if none
				       */
	bool literal;                 /* domain is an address literal */
	bool utf8;                    /* has octets of 0x80 or above: only under SMTPUTF8, which the caller checks */
};

/* smtp_path_parse reads `<...>` at |in|; |out_used| is the number of octets of it, brackets included. Not OK: |out| is
 * all zeros. Allocates only inside libidn2; out of memory is BAD. */
MUST_CHECK enum smtp_path_status smtp_path_parse(struct smtp_path *out, enum smtp_path_kind kind, const char *in,
						 size_t in_len, size_t *out_used);
/* smtp_domain_parse: |in| as a domain name (not a literal) into its policy form. False: not a domain name. */
MUST_CHECK bool smtp_domain_parse(char out[SMTP_DOMAIN_MAX], const char *in, size_t in_len);

#endif
