/* ask.c - see ask.h. */
#include "policy/tools/ask.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide/decide.h"
#include "policy/tools/explain.h"
#include "policy/tools/load_conf.h"
#include "policy/tools/look_up.h"
#include "proxy/base/exit_status.h"

struct options {
	const char *recipient;
	const char *destination;
	const char *config;
	bool json;
	bool wire;
};

/* --- the question ------------------------------------------------------------------------------------------------- */

static bool is_name(const char *text)
{
	size_t label = 0;

	for (; *text != '\0'; text++) {
		if (*text == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if ((!isalnum((unsigned char)*text) && *text != '-' && *text != '_') || ++label > 63) {
			return false;
		}
	}
	return label > 0;
}

bool ask_recipient(char out[VERDICT_NAME_MAX], const char *text)
{
	size_t len = strlen(text);
	const char *at;

	out[0] = '\0';
	if (len >= 2 && text[0] == '<' && text[len - 1] == '>') {
		text++;
		len -= 2;
	}
	if (len == strlen("postmaster") && strncasecmp(text, "postmaster", len) == 0)
		return true;
	at = memrchr(text, '@', len);
	if (at != NULL) {
		len -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (len == 0 || len >= VERDICT_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	out[len] = '\0';
	return (out[0] == '[' && out[len - 1] == ']' && len > 2) || is_name(out);
}

static bool parse_options(struct options *out, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char **value = NULL;
		bool *flag = NULL;
		if (strcmp(argv[i], "--json") == 0)
			flag = &out->json;
		else if (strcmp(argv[i], "--wire") == 0)
			flag = &out->wire;
		if (flag != NULL) {
			*flag = true;
			continue;
		}
		if (strcmp(argv[i], "--destination") == 0)
			value = &out->destination;
		else if (strcmp(argv[i], "--config") == 0)
			value = &out->config;
		if (value != NULL ? i + 1 >= argc : argv[i][0] == '-' || out->recipient != NULL)
			return false;
		if (value != NULL)
			*value = argv[++i];
		else
			out->recipient = argv[i];
	}
	return out->recipient != NULL && !(out->json && out->wire);
}

/* --- the answer ----------------------------------------------------------------------------------------------------
 */

struct asking {
	const struct options *options;
	const struct conf *conf;
	const struct verdict_question *question;
	struct rules_match match;
	struct decide_want want;
	bool wanted; /* something had to be found out */
	int status;
};

/* print_wire: see ask.h. */
static bool print_wire(FILE *out, const struct verdict *verdict)
{
	uint8_t *bytes = malloc(4 + WIRE_MAX);
	struct wire_writer head;
	struct wire_writer body;
	bool ok = false;

	if (bytes != NULL) {
		wire_writer_init(&head, bytes, 4);
		wire_writer_init(&body, bytes + 4, WIRE_MAX);
		verdict_put(&body, 0, verdict);
		wire_put_u32(&head, (uint32_t)body.len);
		ok = !body.failed && fwrite(bytes, 1, head.len + body.len, out) == head.len + body.len;
	}
	free(bytes);
	return ok;
}

static bool print(const struct options *options, const struct explain *explain)
{
	if (options->wire)
		return print_wire(stdout, explain->verdict);
	if (options->json)
		return explain_json(stdout, explain);
	explain_text(stdout, explain);
	return true;
}

/* tell: |found| is NULL where nothing had to be found out. */
static void tell(void *arg, const struct looked_up *found)
{
	struct asking *asking = arg;
	const struct options *options = asking->options;
	const struct decide_facts *facts = found != NULL ? found->facts : NULL;
	struct verdict *verdict = decide(asking->conf, 0, &asking->match, asking->question, facts);
	struct explain explain = { .recipient = options->recipient,
				   .file = options->config != NULL ? options->config : CONF_DEFAULT_PATH,
				   .conf = asking->conf,
				   .question = asking->question,
				   .match = &asking->match,
				   .dane = asking->wanted && asking->want.mx.dane,
				   .lookup_name = asking->wanted ? asking->want.mx.domain : NULL,
				   .facts = facts,
				   .verdict = verdict };

	if (verdict == NULL) {
		(void)fprintf(stderr, "gate25-policyd: out of memory\n");
		return;
	}
	if (found != NULL) {
		explain.proof = found->proof;
		explain.trail = found->trail;
		explain.policy_trail = found->policy;
		explain.note = found->note;
		explain.mx = facts->mx;
	}
	if (print(options, &explain))
		asking->status = explain_status(&explain);
	verdict_unref(verdict);
}

static int answer(const struct options *options, const struct conf *conf, const struct verdict_question *question)
{
	struct asking asking = { .options = options, .conf = conf, .question = question, .status = CLI_UNDECIDED };
	enum exit_status looked = CLI_OK;

	rules_find(&asking.match, conf, question);
	asking.wanted = decide_want(&asking.want, conf, &asking.match, question);
	if (asking.wanted)
		looked = look_up(conf, &asking.want, !options->wire, tell, &asking);
	else
		tell(&asking, NULL);
	if (looked != CLI_OK)
		return (int)looked;
	return fflush(stdout) == 0 ? asking.status : CLI_UNDECIDED;
}

int ask_main(int argc, char **argv)
{
	struct options options = { 0 };
	struct verdict_question question = { .kind = VERDICT_ASK_RECIPIENT, .destination.port = 25 };
	struct conf conf = { 0 };
	int status = CLI_USAGE;

	if (!parse_options(&options, argc, argv)) {
		(void)fprintf(stderr, "usage: gate25-policyd %s\n", ASK_SYNOPSIS);
		return CLI_USAGE;
	}
	if (!ask_recipient(question.domain, options.recipient)) {
		(void)fprintf(stderr, "gate25-policyd: \"%s\" is neither an address nor a domain%s\n",
			      options.recipient, " (names beyond ASCII: give the A-label, xn--...)");
		return CLI_USAGE;
	}
	if (options.destination != NULL && !endpoint_parse(&question.destination, options.destination, 25)) {
		(void)fprintf(stderr, "gate25-policyd: \"%s\" is no IP address (IP, IP:PORT or [IP]:PORT)\n",
			      options.destination);
		return CLI_USAGE;
	}
	if (load_conf(&conf, options.config))
		status = answer(&options, &conf, &question);
	conf_cleanup(&conf);
	return status;
}
