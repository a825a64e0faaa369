/* published.c - see published.h. */
#include "policy/daemon/published.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/base/log.h"

struct published {
	struct event_base *base;
	struct sts_fetcher *fetcher; /* NULL: only with mta-sts = no */
	struct sts *sts;             /* likewise */
	struct list *list;           /* NULL: there is none */
	bool mta_sts;                /* without it nothing is looked up, and no remembered policy fetched anew */
};

/* new_fetcher: also with mta-sts = no, as after a reload that says yes it is too late: what its libraries read they
 * read now. */
static bool new_fetcher(struct event_base *base, const struct published_inputs *inputs, struct sts_fetcher **out)
{
	const struct sts_fetch_options options = { .ca_pem = inputs->ca_text, .permitted = &inputs->conf->sts_private };
	char err[VERDICT_REASON_MAX] = "there are no CA certificates";

	*out = inputs->ca_text != NULL ? sts_fetcher_new(base, &options, err, sizeof(err)) : NULL;
	if (*out != NULL || !inputs->conf->mta_sts)
		return true;
	log_say(LOG_LEVEL_ERROR, "mta-sts",
		"policies cannot be fetched: %s (ca-file has the certificates; mta-sts = no does without)", err);
	return false;
}

static bool new_list(const struct published_inputs *inputs, struct list **out)
{
	char err[LIST_REASON_MAX] = "";

	*out = NULL;
	if (inputs->list_text == NULL)
		return true;
	*out = list_parse(inputs->list_text, strlen(inputs->list_text), err, sizeof(err));
	if (*out == NULL)
		log_say(LOG_LEVEL_ERROR, "list", "%s: %s", inputs->conf->list_file, err);
	return *out != NULL;
}

static struct sts_options options_of(const struct published *published, const struct published_inputs *inputs)
{
	return (struct sts_options){ .fetcher = published->fetcher,
				     .folder = inputs->folder,
				     .lookup_failed = inputs->conf->sts_lookup };
}

/* new_sts: what is remembered is worth a warning when it cannot be had, and never a gate that does not start. */
static bool new_sts(struct published *published, const struct published_inputs *inputs)
{
	struct sts_options options = options_of(published, inputs);
	char err[VERDICT_REASON_MAX] = "out of memory";

	if (published->fetcher == NULL)
		return true;
	published->sts = sts_new(published->base, &options, err, sizeof(err));
	if (published->sts == NULL && options.folder != NULL) {
		log_say(LOG_LEVEL_WARNING, "mta-sts",
			"policies are remembered until the process ends and no longer: %s", err);
		options.folder = NULL;
		published->sts = sts_new(published->base, &options, err, sizeof(err));
	}
	if (published->sts == NULL)
		log_say(LOG_LEVEL_ERROR, "mta-sts", "%s", err);
	return published->sts != NULL;
}

struct published *published_new(struct event_base *base, const struct published_inputs *inputs)
{
	struct published *published = calloc(1, sizeof(*published));

	if (published == NULL)
		return NULL;
	published->base = base;
	published->mta_sts = inputs->conf->mta_sts;
	if (new_list(inputs, &published->list) && new_fetcher(base, inputs, &published->fetcher) &&
	    new_sts(published, inputs))
		return published;
	published_free(published);
	return NULL;
}

void published_free(struct published *published)
{
	if (published == NULL)
		return;
	sts_free(published->sts);
	sts_fetcher_free(published->fetcher);
	list_free(published->list);
	free(published);
}

static bool reload_sts(struct published *published, const struct published_inputs *inputs)
{
	struct sts_fetcher *before = published->fetcher;
	struct sts_fetcher *after;
	struct sts_options options;

	if (!new_fetcher(published->base, inputs, &after))
		return false;
	if (after == NULL) /* nobody asks; the old one does */
		return true;
	published->fetcher = after;
	options = options_of(published, inputs);
	if (published->sts != NULL)
		sts_reload(published->sts, &options);
	sts_fetcher_free(before);
	return published->sts != NULL || new_sts(published, inputs);
}

bool published_reload(struct published *published, const struct published_inputs *inputs)
{
	struct list *list;

	if (!new_list(inputs, &list))
		return false;
	list_free(published->list);
	published->list = list;
	published->mta_sts = inputs->conf->mta_sts;
	return reload_sts(published, inputs);
}

void published_use_dns(struct published *published, struct dns *dns)
{
	if (published->sts != NULL)
		sts_use_dns(published->sts, published->mta_sts ? dns : NULL);
}

struct sts *published_sts(struct published *published)
{
	return published->sts;
}

const struct list *published_list(const struct published *published)
{
	return published->list;
}
