/* selftest.c - see selftest.h. */
#include "policy/tools/selftest.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/dns/dnssec.h"
#include "policy/tools/load_conf.h"
#include "proxy/base/exit_status.h"
#include "proxy/base/sealed.h"

#define CONF_INHERITED    0
#define ANCHORS_INHERITED 3

struct inputs {
	struct conf conf;
	char *anchors; /* NULL: the root's own */
};

static bool inherit(struct inputs *out)
{
	size_t len;
	char *text = sealed_read(CONF_INHERITED, &len);
	bool ok = text != NULL && conf_parse(&out->conf, "gate25.conf", text, conf_print_error, NULL);

	free(text);
	if (ok && fcntl(ANCHORS_INHERITED, F_GETFD) >= 0)
		out->anchors = sealed_read(ANCHORS_INHERITED, &len);
	if (!ok || (out->anchors == NULL) != (out->conf.trust_anchor_file == NULL)) {
		(void)printf("the configuration did not come from gate25 as it should\n");
		return false;
	}
	return true;
}

static bool load(struct inputs *out, const char *path)
{
	if (!load_conf(&out->conf, path))
		return false;
	if (out->conf.trust_anchor_file == NULL)
		return true;
	out->anchors = conf_read_file(out->conf.trust_anchor_file);
	if (out->anchors == NULL)
		(void)fprintf(stderr, "gate25-policyd: cannot read trust-anchor-file %s: %s\n",
			      out->conf.trust_anchor_file, strerror(errno));
	return out->anchors != NULL;
}

static enum exit_status tell(const struct conf *conf, const struct dnssec_report *report)
{
	char sentence[DNSSEC_SENTENCE_MAX];

	if (report->state == DNSSEC_OFF) {
		(void)printf("dnssec = off: nobody proves anything, and DANE never applies\n");
		return CLI_OK;
	}
	if (report->state == DNSSEC_PROVED) {
		(void)printf("DNSSEC is proved, mode %s: %s\n", report->mode, report->reason);
		return CLI_OK;
	}
	if (!conf_wants_dane(conf)) {
		(void)printf("DNSSEC is not proved (%s), and nothing wants DANE\n", report->reason);
		return CLI_OK;
	}
	dnssec_sentence(sentence, conf, report->state, report->reason);
	(void)printf("%s\n", sentence);
	return report->state == DNSSEC_UNPROVED ? CLI_FAILED : CLI_UNDECIDED;
}

static enum exit_status test(const struct inputs *inputs)
{
	struct event_base *base = event_base_new();
	struct dnssec_plan plan;
	struct dnssec_report report;

	if (base == NULL) {
		(void)printf("out of memory\n");
		return CLI_UNDECIDED;
	}
	dnssec_plan(&plan, &inputs->conf, inputs->anchors);
	(void)dnssec_once(base, &plan, &inputs->conf, &report);
	event_base_free(base);
	return tell(&inputs->conf, &report);
}

int selftest_main(int argc, char **argv)
{
	const bool inherited = argc == 1 && strcmp(argv[0], "--inherited") == 0;
	const bool named = argc == 2 && strcmp(argv[0], "--config") == 0;
	struct inputs inputs = { 0 };
	int status = CLI_USAGE;

	if (argc != 0 && !inherited && !named) {
		(void)fprintf(stderr, "usage: gate25-policyd %s\n", SELFTEST_SYNOPSIS);
		return CLI_USAGE;
	}
	if (inherited ? inherit(&inputs) : load(&inputs, named ? argv[1] : NULL))
		status = test(&inputs);
	free(inputs.anchors);
	conf_cleanup(&inputs.conf);
	return fflush(stdout) == 0 ? status : CLI_UNDECIDED;
}

int selftest_anchors_main(void)
{
	const struct dns_resolver unasked = { .at = { .addr = { AF_INET, { 127, 0, 0, 1 } }, .port = 53 } };
	struct dns_options options = {
		.mode = DNS_VALIDATE, .resolvers = &unasked, .resolvers_count = 1, .limits = DNS_LIMITS_DEFAULT
	};
	struct event_base *base = event_base_new();
	size_t len;
	char *anchors = sealed_read(STDIN_FILENO, &len);
	char err[DNS_REASON_MAX] = "out of memory";
	struct dns *dns = NULL;

	options.trust_anchors = anchors;
	if (base != NULL && anchors != NULL)
		dns = dns_new(base, &options, err, sizeof(err));
	(void)printf("%s\n", dns != NULL ? "good" : err);
	dns_free(dns);
	if (base != NULL)
		event_base_free(base);
	free(anchors);
	return fflush(stdout) == 0 && dns != NULL ? CLI_OK : CLI_USAGE;
}
