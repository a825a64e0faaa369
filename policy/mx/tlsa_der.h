/* tlsa_der.h - whether the full data of a TLSA record is what it claims to be (RFC 6698 s. 2.1.3). What is judged with
 * it is read again, by the worker's own library; here it is only told from rubbish, which must not count as usable. */
#ifndef GATE25_POLICY_MX_TLSA_DER_H
#define GATE25_POLICY_MX_TLSA_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* tlsa_der_init before the sandbox: from then on the library opens no file. Any number of times. */
void tlsa_der_init(void);
/* tlsa_der_parses is a tlsa_der_fn (policy/verdict/tlsa.h). */
bool tlsa_der_parses(uint8_t selector, const uint8_t *der, size_t len);

#endif
