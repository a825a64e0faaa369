/* resolve.c - see resolve.h. */
#include "policy/tools/resolve.h"

#include <ctype.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "policy/tools/load_conf.h"
#include "proxy/base/exit_status.h"

struct options {
	const char *name;
	const char *type;
	const char *resolver;
	const char *trust_anchor;
	const char *dnssec;
	const char *config;
	bool json;
};

struct run {
	struct event_base *base;
	struct resolve_report report;
	bool json;
	int status;
};

/* --- what is asked ------------------------------------------------------------------------------------------------ */

bool resolve_name(char out[DNS_NAME_MAX], const char *text)
{
	size_t len = strlen(text);
	size_t label = 0;

	(void)snprintf(out, DNS_NAME_MAX, ".");
	if (strcmp(text, ".") == 0)
		return true;
	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len >= DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dot = text[i] == '.';
		if (dot ? label == 0 : !isgraph((unsigned char)text[i]) || strchr("\\\"()@;$", text[i]) != NULL)
			return false;
		label = dot ? 0 : label + 1;
		if (label > 63)
			return false;
		out[i] = (char)tolower((unsigned char)text[i]);
	}
	out[len] = '\0';
	return label > 0;
}

static bool parse_options(struct options *out, int argc, char **argv)
{
	const struct {
		const char *flag;
		const char **value;
	} flags[] = {
		{ "--resolver", &out->resolver },
		{ "--trust-anchor", &out->trust_anchor },
		{ "--dnssec", &out->dnssec },
		{ "--config", &out->config },
	};

	for (int i = 0; i < argc; i++) {
		const char **value = NULL;
		for (size_t j = 0; j < COUNT(flags); j++) {
			if (strcmp(argv[i], flags[j].flag) == 0)
				value = flags[j].value;
		}
		if (value != NULL && i + 1 < argc)
			*value = argv[++i];
		else if (strcmp(argv[i], "--json") == 0)
			out->json = true;
		else if (value != NULL || argv[i][0] == '-' || out->type != NULL)
			return false;
		else
			*(out->name == NULL ? &out->name : &out->type) = argv[i];
	}
	return out->type != NULL;
}

/* --- the configuration -------------------------------------------------------------------------------------------- */

static bool override_resolver(struct conf *conf, const char *text)
{
	struct endpoint *at = calloc(1, sizeof(*at));

	if (at == NULL || !endpoint_parse(at, text, 53)) {
		(void)fprintf(stderr, "gate25-policyd: \"%s\" is no resolver (IP, IP:PORT or [IP]:PORT)\n", text);
		free(at);
		return false;
	}
	free(conf->resolvers);
	conf->resolvers = at;
	conf->resolvers_count = 1;
	conf->recursion = false;
	return true;
}

static bool override_dnssec(struct conf *conf, const char *text)
{
	if (conf_dnssec_parse(&conf->dnssec, text))
		return true;
	(void)fprintf(stderr, "gate25-policyd: --dnssec %s: auto, trust-ad, validate or off\n", text);
	return false;
}

