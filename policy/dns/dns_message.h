/* dns_message.h - DNS messages: making a question, and judging what came back. Pure. For dns_*.c only. */
#ifndef GATE25_POLICY_DNS_DNS_MESSAGE_H
#define GATE25_POLICY_DNS_DNS_MESSAGE_H

#include "policy/dns/dns.h"

#define DNS_QUERY_MAX 320

struct dns_message_query {
	char name[DNS_NAME_MAX];
	enum dns_type type;
	uint8_t bytes[DNS_QUERY_MAX];
	size_t len;
	size_t question_len; /* of the question section, which starts at octet 12 */
};

/* What came back. */
struct dns_message {
	const uint8_t *bytes;
	size_t len;
	int64_t now_s; /* since 1970: signatures end at a time of day */
	bool ad;       /* found by dns_message_read: the AD bit, */
	bool signs;    /* and whether there is a signature in the sections of answer and authority */
};

enum dns_reply {
	DNS_REPLY_FOREIGN = 0, /* not an answer to this question: another id or question. Keep listening */
	DNS_REPLY_FAILED,      /* malformed, over a limit, or the resolver's own failure. Ask another */
	DNS_REPLY_TRUNCATED,   /* ask again over TCP */
	DNS_REPLY_ALIAS,       /* |canonical| is an alias's end about which the message says nothing: ask about that */
	DNS_REPLY_ANSWER,      /* |status| says found or absent */
};

/* False: |name| is none that can be asked about. The question is asked with RD, AD and DO (RFC 6840 s. 5.7). */
MUST_CHECK bool dns_message_ask(struct dns_message_query *out, const char *name, enum dns_type type, uint16_t id);

/* dns_message_read judges |message| as the answer to |query|. It adds to |answer|: aliases and ttl_s go on from earlier
 * messages of the same question (zero them, and ttl_s to UINT32_MAX, before the first). What it says is never more than
 * insecure: who proves it is the caller's knowledge. The records are the caller's: dns_answer_drop. */
enum dns_reply dns_message_read(struct dns_answer *answer, struct dns_message *message,
				const struct dns_message_query *query);

/* dns_answer_drop frees the records that are |answer|'s and counts none. */
void dns_answer_drop(struct dns_answer *answer);

#endif
