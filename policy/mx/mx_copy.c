/* mx_copy.c - see mx.h: what a lookup found, for whoever keeps it longer than the call that told it. */
#include <stdlib.h>
#include <string.h>

#include "policy/mx/mx.h"

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

bool mx_host_copy(struct verdict_mx *out, const struct verdict_mx *from, bool with_tlsa)
{
	*out = *from;
	out->addrs = NULL;
	out->addrs_count = 0;
	out->tlsa = NULL;
	out->tlsa_count = 0;
	return copy_addrs(out, from) && (!with_tlsa || copy_tlsa(out, from));
}

bool mx_result_copy(struct mx_result *out, const struct mx_result *from)
{
	bool ok = true;

	*out = *from;
	out->hosts = NULL;
	out->hosts_count = 0;
	if (from->hosts_count == 0)
		return true;
	out->hosts = calloc(from->hosts_count, sizeof(*out->hosts));
	for (size_t i = 0; ok && out->hosts != NULL && i < from->hosts_count; i++) {
		out->hosts_count++;
		ok = mx_host_copy(&out->hosts[i], &from->hosts[i], true);
	}
	if (ok && out->hosts != NULL)
		return true;
	mx_result_cleanup(out);
	*out = (struct mx_result){ 0 };
	return false;
}
