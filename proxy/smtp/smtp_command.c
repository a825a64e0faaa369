/* smtp_command.c - see smtp_command.h. */
#include "proxy/smtp/smtp_command.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/smtp/smtp_param.h"

enum arg_rule { ARG_ANY = 0, ARG_NONE, ARG_WORD, ARG_SOME };

static const struct verb {
	const char *name;
	enum arg_rule rule;
} verbs[SMTP_VERB_COUNT] = {
	[SMTP_VERB_UNKNOWN] = { "?", ARG_ANY },          [SMTP_VERB_EHLO] = { "EHLO", ARG_WORD },
	[SMTP_VERB_HELO] = { "HELO", ARG_WORD },         [SMTP_VERB_MAIL] = { "MAIL", ARG_ANY },
	[SMTP_VERB_RCPT] = { "RCPT", ARG_ANY },          [SMTP_VERB_DATA] = { "DATA", ARG_NONE },
	[SMTP_VERB_RSET] = { "RSET", ARG_NONE },         [SMTP_VERB_NOOP] = { "NOOP", ARG_ANY },
	[SMTP_VERB_QUIT] = { "QUIT", ARG_NONE },         [SMTP_VERB_HELP] = { "HELP", ARG_ANY },
	[SMTP_VERB_VRFY] = { "VRFY", ARG_SOME },         [SMTP_VERB_EXPN] = { "EXPN", ARG_SOME },
	[SMTP_VERB_STARTTLS] = { "STARTTLS", ARG_NONE }, [SMTP_VERB_AUTH] = { "AUTH", ARG_ANY },
	[SMTP_VERB_BDAT] = { "BDAT", ARG_ANY },          [SMTP_VERB_BURL] = { "BURL", ARG_ANY },
	[SMTP_VERB_ETRN] = { "ETRN", ARG_ANY },          [SMTP_VERB_ATRN] = { "ATRN", ARG_ANY },
	[SMTP_VERB_TURN] = { "TURN", ARG_ANY },          [SMTP_VERB_XCLIENT] = { "XCLIENT", ARG_ANY },
	[SMTP_VERB_XFORWARD] = { "XFORWARD", ARG_ANY },  [SMTP_VERB_HTTP] = { "HTTP", ARG_ANY },
};

