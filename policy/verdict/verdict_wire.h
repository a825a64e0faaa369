/* verdict_wire.h - what messages between worker and policyd have in common: TLSA records and the patterns of a
 * published policy. For the readers and writers of whole messages, verdict_message.c and tls_report_message.c. */
#ifndef GATE25_POLICY_VERDICT_VERDICT_WIRE_H
#define GATE25_POLICY_VERDICT_VERDICT_WIRE_H

#include "policy/verdict/verdict.h"

/* What is left to the TLSA records of a whole message. */
struct tlsa_room {
	size_t records;
	size_t bytes; /* of their data */
};

/* tlsa_room_takes says whether a record of |len| octets has its place, and takes it. */
MUST_CHECK bool tlsa_room_takes(struct tlsa_room *room, size_t len);

void tlsa_put(struct wire_writer *w, const struct tlsa *record);
/* tlsa_get makes |out|, whose data the caller frees (tlsa_free). False: malformed, no room, or out of memory; then
 * |out| holds nothing. */
MUST_CHECK bool tlsa_get(struct wire_reader *r, struct tlsa *out, struct tlsa_room *room);

/* A count, which is a u8, and the patterns. More than VERDICT_PATTERNS_MAX fail. */
void patterns_put(struct wire_writer *w, const struct verdict_pattern *patterns, size_t count);
/* patterns_get returns what the caller frees. NULL: there are none, or reading failed, out of memory included. */
struct verdict_pattern *patterns_get(struct wire_reader *r, size_t *out_count);

#endif
