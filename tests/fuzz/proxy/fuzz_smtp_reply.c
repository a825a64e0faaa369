/* fuzz_smtp_reply.c - a server's octets, in pieces: no line for the client is more than one line, and the EHLO reply
 * made of it is one reply. The first octet is the size of the pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/smtp/smtp_ehlo.h"
#include "proxy/smtp/smtp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_line(const struct smtp_reply *reply, size_t index, bool utf8)
{
	char line[SMTP_REPLY_LINE_MAX + 1];
	size_t len = smtp_reply_line(reply, index, utf8, line);

	check(len >= 6 && len <= SMTP_REPLY_LINE_MAX && len == strlen(line));
	check(line[len - 2] == '\r' && line[len - 1] == '\n');
	check(line[3] == (index + 1 == reply->lines_count ? ' ' : '-'));
	for (size_t i = 0; i < len - 2; i++)
		check(line[i] == '\t' || (line[i] >= ' ' && line[i] <= '~') ||
		      (utf8 && (unsigned char)line[i] >= 0x80));
}

static void check_ehlo(const struct smtp_reply *reply)
{
	struct smtp_ehlo ehlo;
	struct smtp_reply own = { 0 };
	char out[SMTP_EHLO_REPLY_MAX];
	size_t used;

	smtp_ehlo_read(&ehlo, reply);
	check(reply->code / 100 == 2 || (ehlo.keywords == 0 && ehlo.name[0] == '\0'));
	size_t len = smtp_ehlo_write(&ehlo, out);
	check(len == strlen(out) && len < sizeof(out) - 1);
	check(smtp_reply_feed(&own, out, len, &used) == SMTP_REPLY_DONE && used == len);
	smtp_ehlo_read(&ehlo, &own);
	check((ehlo.keywords & ~(unsigned)(SMTP_KEYWORDS_PASSED | SMTP_KEYWORD_STARTTLS | SMTP_KEYWORD_AUTH |
					   SMTP_KEYWORD_REQUIRETLS | SMTP_KEYWORD_LIMITS | SMTP_KEYWORD_PIPELINING)) ==
	      0);
	smtp_reply_cleanup(&own);
}

static void check_reply(const struct smtp_reply *reply)
{
	char log[128];

	check(reply->code >= 200 && reply->code <= 599);
	check(reply->lines_count >= 1 && reply->lines_count <= SMTP_REPLY_IN_LINES_MAX);
	check(reply->enhanced[0] == '\0' || (unsigned)(reply->enhanced[0] - '0') == reply->code / 100);
	for (size_t i = 0; i < reply->lines_count; i++) {
		check_line(reply, i, false);
		check_line(reply, i, true);
	}
	check(strlen(smtp_reply_log(reply, log, sizeof(log))) < sizeof(log));
	check_ehlo(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	struct smtp_reply reply = { 0 };
	size_t step = in_len > 0 && in[0] != 0 ? in[0] : in_len;

	for (size_t at = 1; at < in_len;) {
		size_t used;
		size_t now = step < in_len - at ? step : in_len - at;
		enum smtp_reply_status status = smtp_reply_feed(&reply, (const char *)in + at, now, &used);
		at += used;
		check(status != SMTP_REPLY_MORE || used == now);
		check((status == SMTP_REPLY_BROKEN) == (reply.error != NULL));
		if (status == SMTP_REPLY_DONE)
			check_reply(&reply);
		if (status == SMTP_REPLY_BROKEN)
			break;
	}
	smtp_reply_cleanup(&reply);
	return 0;
}