static bool override(struct conf *conf, const struct options *options)
{
	/* Whoever asks what is proved wants proofs, whatever the gate's mail needs. */
	conf->default_level = LEVEL_DANE;
	if (options->trust_anchor != NULL) {
		free(conf->trust_anchor_file);
		conf->trust_anchor_file = strdup(options->trust_anchor);
		if (conf->trust_anchor_file == NULL)
			return false;
	}
	return (options->resolver == NULL || override_resolver(conf, options->resolver)) &&
	       (options->dnssec == NULL || override_dnssec(conf, options->dnssec));
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static void print_resolvers(FILE *out, const struct resolve_report *report)
{
	struct dns_options options = dnssec_plan_options(report->plan, report->mode);
	char text[ENDPOINT_TEXT_MAX];

	if (options.recurse)
		(void)fprintf(out, " resolver=none (recursion)");
	for (size_t i = 0; i < options.resolvers_count; i++) {
		const struct endpoint *at = &options.resolvers[i].at;
		(void)fprintf(out, "%s%s", i == 0 ? " resolver=" : ",",
			      at->port == 53 ? addr_format(&at->addr, text) : endpoint_format(at, text));
	}
}

void resolve_text(FILE *out, const struct resolve_report *report)
{
	const struct dns_answer *answer = report->answer;

	(void)fprintf(out, "status=%s mode=%s", dns_status_name(answer->status), dnssec_mode_name(report->mode));
	print_resolvers(out, report);
	if (answer->status == DNS_FAILED) {
		(void)fprintf(out, "%s\nreason: %s\n", answer->bogus ? " bogus=yes" : "", answer->reason);
		return;
	}
	(void)fprintf(out, " canonical=%s aliases=%u ttl=%u%s\n", answer->canonical, answer->aliases,
		      (unsigned)answer->ttl_s, answer->nxdomain ? " nxdomain=yes" : "");
	dns_answer_print(out, answer);
}

static void on_answer(void *arg, const struct dns_answer *answer)
{
	struct run *run = arg;

	run->status = answer->status == DNS_FAILED ? CLI_UNDECIDED : CLI_OK;
	run->report.answer = answer;
	if (!run->json)
		resolve_text(stdout, &run->report);
	else if (!resolve_json(stdout, &run->report))
		run->status = CLI_UNDECIDED;
	(void)event_base_loopbreak(run->base);
}

static int look_up(struct run *run, const struct conf *conf)
{
	char err[DNSSEC_REASON_MAX] = "out of memory";
	struct dnssec_plan plan;
	struct dns *dns;

	dnssec_plan(&plan, conf, NULL);
	run->report.plan = &plan;
	dns = dnssec_open(run->base, conf, &run->report.mode, err, sizeof(err));
	if (dns == NULL) {
		(void)fprintf(stderr, "gate25-policyd: %s\n", err);
		return CLI_USAGE;
	}
	if (dns_ask(dns, run->report.name, run->report.type, on_answer, run) != NULL)
		(void)event_base_dispatch(run->base);
	dns_free(dns);
	return fflush(stdout) == 0 ? run->status : CLI_UNDECIDED;
}

static int run_it(const struct options *options, const struct conf *conf, const char *name, enum dns_type type)
{
	struct run run = { .base = event_base_new(),
			   .report = { .name = name, .type = type },
			   .json = options->json,
			   .status = CLI_UNDECIDED };
	int status;

	if (run.base == NULL) {
		(void)fprintf(stderr, "gate25-policyd: out of memory\n");
		return CLI_UNDECIDED;
	}
	status = look_up(&run, conf);
	event_base_free(run.base);
	return status;
}

int resolve_main(int argc, char **argv)
{
	struct options options = { 0 };
	char name[DNS_NAME_MAX];
	enum dns_type type;
	struct conf conf = { 0 };
	int status = CLI_USAGE;

	if (!parse_options(&options, argc, argv)) {
		(void)fprintf(stderr, "usage: gate25-policyd %s\n", RESOLVE_SYNOPSIS);
		return CLI_USAGE;
	}
	if (!resolve_name(name, options.name)) {
		(void)fprintf(stderr,
			      "gate25-policyd: \"%s\" is no domain name (names beyond ASCII: give the A-label, "
			      "xn--...)\n",
			      options.name);
		return CLI_USAGE;
	}
	if (!dns_type_parse(&type, options.type)) {
		(void)fprintf(stderr,
			      "gate25-policyd: \"%s\" is no type that can be asked for (A, AAAA, MX, TLSA, CNAME, "
			      "DS, DNSKEY, NS, SOA, PTR, TXT)\n",
			      options.type);
		return CLI_USAGE;
	}
	if (load_conf(&conf, options.config) && override(&conf, &options))
		status = run_it(&options, &conf, name, type);
	conf_cleanup(&conf);
	return status;
}
