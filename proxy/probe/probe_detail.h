/* probe_detail.h - what both outputs of probe tell of a target: which records did what, and who can mend it. */
#ifndef GATE25_PROXY_PROBE_PROBE_DETAIL_H
#define GATE25_PROXY_PROBE_PROBE_DETAIL_H

#include "proxy/probe/probe.h"

#define PROBE_TEXT_MAX 320

/* What authenticated the server; "" for nothing. */
const char *probe_match(const struct probe_target *target);   /* the TLSA record, "3 1 1": the depth means something */
const char *probe_matched(const struct probe_target *target); /* the name or fingerprint */

/* probe_tlsa_host lists the MX hosts whose TLSA records count at the target: NULL past the last. */
const struct verdict_mx *probe_tlsa_host(const struct probe_target *target, size_t index);
/* What the search for its records came to, where none is listed; NULL: they are listed. */
const char *probe_tlsa_none(const struct verdict_mx *mx);

enum probe_record {
	PROBE_RECORD_UNMATCHED = 0, /* of no certificate that the server sent */
	PROBE_RECORD_MATCHED,       /* it authenticated the server */
	PROBE_RECORD_PRESENT,       /* of a certificate that it sent, and did not authenticate it */
	PROBE_RECORD_OUTDONE,       /* digest agility: a stronger one counts */
	PROBE_RECORD_UNTRIED,       /* no certificate was seen */
};
enum probe_record probe_record_of(const struct probe_target *target, const struct verdict_mx *mx, size_t record);
const char *probe_record_name(enum probe_record record); /* "matched", ... */

/* Who can do what about a target that does not pass; "" where there is nothing to say. */
struct probe_hint {
	char theirs[PROBE_TEXT_MAX]; /* the domain's or the server's operator */
	char yours[PROBE_TEXT_MAX];  /* the gate's operator */
};
void probe_hint_of(struct probe_hint *out, const struct probe *probe, const struct probe_target *target);

#endif
