/* fuzz_dns_message.c - answers to a question, of any content. The first octet chooses the type asked about. */
#include <stdlib.h>
#include <string.h>

#include "policy/dns/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	static const enum dns_type types[] = {
		DNS_A, DNS_AAAA, DNS_MX, DNS_TLSA, DNS_CNAME, DNS_TXT, DNS_SOA, DNS_DS, DNS_DNSKEY,
	};
	struct dns_message_query query;
	static struct dns_answer answer;
	static FILE *nowhere;
	uint8_t *message;

	if (in_len < 1)
		return 0;
	enum dns_type type = types[in[0] % COUNT(types)];
	if (!dns_message_ask(&query, "d.example", type, 0x1234))
		abort();
	in++;
	in_len--;
	/* Header and question are put right, so that the rest is looked at. */
	size_t head = 12 + query.question_len;
	message = malloc(head + in_len);
	if (message == NULL)
		return 0;
	memcpy(message, query.bytes, head);
	message[2] |= 0x80;
	if (in_len >= 7) {
		message[3] = in[0] & 0xaf;
		memcpy(message + 6, in + 1, 6);
	}
	memcpy(message + head, in, in_len);
	if (in_len >= 7)
		memmove(message + head, in + 7, in_len - 7);
	memset(&answer, 0, sizeof(answer));
	answer.ttl_s = UINT32_MAX;
	size_t len = in_len >= 7 ? head + in_len - 7 : head + in_len;
	struct dns_message read = { .bytes = message, .len = len, .now_s = 1800000000 };
	enum dns_reply reply = dns_message_read(&answer, &read, &query);
	if ((answer.status != DNS_FAILED) != (reply == DNS_REPLY_ANSWER))
		abort();
	if (reply == DNS_REPLY_ANSWER && (dns_secure(&answer) || answer.ttl_s > 86400 || answer.reason[0] != '\0'))
		abort();
	if (reply == DNS_REPLY_FAILED && (answer.reason[0] == '\0' || answer.tlsa != NULL || answer.txt != NULL))
		abort();
	for (const char *c = answer.reason; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~')
			abort();
	}
	for (size_t i = 0; i < answer.tlsa_count; i++) {
		if (i >= DNS_TLSA_MAX || answer.tlsa[i].len > TLSA_DATA_MAX)
			abort();
	}
	for (size_t i = 0; i < answer.txt_count; i++) {
		if (i >= DNS_TXT_MAX || answer.txt[i].len > in_len || answer.txt[i].bytes[answer.txt[i].len] != '\0')
			abort();
	}
	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	answer.message = message;
	answer.message_len = len;
	if (nowhere != NULL)
		dns_answer_print(nowhere, &answer);
	if (answer.mx_count > DNS_MX_MAX || answer.addrs_count > DNS_ADDRS_MAX || answer.aliases > DNS_ALIASES_MAX)
		abort();
	dns_answer_drop(&answer);
	free(message);
	return 0;
}
