/* cli_probe_verdicts.c - what gate25 probe knows before it speaks to anybody: the configuration, and gate25-policyd's
 * verdicts. */
#include <stdio.h>
#include <stdlib.h>

#include "proxy/base/exit_status.h"
#include "proxy/base/sealed.h"
#include "proxy/cli/cli_ask.h"
#include "proxy/cli/cli_probe.h"
#include "proxy/inputs/inputs.h"
#include "proxy/host/programs.h"

/* load makes of the files what a worker gets from the parent. */
struct settings *cli_probe_load(const char *path)
{
	struct inputs inputs;
	struct settings *settings = NULL;
	char *ca[ROLE_CA_MAX] = { NULL };
	char error[TLS_ERROR_MAX] = "out of memory";
	size_t len;
	char *text;

	if (!inputs_load(&inputs, path != NULL ? path : CONF_DEFAULT_PATH, NULL, conf_print_error, NULL))
		return NULL;
	text = sealed_read(inputs.conf_fd, &len);
	for (unsigned i = 0; i < inputs.ca_count; i++)
		ca[i] = sealed_read(inputs.ca_fds[i], &len);
	if (text != NULL)
		settings = settings_new(&(struct settings_texts){ text, ca, inputs.ca_count, NULL }, 0, error);
	if (settings == NULL)
		(void)fprintf(stderr, "gate25: %s\n", error);
	for (unsigned i = 0; i < inputs.ca_count; i++)
		free(ca[i]);
	free(text);
	inputs_cleanup(&inputs);
	return settings;
}

/* --- the verdicts ------------------------------------------------------------------------------------------------- */

static bool has_rule(const struct conf *conf, const struct addr *address)
{
	for (size_t i = 0; i < conf->destinations_count; i++) {
		if (prefix_contains(&conf->destinations[i].prefix, address))
			return true;
	}
	return false;
}

/* refine asks again where the verdict may be another: at addresses that a destination rule covers, and, because of the
 * TLSA records, on another port. */
static bool refine(struct probe *probe, struct cli_question *question, uint16_t port, int *out_status)
{
	struct verdict *plain = NULL; /* of that port, where no rule holds */
	bool ok = true;

	for (size_t i = 0; ok && i < probe->count; i++) {
		bool ruled = has_rule(&probe->settings->conf, &probe->targets[i].at.addr);
		struct verdict *verdict = NULL;
		if (!ruled && port == 25)
			continue;
		question->destination = probe->targets[i].at;
		if (ruled || plain == NULL)
			verdict = cli_ask(question, out_status);
		if (!ruled && plain == NULL)
			plain = verdict;
		if (!ruled && plain != NULL)
			verdict = plain;
		ok = verdict != NULL;
		if (ok)
			probe_set_verdict(probe, i, ruled ? verdict : verdict_ref(verdict));
	}
	verdict_unref(plain);
	return ok;
}

bool cli_probe_decide(struct probe *probe, const struct probe_options *options, int *out_status)
{
	struct programs programs;
	struct cli_question question = { .program = programs.policy,
					 .config = options->config,
					 .recipient = options->recipient,
					 .destination = options->destination };
	char err[256];

	*out_status = CLI_UNDECIDED;
	if (!programs_find(&programs, err, sizeof(err))) {
		(void)fprintf(stderr, "gate25: %s\n", err);
		return false;
	}
	probe->verdict = cli_ask(&question, out_status);
	if (probe->verdict == NULL)
		return false;
	if (!probe_add_targets(probe, &options->destination.addr, options->port)) {
		(void)fprintf(stderr, "gate25: out of memory\n");
		return false;
	}
	return addr_len(&options->destination.addr) > 0 || refine(probe, &question, options->port, out_status);
}
