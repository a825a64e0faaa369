/* fuzz_smtp_command.c - a client's octets through line and command parser: what is forwarded is one line, without a
 * control character, that reads as the same command again. The first octet says whether SMTPUTF8 is in force. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/smtp/smtp_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* check_again: the forwarded line is a fixed point. */
static void check_again(const struct smtp_command *cmd, bool utf8)
{
	static struct smtp_line line;
	static struct smtp_command again;
	char out[SMTP_ENVELOPE_LINE_MAX];
	char out_again[SMTP_ENVELOPE_LINE_MAX];
	size_t used;
	size_t len = smtp_envelope_write(&cmd->envelope, cmd->verb, out);

	check(len < sizeof(out) && len == strlen(out));
	smtp_line_init(&line);
	enum smtp_line_status status = smtp_line_feed(&line, out, len, &used);
	check(used == len);
	if (status == SMTP_LINE_TOO_LONG)
		return; /* a space after the verb that the client's own line did without */
	check(status == SMTP_LINE_READY && !line.bad);
	smtp_command_parse(&again, &line, utf8);
	check(again.error == NULL && again.verb == cmd->verb && again.envelope.needs == cmd->envelope.needs);
	check(strcmp(again.envelope.path.domain, cmd->envelope.path.domain) == 0);
	check(smtp_envelope_write(&again.envelope, again.verb, out_again) == len && memcmp(out, out_again, len) == 0);
}

static void check_command(const struct smtp_line *line, bool utf8)
{
	static struct smtp_command cmd;

	smtp_command_parse(&cmd, line, utf8);
	check((unsigned)cmd.verb < SMTP_VERB_COUNT);
	check(cmd.arg >= line->text && cmd.arg + cmd.arg_len <= line->text + line->len);
	check(cmd.error != NULL || !line->bad);
	check(cmd.error != NULL || cmd.verb != SMTP_VERB_UNKNOWN);
	if (cmd.error != NULL) {
		check(cmd.error[0] == '5' && cmd.envelope.path.text[0] == '\0' && cmd.envelope.params[0] == '\0');
		return;
	}
	for (const char *c = cmd.envelope.path.domain; *c != '\0'; c++)
		check((*c > ' ' && *c < 0x7f && !(*c >= 'A' && *c <= 'Z')) && *c != '@' && *c != '>');
	if (cmd.verb == SMTP_VERB_MAIL || cmd.verb == SMTP_VERB_RCPT)
		check_again(&cmd, utf8);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	static struct smtp_line line;
	bool utf8 = in_len > 0 && (in[0] & 1) != 0;
	size_t at = 1;

	smtp_line_init(&line);
	while (at < in_len) {
		size_t used;
		enum smtp_line_status status = smtp_line_feed(&line, (const char *)in + at, in_len - at, &used);
		at += used;
		if (status == SMTP_LINE_READY)
			check_command(&line, utf8);
		if (status == SMTP_LINE_BROKEN)
			break;
	}
	return 0;
}
