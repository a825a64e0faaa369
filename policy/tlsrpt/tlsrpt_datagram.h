/* tlsrpt_datagram.h - one report as libtlsrpt writes it for a collector: JSON, without a newline at its end. Pure.
 *
 * Keys, in this order: "dpv" "1"; "d", the domain that asks for reports; "pr", its TXT record; "policies", each with
 * "policy-type" (1 tlsa, 2 sts, 9 none found), "policy-domain", "policy-string", "mx-host", "failure-details" ("c" the
 * result code, "s" sending-mta-ip, "n" receiving-mx-hostname, "h" receiving-mx-helo, "r" receiving-ip, "a"
 * additional-information, "f" failure-reason-code), "t", how many details there are, and "f", 1 where the session
 * failed. A key without a value is left out. Collectors count sessions by the text of a policy: hence the order. */
#ifndef GATE25_POLICY_TLSRPT_TLSRPT_DATAGRAM_H
#define GATE25_POLICY_TLSRPT_TLSRPT_DATAGRAM_H

#include <stddef.h>

#include "policy/verdict/tls_report.h"

#define TLSRPT_DATAGRAM_MAX 65000 /* octets; what a socket of the system's default size takes */

/* The text of an MTA-STS policy as it was fetched; NULL: it is not at hand, and its fields are told instead. */
struct tlsrpt_text {
	const char *bytes;
	size_t len;
};

/* tlsrpt_datagram makes the datagram, the caller's to free, of |*out_len| octets: printable ASCII. One that would be
 * larger than TLSRPT_DATAGRAM_MAX is told without its MX patterns, then without the policy's text. NULL: out of memory.
 */
char *tlsrpt_datagram(const struct tls_report *report, const char *record, const struct tlsrpt_text *text,
		      size_t *out_len);

/* tlsrpt_code: the number of a result; 0 for RESULT_NONE. */
int tlsrpt_code(enum result_word word);

#endif
