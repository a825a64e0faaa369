/* tlsa.c - see tlsa.h. */
#include "policy/verdict/tlsa.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *tlsa_unusable(const struct tlsa *record, tlsa_der_fn *parses)
{
	if (record->usage == TLSA_PKIX_TA || record->usage == TLSA_PKIX_EE)
		return "usages 0 and 1 are not for SMTP";
	if (record->usage != TLSA_DANE_TA && record->usage != TLSA_DANE_EE)
		return "of an unknown usage";
	if (record->selector != TLSA_CERT && record->selector != TLSA_SPKI)
		return "of an unknown selector";
	switch (record->mtype) {
	case TLSA_SHA256: return record->len == 32 ? NULL : "its SHA-256 has not 32 octets";
	case TLSA_SHA512: return record->len == 64 ? NULL : "its SHA-512 has not 64 octets";
	case TLSA_FULL: break;
	default: return "of an unknown matching type";
	}
	if (parses != NULL && record->len > 0 && parses(record->selector, record->data, record->len))
		return NULL;
	return record->selector == TLSA_CERT ? "its data is no certificate" : "its data is no public key";
}

bool tlsa_outdone(const struct tlsa *records, size_t count, size_t index)
{
	const struct tlsa *record = &records[index];

	for (size_t i = 0; i < count && record->mtype == TLSA_SHA256; i++) {
		if (records[i].usage == record->usage && records[i].selector == record->selector &&
		    records[i].mtype == TLSA_SHA512)
			return true;
	}
	return false;
}

const char *tlsa_format(const struct tlsa *record, char out[TLSA_TEXT_MAX])
{
	size_t shown = record->len <= 64 ? record->len : 16;
	int at = snprintf(out, TLSA_TEXT_MAX, "%u %u %u ", record->usage, record->selector, record->mtype);

	for (size_t i = 0; i < shown; i++)
		at += snprintf(out + at, TLSA_TEXT_MAX - (size_t)at, "%02x", record->data[i]);
	if (shown < record->len)
		(void)snprintf(out + at, TLSA_TEXT_MAX - (size_t)at, "...");
	return out;
}

/* parse_number reads a decimal octet and what separates it from the next. */
static const char *parse_number(uint8_t *out, const char *at)
{
	unsigned number = 0;
	size_t digits = 0;

	while (isblank((unsigned char)*at))
		at++;
	for (; isdigit((unsigned char)*at) && digits < 4; at++, digits++)
		number = 10 * number + (unsigned)(*at - '0');
	if (digits == 0 || number > UINT8_MAX || !isblank((unsigned char)*at))
		return NULL;
	*out = (uint8_t)number;
	return at;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* parse_hex: half an octet left over is an error. */
static bool parse_hex(struct tlsa *out, const char *at)
{
	size_t digits = 0;

	for (; *at != '\0'; at++) {
		int digit = hex_digit(*at);
		if (isblank((unsigned char)*at))
			continue;
		if (digit < 0)
			return false;
		out->data[digits / 2] = (uint8_t)(digits % 2 == 0 ? digit << 4 : out->data[digits / 2] | digit);
		digits++;
	}
	out->len = (uint16_t)(digits / 2);
	return digits > 0 && digits % 2 == 0 && digits / 2 <= TLSA_DATA_MAX;
}

bool tlsa_parse(struct tlsa *out, const char *text)
{
	const char *at = text;

	*out = (struct tlsa){ 0 };
	if ((at = parse_number(&out->usage, at)) == NULL || (at = parse_number(&out->selector, at)) == NULL ||
	    (at = parse_number(&out->mtype, at)) == NULL || strlen(at) > 4 * (size_t)TLSA_DATA_MAX)
		return false;
	out->data = malloc(strlen(at) / 2 + 1);
	if (out->data == NULL)
		return false;
	if (parse_hex(out, at))
		return true;
	free(out->data);
	*out = (struct tlsa){ 0 };
	return false;
}

bool tlsa_equal(const struct tlsa *a, const struct tlsa *b)
{
	return a->usage == b->usage && a->selector == b->selector && a->mtype == b->mtype && a->len == b->len &&
	       (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

void tlsa_free(struct tlsa *records, size_t count)
{
	for (size_t i = 0; records != NULL && i < count; i++)
		free(records[i].data);
	free(records);
}
