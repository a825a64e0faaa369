/* dns_ede.c - see dns_ede.h. */
#include "policy/dns/dns_ede.h"

#include <stdio.h>
#include <string.h>

#include "proxy/base/printable.h"

#define EDE_OPTION 15

static const struct {
	uint16_t code;
	bool bogus;
	const char *text;
} errors[] = {
	{ 1, false, "unsupported DNSKEY algorithm" },
	{ 2, false, "unsupported DS digest" },
	{ 3, false, "stale answer" },
	{ 4, false, "forged answer" },
	{ 5, false, "DNSSEC indeterminate" },
	{ 6, true, "DNSSEC bogus" },
	{ 7, true, "signature expired" },
	{ 8, true, "signature not yet valid" },
	{ 9, true, "DNSKEY missing" },
	{ 10, true, "RRSIGs missing" },
	{ 11, true, "no zone key bit set" },
	{ 12, true, "NSEC missing" },
	{ 13, false, "cached error" },
	{ 14, false, "not ready" },
	{ 15, false, "blocked" },
	{ 16, false, "censored" },
	{ 17, false, "filtered" },
	{ 18, false, "prohibited" },
	{ 20, false, "not authoritative" },
	{ 21, false, "not supported" },
	{ 22, false, "no reachable authority" },
	{ 23, false, "network error" },
	{ 24, false, "invalid data" },
	{ 25, true, "signature expired before it was valid" },
	{ 26, false, "too early" },
	{ 27, false, "unsupported NSEC3 iterations" },
};

static const char *rcode_name(ldns_pkt_rcode rcode)
{
	switch (rcode) {
	case LDNS_RCODE_FORMERR: return "FORMERR";
	case LDNS_RCODE_SERVFAIL: return "SERVFAIL";
	case LDNS_RCODE_NOTIMPL: return "NOTIMP";
	case LDNS_RCODE_REFUSED: return "REFUSED";
	default: return "an error of the resolver";
	}
}

/* append_text adds what the resolver itself says, in printable ASCII. */
static void append_text(char out[DNS_REASON_MAX], const uint8_t *text, size_t len)
{
	size_t at = strlen(out);

	if (len == 0 || at + 5 >= DNS_REASON_MAX)
		return;
	out[at++] = ' ';
	out[at++] = '(';
	for (size_t i = 0; i < len && text[i] != '\0' && at + 2 < DNS_REASON_MAX; i++)
		out[at++] = printable((char)text[i]);
	out[at++] = ')';
	out[at] = '\0';
}

static bool append_error(char out[DNS_REASON_MAX], const uint8_t *data, size_t len)
{
	uint16_t code = (uint16_t)(data[0] << 8 | data[1]);
	size_t at = strlen(out);
	bool bogus = false;
	const char *name = NULL;

	for (size_t i = 0; i < COUNT(errors); i++) {
		if (errors[i].code == code) {
			name = errors[i].text;
			bogus = errors[i].bogus;
		}
	}
	if (name != NULL)
		(void)snprintf(out + at, DNS_REASON_MAX - at, ": %s", name);
	else
		(void)snprintf(out + at, DNS_REASON_MAX - at, ": extended error %u", code);
	append_text(out, data + 2, len - 2);
	return bogus;
}

bool dns_ede_reason(char out[DNS_REASON_MAX], ldns_pkt *packet)
{
	/* Kept by the packet, freed with it. */
	ldns_edns_option_list *options = ldns_pkt_edns_get_option_list(packet);
	bool bogus = false;

	(void)snprintf(out, DNS_REASON_MAX, "%s", rcode_name(ldns_pkt_get_rcode(packet)));
	for (size_t i = 0; options != NULL && i < ldns_edns_option_list_get_count(options); i++) {
		const ldns_edns_option *option = ldns_edns_option_list_get_option(options, i);
		if ((unsigned)ldns_edns_get_code(option) == EDE_OPTION && ldns_edns_get_size(option) >= 2)
			bogus |= append_error(out, ldns_edns_get_data(option), ldns_edns_get_size(option));
	}
	return bogus && ldns_pkt_get_rcode(packet) == LDNS_RCODE_SERVFAIL;
}
