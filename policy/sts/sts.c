/* sts.c - see sts.h: who asks, who is told, and when the loop has something to do. */
#include "policy/sts/sts_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

uint64_t sts_now(const struct sts *sts)
{
	if (sts->options.now_s != NULL)
		return sts->options.now_s();
	return (uint64_t)time(NULL);
}

bool sts_within(uint64_t now_s, uint64_t since_s, uint64_t span_s)
{
	return now_s >= since_s && now_s - since_s < span_s;
}

/* For jitter: no secret, and any value will do. */
uint32_t sts_random(uint32_t below)
{
	uint32_t value = 0;

	(void)!getrandom(&value, sizeof(value), GRND_NONBLOCK);
	return value % below;
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct sts *sts = arg;
	struct sts_entries ready = TAILQ_HEAD_INITIALIZER(ready);
	struct sts_entry *entry;

	(void)fd;
	(void)what;
	TAILQ_CONCAT(&ready, &sts->ready, ready);
	while ((entry = TAILQ_FIRST(&ready)) != NULL) {
		TAILQ_REMOVE(&ready, entry, ready);
		entry->is_ready = false;
		if (entry->stage == STS_IDLE || sts_is_known(entry, sts_now(sts))) /* else it is told at the end */
			sts_tell(entry, false);
	}
	sts_tick(sts);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sts_tick(arg);
}

/* poke: the next tick is not missed because the clock was moved. */
static void poke(struct sts *sts, uint64_t now_s)
{
	if (!sts_within(now_s, sts->ticked_s, STS_TICK_S))
		event_active(sts->ready_event, EV_TIMEOUT, 0);
}

/* --- making and ending -------------------------------------------------------------------------------------------- */

static void take_options(struct sts *sts, const struct sts_options *options)
{
	size_t store_max = options->store_max > 0 ? options->store_max : STS_STORE_MAX;

	sts->options = *options;
	sts->options.folder = NULL;
	sts->options.store_max = store_max;
	sts->table.policies_max = options->policies_max > 0 ? options->policies_max : STS_POLICIES_MAX;
	sts->table.policies_bytes_max = store_max / 3; /* the file with what is outdated in it, and its successor */
}

struct sts *sts_new(struct event_base *base, const struct sts_options *options, char *err, size_t err_len)
{
	const struct timeval tick = { .tv_sec = STS_TICK_S };
	struct sts *sts = calloc(1, sizeof(*sts));

	if (sts != NULL) {
		sts->base = base;
		sts_table_init(&sts->table);
		TAILQ_INIT(&sts->ready);
		take_options(sts, options);
		sts->ready_event = event_new(base, -1, 0, on_ready, sts);
		sts->tick_event = event_new(base, -1, EV_PERSIST, on_tick, sts);
	}
	if (sts != NULL && sts->ready_event != NULL && sts->tick_event != NULL &&
	    event_add(sts->tick_event, &tick) == 0 && sts_memory_open(sts, options->folder))
		return sts;
	(void)snprintf(err, err_len, "out of memory");
	sts_free(sts);
	return NULL;
}

static void free_entry(struct sts *sts, struct sts_entry *entry)
{
	struct sts_ask *ask;

	while ((ask = LIST_FIRST(&entry->asks)) != NULL) {
		LIST_REMOVE(ask, same_domain);
		free(ask);
	}
	sts_work_stop(entry);
	sts_entry_free(&sts->table, entry);
}

void sts_free(struct sts *sts)
{
	struct sts_entry *entry;

	if (sts == NULL)
		return;
	sts_memory_close(sts);
	for (unsigned list = 0; list < STS_LISTS; list++) {
		while ((entry = TAILQ_FIRST(&sts->table.lists[list])) != NULL)
			/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
			free_entry(sts, entry);
	}
	if (sts->ready_event != NULL)
		event_free(sts->ready_event);
	if (sts->tick_event != NULL)
		event_free(sts->tick_event);
	sts_policy_cleanup(&sts->shown);
	free(sts);
}

/* --- other DNS, other options ------------------------------------------------------------------------------------- */

static void for_each(struct sts *sts, void (*fn)(struct sts_entry *entry))
{
	for (size_t i = 0; i < STS_BUCKETS; i++) {
		struct sts_entry *entry = LIST_FIRST(&sts->table.buckets[i]);
		while (entry != NULL) {
			struct sts_entry *next = LIST_NEXT(entry, same_hash);
			fn(entry);
			entry = next;
		}
	}
}

/* Entries with askers are busy: what starting one makes room for is none of them, and starts nothing for others. */
static void start_waiting(struct sts_entry *entry)
{
	if (!LIST_EMPTY(&entry->asks) && entry->stage == STS_IDLE && !entry->is_ready)
		sts_work_start(entry);
}

