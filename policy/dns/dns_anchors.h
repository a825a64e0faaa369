/* dns_anchors.h - trust anchors: what a proof begins with. For dns_*.c only. */
#ifndef GATE25_POLICY_DNS_DNS_ANCHORS_H
#define GATE25_POLICY_DNS_DNS_ANCHORS_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/attrib.h"

/* The root's, of 2017 and 2024 (IANA root-anchors.xml): whichever signs, it is known. */
extern const char *const dns_anchors_root[];
#define DNS_ANCHORS_ROOT_COUNT 2

/* dns_anchor_fn takes one anchor, as text. False: out of memory. */
typedef bool dns_anchor_fn(void *arg, const char *record);

/* dns_anchors_read gives |fn| each DS and DNSKEY record of |text|, a zone file; NULL: the root's two. Revoked keys are
 * left out (RFC 5011 s. 2.1). False: |err| says what is wrong, one clause. Refused is what libunbound would skip, and
 * with it call a signed zone insecure: unknown algorithms and digests, and a text without an anchor. */
MUST_CHECK bool dns_anchors_read(const char *text, dns_anchor_fn *fn, void *arg, char *err, size_t err_len);

#endif
