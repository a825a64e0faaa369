/* ask.c - see ask.h. */
#include "policy/tools/ask.h"

#include <ctype.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide/decide.h"
#include "policy/dns/dnssec.h"
#include "policy/mx/tlsa_der.h"
#include "policy/tools/explain.h"
#include "policy/tools/load_conf.h"
#include "proxy/base/exit_status.h"

#define LOOKUP_DEADLINE_MS 30000

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

/* --- the answer -----------------------------------------------------------------------------------------------------
 */

static void on_mx(void *arg, struct mx_result *result)
{
	struct mx_result *out = arg;

	*out = *result;
	*result = (struct mx_result){ 0 };
}

/* What was looked up, and how. */
struct looked_up {
	struct mx_result mx;
	struct trail trail;
	const char *proof;
};

static const char *proof_of(enum dns_mode mode)
{
	switch (mode) {
	case DNS_TRUST_AD: return "trust-ad: proved by the resolvers, whose AD bit is believed";
	case DNS_VALIDATE: return "validate: proved here, from the trust anchors";
	case DNS_OFF: break;
	}
	return "off: nothing is proved";
}

/* look_up runs a loop of its own until |out| is filled. */
static void look_up(struct looked_up *out, const struct conf *conf, const struct mx_want *want)
{
	struct event_base *base = event_base_new();
	struct mx_lookup *lookup = NULL;
	enum dns_mode mode = DNS_OFF;
	struct dns *dns = NULL;

	*out = (struct looked_up){ .mx.reason = "out of memory" };
	tlsa_der_init();
	if (base != NULL)
		dns = dnssec_open(base, conf, &mode, out->mx.reason, sizeof(out->mx.reason));
	if (dns != NULL) {
		out->proof = proof_of(mode);
		lookup = mx_lookup_start(base, dns, want, LOOKUP_DEADLINE_MS, on_mx, &out->mx);
	}
	if (lookup != NULL) {
		mx_lookup_watch(lookup, trail_add, &out->trail);
		(void)event_base_dispatch(base);
	}
	dns_free(dns);
	if (base != NULL)
		event_base_free(base);
}

static void looked_up_cleanup(struct looked_up *found)
{
	mx_result_cleanup(&found->mx);
	trail_cleanup(&found->trail);
}

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

static int answer(const struct options *options, const struct conf *conf, const struct verdict_question *question)
{
	struct rules_match match;
	struct looked_up found = { 0 };
	struct verdict *verdict;
	struct decide_want want;
	struct decide_facts facts = { .sts_known = true };
	bool lookup;
	int status = CLI_UNDECIDED;

	rules_find(&match, conf, question);
	lookup = decide_want(&want, conf, &match, question);
	if (lookup)
		look_up(&found, conf, &want.mx);
	/* Nobody asks for MTA-STS yet, so that nobody can have it. */
	facts.sts.status = VERDICT_PUBLISHED_NONE;
	facts.sts.ttl_s = DECIDE_TTL_MAX_S;
	facts.mx = lookup ? &found.mx : NULL;
	facts.mx_ttl_s = found.mx.ttl_s;
	verdict = decide(conf, 0, &match, question, &facts);
	if (verdict == NULL) {
		(void)fprintf(stderr, "gate25-policyd: out of memory\n");
		looked_up_cleanup(&found);
		return status;
	}
	struct explain explain = { .recipient = options->recipient,
				   .file = options->config != NULL ? options->config : CONF_DEFAULT_PATH,
				   .conf = conf,
				   .question = question,
				   .match = &match,
				   .proof = found.proof,
				   .dane = lookup && want.mx.dane,
				   .trail = lookup ? &found.trail : NULL,
				   .lookup_name = lookup ? want.mx.domain : NULL,
				   .mx = lookup ? &found.mx : NULL,
				   .verdict = verdict };
	if (print(options, &explain))
		status = explain_status(&explain);
	verdict_unref(verdict);
	looked_up_cleanup(&found);
	return fflush(stdout) == 0 ? status : CLI_UNDECIDED;
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
