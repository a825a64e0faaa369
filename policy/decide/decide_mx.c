/* decide_mx.c - the MX hosts of a verdict, with their TLSA records; see decide.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide/decide_parts.h"

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
	bool ok = mx_host_copy(out, host, dane == VERDICT_DANE_USABLE);

	out->dane = dane;
	if (dane != VERDICT_DANE_USABLE && dane != VERDICT_DANE_UNUSABLE)
		memset(out->tlsa_base, 0, sizeof(out->tlsa_base));
	return ok;
}

static bool copy_hosts(struct verdict *verdict, const struct conf *conf, const struct mx_result *mx)
{
	bool off = conf->dnssec == CONF_DNSSEC_OFF;
	bool dane = level_is_dane(verdict->level);

	verdict->mx = calloc(mx->hosts_count, sizeof(*verdict->mx));
	if (verdict->mx == NULL)
		return false;
	for (size_t i = 0; i < mx->hosts_count; i++) {
		const struct verdict_mx *host = &mx->hosts[i];
		enum verdict_dane found =
			dane && !off ? worth(host->dane, mx->secure, conf->insecure_mx) : VERDICT_DANE_NONE;
		verdict->mx_count++;
		if (!copy_host(&verdict->mx[i], host, found))
			return false;
		/* A host of which nothing is known may have TLSA records, where anybody looks for them. */
		if (dane && off && host->addrs_count == 0)
			verdict->mx[i].addrs_failed = false;
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

bool decide_mx(struct verdict *verdict, const struct conf *conf, const struct mx_result *mx)
{
	verdict->mx_lookup = mx->lookup;
	verdict->mx_secure = mx->secure;
	if (mx->secure && strcmp(mx->canonical, verdict->nexthop) != 0)
		(void)snprintf(verdict->expanded, sizeof(verdict->expanded), "%s", mx->canonical);
	memcpy(verdict->reason, mx->reason, sizeof(verdict->reason));
	if (mx->lookup != VERDICT_LOOKUP_FOUND)
		return true;
	if (!copy_hosts(verdict, conf, mx)) {
		drop_mx(verdict);
		return verdict_fail(verdict, RESULT_NONE, "out of memory");
	}
	return true;
}

bool decide_fits(struct verdict *verdict)
{
	bool tlsa = tlsa_fits(verdict);

	if (tlsa && message_fits(verdict))
		return true;
	drop_mx(verdict);
	if (tlsa && verdict->published.patterns_count > 0)
		return verdict_fail(verdict, RESULT_NONE,
				    "the MX hosts, their records and the published policy are more than can be judged");
	return verdict_fail(verdict, RESULT_DNSSEC_INVALID,
			    "the TLSA records of the MX hosts are more than can be judged (128 records, 48 KiB)");
}
