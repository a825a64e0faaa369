/* dnssec_report.h - how DNSSEC does, as gate25-policyd tells it to the parent, and the parent to whoever asks. */
#ifndef GATE25_BASE_DNSSEC_REPORT_H
#define GATE25_BASE_DNSSEC_REPORT_H

#include "proxy/base/conf.h"
#include "proxy/base/wire.h"

#define DNSSEC_MODE_TEXT_MAX 16
#define DNSSEC_REASON_MAX    384
#define DNSSEC_REPORT_MAX    640 /* octets of a report as a message */
#define DNSSEC_SENTENCE_MAX  768

enum dnssec_state {
	DNSSEC_TESTING = 0, /* no test has ended yet */
	DNSSEC_OFF,         /* the configuration wants no proofs: nothing is tested */
	DNSSEC_PROVED,      /* the self-test passed */
	DNSSEC_SILENT,      /* nobody gave an answer that can be used */
	DNSSEC_UNPROVED,    /* there are answers and nobody proves them */
	DNSSEC_STATE_COUNT
};

struct dnssec_report {
	enum dnssec_state state;
	char mode[DNSSEC_MODE_TEXT_MAX]; /* in force: "trust-ad", "validate", "off" */
	uint64_t since_s;                /* it is in force; time of day */
	uint64_t tested_s;               /* the last test ended; 0: none has */
	uint64_t failures;               /* tests that did not pass, in the life of the process */
	char reason[DNSSEC_REASON_MAX];  /* what the last test found; printable */
};

const char *dnssec_state_name(enum dnssec_state state); /* "testing", "off", "proved", "silent", "unproved" */
bool dnssec_state_good(enum dnssec_state state);        /* PROVED, OFF */

void dnssec_report_put(struct wire_writer *w, const struct dnssec_report *report);
/* False: malformed, as ever of a peer that is not trusted. */
MUST_CHECK bool dnssec_report_get(struct wire_reader *r, struct dnssec_report *out);

/* dnssec_sentence says what |state|, which is not good, means under |conf|, and the ways out. */
void dnssec_sentence(char out[DNSSEC_SENTENCE_MAX], const struct conf *conf, enum dnssec_state state,
		     const char *reason);

#endif
