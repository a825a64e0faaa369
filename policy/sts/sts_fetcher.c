/* sts_fetcher.c - see sts_fetch.h: who may run, and who waits; options. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/sts/sts_fetch_parts.h"

/* --- the queue ---------------------------------------------------------------------------------------------------- */

static void set_hurry(struct sts_fetcher *fetcher);

static uint64_t patience_ms(const struct sts_fetcher *fetcher)
{
	uint64_t part_ms =
		(uint64_t)fetcher->patience_ms * STS_FETCH_AT_ONCE / (STS_FETCH_AT_ONCE + fetcher->waiting_count);

	return part_ms > fetcher->patience_ms / 5 ? part_ms : fetcher->patience_ms / 5;
}

/* on_hurry: others wait. Who has run for too long gives way, one at a time, as each end lets another one run. */
static void on_hurry(evutil_socket_t fd, short what, void *arg)
{
	struct sts_fetcher *fetcher = arg;
	struct sts_fetch *oldest = TAILQ_FIRST(&fetcher->running);

	(void)fd;
	(void)what;
	if (TAILQ_EMPTY(&fetcher->waiting) || oldest == NULL)
		return;
	if (sts_fetch_now_ms() - oldest->since_ms >= patience_ms(fetcher)) {
		oldest->ours = oldest->result == RESULT_NONE;
		sts_fetch_fail(oldest, RESULT_STS_POLICY_FETCH_ERROR, "too slow while others waited: %s",
			       sts_easy_phase(oldest));
		sts_fetch_end(oldest);
	} else {
		set_hurry(fetcher);
	}
}

/* set_hurry waits for the one that has run longest to have run for too long. */
static void set_hurry(struct sts_fetcher *fetcher)
{
	const struct sts_fetch *oldest = TAILQ_FIRST(&fetcher->running);
	uint64_t now_ms = sts_fetch_now_ms();
	uint64_t end_ms = oldest != NULL ? oldest->since_ms + patience_ms(fetcher) : now_ms;
	uint64_t ms = end_ms > now_ms ? end_ms - now_ms : 0;
	const struct timeval after = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	(void)event_add(fetcher->hurry, &after);
}

void sts_fetcher_go_on(struct sts_fetcher *fetcher)
{
	while (fetcher->running_count < STS_FETCH_AT_ONCE && !TAILQ_EMPTY(&fetcher->waiting))
		sts_fetch_run(TAILQ_FIRST(&fetcher->waiting));
	if (TAILQ_EMPTY(&fetcher->waiting))
		(void)event_del(fetcher->hurry);
	else
		set_hurry(fetcher); /* sooner than before, if more wait now */
}

/* --- life --------------------------------------------------------------------------------------------------------- */

/* read_own_files: libcurl and OpenSSL read their configuration once in a process, and load what it names. */
static bool read_own_files(void)
{
	static bool done;

	done = done || curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	return done;
}

static bool copy_prefixes(struct prefix_list *to, const struct prefix_list *from)
{
	*to = (struct prefix_list){ 0 };
	if (from == NULL || from->count == 0)
		return true;
	to->items = calloc(from->count, sizeof(*to->items));
	if (to->items == NULL)
		return false;
	memcpy(to->items, from->items, from->count * sizeof(*to->items));
	to->count = from->count;
	return true;
}

bool sts_fetcher_reload(struct sts_fetcher *fetcher, const struct sts_fetch_options *options, char *err, size_t err_len)
{
	struct x509_store_st *store = sts_tls_store(options->ca_pem != NULL ? options->ca_pem : "", err, err_len);
	struct prefix_list permitted;

	if (store == NULL)
		return false;
	if (!copy_prefixes(&permitted, options->permitted)) {
		sts_tls_store_free(store);
		(void)snprintf(err, err_len, "out of memory");
		return false;
	}
	sts_tls_store_free(fetcher->store);
	free(fetcher->permitted.items);
	fetcher->store = store;
	fetcher->permitted = permitted;
	fetcher->deadline_ms = options->deadline_ms != 0 ? options->deadline_ms : STS_FETCH_MS;
	fetcher->patience_ms = options->patience_ms != 0 ? options->patience_ms : STS_FETCH_PATIENCE_MS;
	fetcher->port = options->port != 0 ? options->port : 443;
	return true;
}

static void free_all(struct sts_fetch_list *list)
{
	struct sts_fetch *fetch;

	while ((fetch = TAILQ_FIRST(list)) != NULL)
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		sts_fetch_free(fetch);
}

void sts_fetcher_free(struct sts_fetcher *fetcher)
{
	if (fetcher == NULL)
		return;
	free_all(&fetcher->waiting);
	free_all(&fetcher->running);
	sts_loop_close(fetcher);
	if (fetcher->hurry != NULL)
		event_free(fetcher->hurry);
	sts_tls_store_free(fetcher->store);
	free(fetcher->permitted.items);
	free(fetcher);
}

struct sts_fetcher *sts_fetcher_new(struct event_base *base, const struct sts_fetch_options *options, char *err,
				    size_t err_len)
{
	struct sts_fetcher *fetcher = calloc(1, sizeof(*fetcher));

	if (fetcher == NULL || !read_own_files()) {
		free(fetcher);
		(void)snprintf(err, err_len, "libcurl cannot be set up");
		return NULL;
	}
	fetcher->base = base;
	TAILQ_INIT(&fetcher->running);
	TAILQ_INIT(&fetcher->waiting);
	fetcher->hurry = evtimer_new(base, on_hurry, fetcher);
	if (fetcher->hurry == NULL || !sts_loop_open(fetcher)) {
		(void)snprintf(err, err_len, "out of memory");
	} else if (sts_fetcher_reload(fetcher, options, err, err_len)) {
		return fetcher;
	}
	sts_fetcher_free(fetcher);
	return NULL;
}
