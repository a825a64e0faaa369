/* tlsa.h - a TLSA record as a value (RFC 6698, RFC 7671, RFC 7672 s. 3.1): which are usable for SMTP, and which of the
 * usable ones count. Pure; what is inside a certificate is somebody else's knowledge. */
#ifndef GATE25_POLICY_VERDICT_TLSA_H
#define GATE25_POLICY_VERDICT_TLSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

#define TLSA_MAX      128               /* records of one RRset; more is a failed lookup, never a shortened set */
#define TLSA_DATA_MAX 16384             /* octets of one record's data */
#define TLSA_TEXT_MAX (12 + 2 * 64 + 4) /* of tlsa_format, with its NUL */

enum tlsa_usage { TLSA_PKIX_TA = 0, TLSA_PKIX_EE = 1, TLSA_DANE_TA = 2, TLSA_DANE_EE = 3 };
enum tlsa_selector { TLSA_CERT = 0, TLSA_SPKI = 1 };
enum tlsa_mtype { TLSA_FULL = 0, TLSA_SHA256 = 1, TLSA_SHA512 = 2 };

struct tlsa {
	uint8_t usage;
	uint8_t selector;
	uint8_t mtype;
	uint16_t len;  /* of |data| */
	uint8_t *data; /* the owner's of the struct */
};

/* tlsa_der_fn: whether |der| is, from its first octet to its last, a certificate with a public key (TLSA_CERT) or a
 * SubjectPublicKeyInfo (TLSA_SPKI). */
typedef bool tlsa_der_fn(uint8_t selector, const uint8_t *der, size_t len);

/* tlsa_unusable says why a record cannot be used (RFC 7672 s. 3.1; usages 0 and 1 are such, s. 3.1.3): a clause. NULL:
 * it can. */
const char *tlsa_unusable(const struct tlsa *record, tlsa_der_fn *parses);
/* tlsa_outdone: digest agility (RFC 7671 s. 9). Whether record |index| does not count because another one of the same
 * usage and selector has a stronger digest. All |records| are usable; full data is never outdone and outdoes nothing.
 */
bool tlsa_outdone(const struct tlsa *records, size_t count, size_t index);

/* tlsa_format writes "3 1 1 HEX"; long data is cut and ends in "...". */
const char *tlsa_format(const struct tlsa *record, char out[TLSA_TEXT_MAX]);
/* tlsa_parse reads "USAGE SELECTOR MTYPE HEX", blanks within HEX allowed; names as in RFC 7218 are none. The caller
 * frees data. False: no such thing, or out of memory. */
MUST_CHECK bool tlsa_parse(struct tlsa *out, const char *text);
bool tlsa_equal(const struct tlsa *a, const struct tlsa *b);
void tlsa_free(struct tlsa *records, size_t count); /* and their data; NULL is fine */

#endif
