/* decide_mx.c - the MX hosts of a verdict, with their TLSA records; see decide.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide/decide_parts.h"

static bool copy_addrs(struct verdict_mx *out, const struct verdict_mx *host)
{
	if (host->addrs_count == 0)
		return true;
	out->addrs = calloc(host->addrs_count, sizeof(*out->addrs));
	if (out->addrs == NULL)
		return false;
	memcpy(out->addrs, host->addrs, host->addrs_count * sizeof(*out->addrs));
	out->addrs_count = host->addrs_count;
	return true;
}

static bool copy_tlsa(struct verdict_mx *out, const struct verdict_mx *host)
{
	if (host->tlsa_count == 0)
		return true;
	out->tlsa = calloc(host->tlsa_count, sizeof(*out->tlsa));
	if (out->tlsa == NULL)
		return false;
	for (size_t i = 0; i < host->tlsa_count; i++) {
		struct tlsa *record = &out->tlsa[i];
		*record = host->tlsa[i];
		record->data = malloc(record->len);
		if (record->data == NULL)
			return false;
		out->tlsa_count++;
		memcpy(record->data, host->tlsa[i].data, record->len);
	}
	return true;
}

/* worth is what the records of a host come to. Where the MX list is not proved whoever forged it chose the host, and
 * the operator says what a match is worth (Postfix's smtp_tls_dane_insecure_mx_policy). */
static enum verdict_dane worth(enum verdict_dane found, bool secure, enum conf_insecure_mx insecure_mx)
{
	if (secure)
		return found;
	switch (insecure_mx) {
	case CONF_INSECURE_MX_DANE: return found;
	case CONF_INSECURE_MX_ENCRYPT: return found == VERDICT_DANE_USABLE ? VERDICT_DANE_UNUSABLE : found;
	case CONF_INSECURE_MX_MAY: return VERDICT_DANE_NONE;
	}
	return VERDICT_DANE_FAILED;
}

static bool copy_host(struct verdict_mx *out, const struct verdict_mx *host, enum verdict_dane dane)
{
	bool records = dane == VERDICT_DANE_USABLE || dane == VERDICT_DANE_UNUSABLE;

	*out = (struct verdict_mx){ .preference = host->preference, .addrs_failed = host->addrs_failed, .dane = dane };
	memcpy(out->name, host->name, sizeof(out->name));
	if (records)
		memcpy(out->tlsa_base, host->tlsa_base, sizeof(out->tlsa_base));
	return copy_addrs(out, host) && (dane != VERDICT_DANE_USABLE || copy_tlsa(out, host));
}

static bool copy_hosts(struct verdict *verdict, enum conf_insecure_mx insecure_mx, const struct mx_result *mx)
{
	bool dane = level_is_dane(verdict->level);

	verdict->mx = calloc(mx->hosts_count, sizeof(*verdict->mx));
	if (verdict->mx == NULL)
		return false;
	for (size_t i = 0; i < mx->hosts_count; i++) {
		const struct verdict_mx *host = &mx->hosts[i];
		enum verdict_dane found = dane ? worth(host->dane, mx->secure, insecure_mx) : VERDICT_DANE_NONE;
		verdict->mx_count++;
		if (!copy_host(&verdict->mx[i], host, found))
			return false;
	}
	return true;
}

/* --- what a verdict can carry ------------------------------------------------------------------------------------- */

static bool tlsa_fits(const struct verdict *verdict)
{
	size_t records = 0;
	size_t bytes = 0;

	for (size_t i = 0; i < verdict->mx_count; i++) {
		records += verdict->mx[i].tlsa_count;
		for (size_t j = 0; j < verdict->mx[i].tlsa_count; j++)
			bytes += verdict->mx[i].tlsa[j].len;
	}
	return records <= VERDICT_TLSA_MAX && bytes <= VERDICT_TLSA_BYTES_MAX;
}

/* A message has to hold all of it, the addresses too, of which there may be 32 times 64. */
static bool message_fits(const struct verdict *verdict)
{
	uint8_t *bytes = malloc(WIRE_MAX);
	struct wire_writer w;

	if (bytes == NULL)
		return false;
	wire_writer_init(&w, bytes, WIRE_MAX - 2); /* the message's type takes the rest */
	verdict_put(&w, 0, verdict);
	free(bytes);
	return !w.failed;
}

static void drop_mx(struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->mx_count; i++)
		verdict_mx_cleanup(&verdict->mx[i]);
	free(verdict->mx);
	verdict->mx = NULL;
	verdict->mx_count = 0;
	verdict->mx_lookup = VERDICT_LOOKUP_FAILED;
}

bool decide_mx(struct verdict *verdict, enum conf_insecure_mx insecure_mx, const struct mx_result *mx)
{
	verdict->mx_lookup = mx->lookup;
	verdict->mx_secure = mx->secure;
	if (mx->secure && strcmp(mx->canonical, verdict->nexthop) != 0)
		(void)snprintf(verdict->expanded, sizeof(verdict->expanded), "%s", mx->canonical);
	memcpy(verdict->reason, mx->reason, sizeof(verdict->reason));
	if (mx->lookup != VERDICT_LOOKUP_FOUND)
		return true;
	if (!copy_hosts(verdict, insecure_mx, mx)) {
		drop_mx(verdict);
		return verdict_fail(verdict, RESULT_NONE, "out of memory");
	}
	return true;
}

bool decide_fits(struct verdict *verdict)
{
	if (tlsa_fits(verdict) && message_fits(verdict))
		return true;
	drop_mx(verdict);
	return verdict_fail(verdict, RESULT_DNSSEC_INVALID,
			    "the TLSA records of the MX hosts are more than can be judged (128 records, 48 KiB)");
}