static const char *const http_methods[] = { "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "Host:" };

static const char bad_syntax[] = "500 5.5.2 Syntax error";

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static bool word_is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

static enum smtp_verb find_verb(const char *text, size_t len)
{
	for (enum smtp_verb verb = SMTP_VERB_UNKNOWN + 1; verb < SMTP_VERB_HTTP; verb++)
		if (word_is(text, len, verbs[verb].name))
			return verb;
	for (size_t i = 0; i < COUNT(http_methods); i++)
		if (word_is(text, len, http_methods[i]))
			return SMTP_VERB_HTTP;
	return SMTP_VERB_UNKNOWN;
}

/* split finds verb and argument; spaces at the end of the line are nobody's. */
static void split(struct smtp_command *out, const struct smtp_line *line)
{
	size_t len = line->len;
	size_t verb_len = 0;
	size_t at;

	while (len > 0 && is_space(line->text[len - 1]))
		len--;
	while (verb_len < len && !is_space(line->text[verb_len]))
		verb_len++;
	at = verb_len;
	while (at < len && is_space(line->text[at]))
		at++;
	out->verb = find_verb(line->text, verb_len);
	out->arg = line->text + at;
	out->arg_len = len - at;
}

static bool is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

static const char *check_arg(const struct smtp_command *cmd)
{
	bool has_space = memchr(cmd->arg, ' ', cmd->arg_len) != NULL || memchr(cmd->arg, '\t', cmd->arg_len) != NULL;

	switch (verbs[cmd->verb].rule) {
	case ARG_ANY: return NULL;
	case ARG_NONE: return cmd->arg_len == 0 ? NULL : "501 5.5.4 This command takes no argument";
	case ARG_SOME: return cmd->arg_len > 0 ? NULL : "501 5.5.4 This command needs an argument";
	case ARG_WORD:
		return cmd->arg_len > 0 && cmd->arg_len < SMTP_DOMAIN_MAX && !has_space
			       ? NULL
			       : "501 5.5.4 Syntax: EHLO or HELO, and a host name";
	}
	return bad_syntax;
}

/* What differs between MAIL and RCPT. */
struct direction {
	const char *prefix;
	enum smtp_path_kind kind;
	const char *usage;
	const char *bad_path;
};

static const struct direction from = {
	.prefix = "FROM:",
	.kind = SMTP_PATH_SENDER,
	.usage = "501 5.5.4 Syntax: MAIL FROM:<address>",
	.bad_path = "501 5.1.7 Bad sender address syntax",
};
static const struct direction to = {
	.prefix = "TO:",
	.kind = SMTP_PATH_RECIPIENT,
	.usage = "501 5.5.4 Syntax: RCPT TO:<address>",
	.bad_path = "501 5.1.3 Bad recipient address syntax",
};

/* parse_envelope reads `FROM:<path> params`. Whether 8-bit is right is known only at the end, as MAIL says so in its
 * parameters. */
static const char *parse_envelope(struct smtp_envelope *out, enum smtp_verb verb, const char *arg, size_t len,
				  bool utf8)
{
	const struct direction *way = verb == SMTP_VERB_MAIL ? &from : &to;
	size_t at = strlen(way->prefix);
	size_t used;
	const char *error;

	if (len < at || strncasecmp(arg, way->prefix, at) != 0)
		return way->usage;
	while (at < len && is_space(arg[at]))
		at++;
	if (at == len || smtp_path_parse(&out->path, way->kind, arg + at, len - at, &used) != SMTP_PATH_OK)
		return at == len ? way->usage : way->bad_path;
	at += used;
	if (at < len && arg[at] != ' ')
		return way->bad_path;
	error = smtp_params_parse(out, verb, arg + at, len - at);
	if (error != NULL)
		return error;
	if (verb == SMTP_VERB_MAIL)
		utf8 = out->smtputf8;
	if (out->path.utf8 && !utf8)
		return "553 5.6.7 Address is not ASCII and SMTPUTF8 is not in force";
	return is_ascii(arg + at, len - at) || utf8 ? NULL : "501 5.5.4 Bad parameter";
}

void smtp_command_parse(struct smtp_command *out, const struct smtp_line *line, bool utf8)
{
	bool envelope;

	memset(out, 0, sizeof(*out));
	split(out, line);
	envelope = out->verb == SMTP_VERB_MAIL || out->verb == SMTP_VERB_RCPT;
	/* MAIL and RCPT say by themselves what is wrong with 8-bit. */
	if (line->bad || (line->eight_bit && !envelope && !(out->verb == SMTP_VERB_VRFY && utf8)))
		out->error = bad_syntax;
	else if (envelope)
		out->error = parse_envelope(&out->envelope, out->verb, out->arg, out->arg_len, utf8);
	else if (out->verb == SMTP_VERB_UNKNOWN)
		out->error = "500 5.5.2 Command not recognized";
	else
		out->error = check_arg(out);
	if (out->error != NULL)
		memset(&out->envelope, 0, sizeof(out->envelope));
}

const char *smtp_command_check_params(const struct smtp_envelope *envelope, unsigned offered)
{
	return (envelope->needs & ~offered) == 0 ? NULL : "555 5.5.4 Unsupported parameter";
}

size_t smtp_envelope_write(const struct smtp_envelope *envelope, enum smtp_verb verb, char out[SMTP_ENVELOPE_LINE_MAX])
{
	const struct direction *way = verb == SMTP_VERB_MAIL ? &from : &to;

	return (size_t)snprintf(out, SMTP_ENVELOPE_LINE_MAX, "%s %s<%s>%s%s\r\n", smtp_verb_name(verb), way->prefix,
				envelope->path.text, envelope->params[0] != '\0' ? " " : "", envelope->params);
}

void smtp_envelope_drop_requiretls(struct smtp_envelope *envelope)
{
	static const char name[] = "REQUIRETLS";
	size_t n = 0;

	for (size_t at = 0; envelope->params[at] != '\0';) {
		size_t len = strcspn(envelope->params + at, " ");
		bool drop = len == sizeof(name) - 1 && strncasecmp(envelope->params + at, name, len) == 0;
		if (!drop && n > 0)
			envelope->params[n++] = ' ';
		if (!drop) {
			memmove(envelope->params + n, envelope->params + at, len);
			n += len;
		}
		at += len + (envelope->params[at + len] == ' ');
	}
	envelope->params[n] = '\0';
	envelope->requiretls = false;
	envelope->needs &= ~(unsigned)SMTP_KEYWORD_REQUIRETLS;
}

/* is_envelope: `MAIL FROM:` or `RCPT TO:`, which no text of a message happens to be. */
static bool is_envelope(const struct smtp_command *command)
{
	const struct direction *way = command->verb == SMTP_VERB_MAIL ? &from : &to;
	size_t len = strlen(way->prefix);

	return (command->verb == SMTP_VERB_MAIL || command->verb == SMTP_VERB_RCPT) && command->arg_len >= len &&
	       strncasecmp(command->arg, way->prefix, len) == 0;
}

size_t smtp_command_show(const struct smtp_line *line, bool hushed)
{
	struct smtp_command command = { 0 };
	size_t shown = 0;

	split(&command, line);
	if (is_envelope(&command) || (!hushed && (command.verb == SMTP_VERB_EHLO || command.verb == SMTP_VERB_HELO)))
		shown = line->len;
	else if (command.verb != SMTP_VERB_UNKNOWN || !hushed)
		while (shown < line->len && !is_space(line->text[shown]))
			shown++;
	return shown < SMTP_COMMAND_SHOWN_MAX ? shown : SMTP_COMMAND_SHOWN_MAX;
}

const char *smtp_verb_name(enum smtp_verb verb)
{
	return (unsigned)verb < SMTP_VERB_COUNT ? verbs[verb].name : verbs[SMTP_VERB_UNKNOWN].name;
}
