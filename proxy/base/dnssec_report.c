/* dnssec_report.c - see dnssec_report.h. */
#include "proxy/base/dnssec_report.h"

#include <stdio.h>

#include "proxy/base/printable.h"

const char *dnssec_state_name(enum dnssec_state state)
{
	static const char *const names[DNSSEC_STATE_COUNT] = { "testing", "off", "proved", "silent", "unproved" };

	return (unsigned)state < DNSSEC_STATE_COUNT ? names[state] : "?";
}

bool dnssec_state_good(enum dnssec_state state)
{
	return state == DNSSEC_PROVED || state == DNSSEC_OFF;
}

void dnssec_report_put(struct wire_writer *w, const struct dnssec_report *report)
{
	wire_put_u8(w, (uint8_t)report->state);
	wire_put_str(w, report->mode);
	wire_put_u64(w, report->since_s);
	wire_put_u64(w, report->tested_s);
	wire_put_u64(w, report->failures);
	wire_put_str(w, report->reason);
}

static bool all_printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if (!is_printable(*text))
			return false;
	}
	return true;
}

bool dnssec_report_get(struct wire_reader *r, struct dnssec_report *out)
{
	out->state = (enum dnssec_state)wire_get_enum(r, DNSSEC_STATE_COUNT);
	wire_get_str(r, out->mode, sizeof(out->mode));
	out->since_s = wire_get_u64(r);
	out->tested_s = wire_get_u64(r);
	out->failures = wire_get_u64(r);
	wire_get_str(r, out->reason, sizeof(out->reason));
	return wire_done(r) && all_printable(out->mode) && all_printable(out->reason);
}

/* ways_out: what the operator can do who has |conf|; what he has done already is left out. */
static const char *ways_out(const struct conf *conf)
{
	if (conf->dnssec == CONF_DNSSEC_TRUST_AD)
		return "run a validating resolver (unbound) on loopback, or set dnssec = validate, or dnssec = off";
	if (conf->recursion)
		return "run a validating resolver (unbound) on loopback without recursion = yes, or set dnssec = off";
	return "run a validating resolver (unbound) on loopback, or set dnssec = validate and recursion = yes, or "
	       "dnssec = off";
}

void dnssec_sentence(char out[DNSSEC_SENTENCE_MAX], const struct conf *conf, enum dnssec_state state,
		     const char *reason)
{
	if (state == DNSSEC_UNPROVED)
		(void)snprintf(out, DNSSEC_SENTENCE_MAX,
			       "the configuration wants DANE, and nobody proves DNSSEC here (%s): %s", reason,
			       ways_out(conf));
	else if (state == DNSSEC_SILENT)
		(void)snprintf(out, DNSSEC_SENTENCE_MAX,
			       "the configuration wants DANE, and no resolver answers (%s): mail is deferred until one "
			       "does",
			       reason);
	else
		(void)snprintf(out, DNSSEC_SENTENCE_MAX, "the DNSSEC self-test has not ended yet");
}
