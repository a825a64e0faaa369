/* fuzz_tlsa.c - TLSA records of any content: which are usable, which count, what a host's search makes of them, and how
 * they are written. The first octet chooses: an RRset, text, or the full data of one record. */
#include <stdlib.h>
#include <string.h>

#include "policy/mx/host_search.h"
#include "policy/mx/tlsa_der.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* exact copies, so that a sanitizer sees one octet read too far. */
static uint8_t *exact(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	must(copy != NULL);
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

/* --- an RRset ----------------------------------------------------------------------------------------------------- */

/* Records one after the other: usage, selector, matching type, length (two octets), data. */
static size_t read_records(struct tlsa records[TLSA_MAX], const uint8_t *in, size_t in_len)
{
	size_t count = 0;

	while (in_len >= 5 && count < TLSA_MAX) {
		struct tlsa *record = &records[count];
		size_t len = (size_t)in[3] << 8 | in[4];
		*record = (struct tlsa){ .usage = in[0], .selector = in[1], .mtype = in[2] };
		in += 5;
		in_len -= 5;
		len = len < in_len ? len : in_len;
		record->len = (uint16_t)(len < TLSA_DATA_MAX ? len : TLSA_DATA_MAX);
		record->data = exact(in, record->len);
		in += len;
		in_len -= len;
		count++;
	}
	return count;
}

static bool has_sha512(const struct tlsa *records, size_t count, const struct tlsa *like)
{
	for (size_t i = 0; i < count; i++) {
		if (records[i].usage == like->usage && records[i].selector == like->selector &&
		    records[i].mtype == TLSA_SHA512)
			return true;
	}
	return false;
}

/* Of usable records at least one counts; only a weaker digest is outdone, by a stronger one of its own kind. */
static void check_agility(const struct tlsa *usable, size_t count)
{
	size_t counts = 0;

	for (size_t i = 0; i < count; i++) {
		bool outdone = tlsa_outdone(usable, count, i);
		must(outdone == (usable[i].mtype == TLSA_SHA256 && has_sha512(usable, count, &usable[i])));
		counts += !outdone;
	}
	must(counts > 0 || count == 0);
}

static void check_usable(const struct tlsa *record)
{
	must(record->usage == TLSA_DANE_TA || record->usage == TLSA_DANE_EE);
	must(record->selector <= TLSA_SPKI && record->mtype <= TLSA_SHA512);
	must(record->mtype != TLSA_SHA256 || record->len == 32);
	must(record->mtype != TLSA_SHA512 || record->len == 64);
	must(record->mtype != TLSA_FULL || tlsa_der_parses(record->selector, record->data, record->len));
}

static void check_search(struct tlsa *records, size_t count, const struct tlsa *usable, size_t usable_count)
{
	static struct dns_answer answer;
	struct host_search search;

	memset(&answer, 0, sizeof(answer));
	answer.status = DNS_FOUND_SECURE;
	memcpy(answer.canonical, "mx.example", 11);
	host_search_init(&search, "mx.example", 25, true);
	host_search_take(&search, DNS_A, &answer);
	host_search_take(&search, DNS_AAAA, &answer);
	answer.tlsa = records;
	answer.tlsa_count = count;
	host_search_take(&search, DNS_TLSA, &answer);
	must(search.step == HOST_STEP_DONE && search.tlsa_count == usable_count);
	must(search.dane == (count == 0         ? VERDICT_DANE_FAILED
			     : usable_count > 0 ? VERDICT_DANE_USABLE
						: VERDICT_DANE_UNUSABLE));
	must((host_search_base(&search)[0] != '\0') == (count > 0));
	for (size_t i = 0; i < usable_count; i++)
		must(tlsa_equal(&search.tlsa[i], &usable[i]));
	host_search_cleanup(&search);
}

static void check_text(const struct tlsa *record)
{
	char text[TLSA_TEXT_MAX];
	struct tlsa again;

	must(tlsa_format(record, text) == text && strlen(text) < sizeof(text));
	if (record->len == 0 || record->len > 64)
		return; /* nothing, or cut */
	must(tlsa_parse(&again, text) && tlsa_equal(record, &again));
	free(again.data);
}

static void try_rrset(const uint8_t *in, size_t in_len)
{
	static struct tlsa records[TLSA_MAX];
	static struct tlsa usable[TLSA_MAX];
	size_t count = read_records(records, in, in_len);
	size_t usable_count = 0;

	for (size_t i = 0; i < count; i++) {
		const char *why = tlsa_unusable(&records[i], tlsa_der_parses);
		must(why == NULL || why[0] != '\0');
		check_text(&records[i]);
		if (why != NULL)
			continue;
		check_usable(&records[i]);
		usable[usable_count++] = records[i];
	}
	check_agility(usable, usable_count);
	check_search(records, count, usable, usable_count);
	for (size_t i = 0; i < count; i++)
		free(records[i].data);
}

/* --- text, full data ---------------------------------------------------------------------------------------------- */

static void try_text(const uint8_t *in, size_t in_len)
{
	char *text = malloc(in_len + 1);
	struct tlsa record;

	must(text != NULL);
	if (in_len > 0)
		memcpy(text, in, in_len);
	text[in_len] = '\0';
	if (tlsa_parse(&record, text)) {
		must(record.len > 0 && record.len <= TLSA_DATA_MAX);
		check_text(&record);
		free(record.data);
	} else {
		must(record.data == NULL);
	}
	free(text);
}

/* What is read is read whole: an octet more is no longer it. */
static void try_der(uint8_t selector, const uint8_t *in, size_t in_len)
{
	uint8_t *der = exact(in, in_len);
	uint8_t *longer = malloc(in_len + 1);

	must(longer != NULL);
	if (tlsa_der_parses(selector, der, in_len)) {
		must(selector <= TLSA_SPKI && in_len > 0);
		memcpy(longer, in, in_len);
		longer[in_len] = 0;
		must(!tlsa_der_parses(selector, longer, in_len + 1));
	}
	free(longer);
	free(der);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	tlsa_der_init();
	if (in_len < 1 || in_len > 65536)
		return 0;
	switch (in[0] % 4) {
	case 0: try_rrset(in + 1, in_len - 1); break;
	case 1: try_text(in + 1, in_len - 1); break;
	case 2: try_der(TLSA_CERT, in + 1, in_len - 1); break;
	default: try_der(TLSA_SPKI, in + 1, in_len - 1); break;
	}
	return 0;
}