/* With another CA bundle what failed may work. */
static void forget_failure(struct sts_entry *entry)
{
	sts_work_stop(entry);
	if (entry->result != RESULT_NONE)
		entry->fresh_s = 0;
	entry->result = RESULT_NONE;
	entry->told = false;
}

/* What the old one said of records is not what the new one says: a resolver that lied may be why there is another. */
static void forget_record(struct sts_entry *entry)
{
	entry->fresh_s = 0;
}

void sts_use_dns(struct sts *sts, struct dns *dns)
{
	if (dns == sts->dns)
		return;
	for_each(sts, sts_work_stop);
	sts->dns = dns;
	if (dns == NULL)
		return;
	for_each(sts, forget_record);
	for_each(sts, start_waiting);
	sts->ticked_s = 0;
	event_active(sts->ready_event, EV_TIMEOUT, 0);
}

void sts_reload(struct sts *sts, const struct sts_options *options)
{
	bool other_fetcher = options->fetcher != sts->options.fetcher;
	bool read_only = sts->options.read_only;

	if (other_fetcher)
		for_each(sts, forget_failure);
	take_options(sts, options);
	sts->options.read_only = read_only;
	if (other_fetcher && sts->dns != NULL)
		for_each(sts, start_waiting);
	sts_table_trim(&sts->table, sts_now(sts));
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

/* use: somebody asks about it. */
static void use(struct sts *sts, struct sts_entry *entry, uint64_t now_s)
{
	entry->kept.used_s = now_s;
	sts_table_touch(&sts->table, entry);
}

struct sts_entry *sts_entry_of(struct sts *sts, const char *domain)
{
	struct sts_entry *entry = sts_table_find(&sts->table, domain);

	if (entry != NULL || strlen(domain) >= VERDICT_NAME_MAX)
		return entry;
	entry = sts_table_add(&sts->table, domain);
	if (entry != NULL)
		entry->sts = sts;
	return entry;
}

struct sts_ask *sts_ask(struct sts *sts, const char *domain, sts_answer_fn *fn, void *arg)
{
	uint64_t now_s = sts_now(sts);
	struct sts_entry *entry = sts->asks < STS_ASKS_MAX ? sts_entry_of(sts, domain) : NULL;
	struct sts_ask *ask;

	if (entry == NULL)
		return NULL;
	if (entry->stage == STS_IDLE && !sts_is_known(entry, now_s) && sts->under_way >= STS_UNDER_WAY_MAX)
		return NULL;
	ask = calloc(1, sizeof(*ask));
	if (ask == NULL)
		return NULL;
	*ask = (struct sts_ask){ .sts = sts, .fn = fn, .arg = arg };
	LIST_INSERT_HEAD(&entry->asks, ask, same_domain);
	sts->asks++;
	use(sts, entry, now_s);
	poke(sts, now_s);
	if (sts_is_known(entry, now_s))
		sts_make_ready(entry);
	else if (entry->stage == STS_IDLE && !entry->is_ready && sts->dns != NULL)
		sts_work_start(entry);
	return ask;
}

void sts_cancel(struct sts_ask *ask)
{
	if (ask == NULL)
		return;
	ask->sts->asks--;
	LIST_REMOVE(ask, same_domain);
	free(ask);
}

bool sts_find(struct sts *sts, const char *domain, struct sts_answer *out)
{
	struct sts_entry *entry = sts_table_find(&sts->table, domain);
	uint64_t now_s = sts_now(sts);

	poke(sts, now_s);
	if (entry == NULL || !sts_is_known(entry, now_s))
		return false;
	use(sts, entry, now_s);
	sts_policy_cleanup(&sts->shown);
	sts_answer_fill(entry, now_s, &sts->shown, out);
	return true;
}

bool sts_remembered(struct sts *sts, const char *domain, struct sts_answer *out)
{
	struct sts_entry *entry = sts_table_find(&sts->table, domain);
	uint64_t now_s = sts_now(sts);

	if (entry == NULL || !sts_kept_holds(&entry->kept, now_s))
		return false;
	use(sts, entry, now_s);
	sts_policy_cleanup(&sts->shown);
	sts_answer_fill(entry, now_s, &sts->shown, out);
	if (sts_is_known(entry, now_s))
		return true;
	if (out->expires_s > now_s + STS_TTL_FAILED_S)
		out->ttl_s = STS_TTL_FAILED_S;
	if (out->reason[0] == '\0')
		(void)snprintf(out->reason, sizeof(out->reason),
			       "whether the MTA-STS policy of %.150s has changed could not be found out in time",
			       domain);
	return true;
}
