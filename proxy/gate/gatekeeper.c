/* gatekeeper.c - see gatekeeper.h. */
#include "proxy/gate/gatekeeper.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netfilter/conntrack.h"
#include "netfilter/down.h"
#include "netfilter/fence.h"
#include "netfilter/route.h"
#include "netfilter/ruleset.h"
#include "netfilter/selftest.h"
#include "netfilter/watchdog.h"
#include "proxy/base/log.h"
#include "proxy/gate/route_keeper.h"
#include "proxy/host/users.h"

#define RETRY_S     5 /* after a repair that did not succeed */
#define DOWN_MAX    64
#define DOWN_GAP_MS 100 /* between two transactions; each holds up the parent, and every other user of nftables */

struct gatekeeper {
	struct event_base *base;
	struct gate_wish wish;
	uid_t own_uid;
	struct ruleset *ruleset;
	struct watchdog *watchdog;
	struct route_keeper *routes;
	struct event *news;
	struct event *retry;
	struct event *test;
	pid_t test_pid; /* while |test| waits for it */
	void (*repaired)(void *arg);
	void *repaired_arg;
	void (*test_done)(void *arg, bool ok);
	void *test_arg;
	bool begun;
	unsigned repairs;
	struct down_host down[DOWN_MAX]; /* for the next transaction */
	size_t down_count;
	struct event *down_due; /* pending: the gap is not over */
};

/* --- the wish ------------------------------------------------------------------------------------------------------
 */

static bool find_uids(uid_t *out, const struct string_list *names, char *err, size_t err_len)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!users_find_uid(&out[i], names->items[i], err, err_len))
			return false;
	}
	return true;
}

bool gate_wish_init(struct gate_wish *out, const struct conf *conf, uid_t own_uid, bool by_uid_alone, char *err,
		    size_t err_len)
{
	size_t count = conf->exempt_user.count;
	uid_t *uids = calloc(count + 1, sizeof(*uids));

	*out = (struct gate_wish){ 0 };
	if (uids == NULL) {
		(void)snprintf(err, err_len, "out of memory");
		return false;
	}
	if (find_uids(uids, &conf->exempt_user, err, err_len) &&
	    gate_spec_from_conf(&out->spec, conf, own_uid, uids, count, err, err_len)) {
		out->uids = uids;
		out->spec.by_uid_alone = by_uid_alone;
		if (gate_spec_check(&out->spec, err, err_len))
			return true;
	}
	free(uids);
	*out = (struct gate_wish){ 0 };
	return false;
}

void gate_wish_cleanup(struct gate_wish *wish)
{
	free(wish->uids);
	*wish = (struct gate_wish){ 0 };
}

/* --- watching ------------------------------------------------------------------------------------------------------
 */

static void on_news(evutil_socket_t fd, short what, void *arg);

static bool watch(struct gatekeeper *keeper, char *err, size_t err_len)
{
	if (keeper->news != NULL)
		event_free(keeper->news);
	keeper->news = NULL;
	watchdog_close(keeper->watchdog);
	keeper->watchdog = watchdog_open(ruleset_portid(keeper->ruleset), err, err_len);
	if (keeper->watchdog == NULL)
		return false;
	keeper->news = event_new(keeper->base, watchdog_fd(keeper->watchdog), EV_READ | EV_PERSIST, on_news, keeper);
	if (keeper->news != NULL && event_add(keeper->news, NULL) == 0)
		return true;
	if (keeper->news != NULL)
		event_free(keeper->news);
	keeper->news = NULL;
	(void)snprintf(err, err_len, "cannot watch nftables");
	return false;
}

static void retry_later(struct gatekeeper *keeper)
{
	const struct timeval later = { .tv_sec = RETRY_S };

	(void)evtimer_add(keeper->retry, &later);
}

/* put_back puts the tables first: without its routes the gate is shut, without its guard it is open. Then what began
 * while they were gone is judged anew. */
static void put_back(struct gatekeeper *keeper, const char *what)
{
	char err[GATE_ERR_MAX];
	unsigned added;
	size_t cut;

	if (!ruleset_install(keeper->ruleset, &keeper->wish.spec, err, sizeof(err)) ||
	    !route_install(&keeper->wish.spec, err, sizeof(err)) ||
	    !fence_restore(&keeper->wish.spec, &added, err, sizeof(err)) ||
	    !conntrack_forget(&keeper->wish.spec, &cut, err, sizeof(err))) {
		log_say(LOG_LEVEL_ERROR, "tables-altered", "%s; they could not be put back: %s", what, err);
		retry_later(keeper);
		return;
	}
	keeper->repairs++;
	log_say(LOG_LEVEL_WARNING, "tables-restored",
		"another program altered gate25's nftables tables (%s): put back, %u time(s) so far; %zu connection(s) "
		"that began meanwhile are judged anew",
		what, keeper->repairs, cut);
	keeper->repaired(keeper->repaired_arg);
}

/* repair looks whether the tables are what they should be and puts them back. */
static void repair(struct gatekeeper *keeper)
{
	char what[GATE_ERR_MAX];

	if (!ruleset_verify(keeper->ruleset, &keeper->wish.spec, what, sizeof(what)))
		put_back(keeper, what);
}

static void watch_again(struct gatekeeper *keeper)
{
	char err[GATE_ERR_MAX];

	if (watch(keeper, err, sizeof(err)))
		return;
	log_say(LOG_LEVEL_ERROR, "watchdog", "%s: nobody watches gate25's tables now", err);
	retry_later(keeper);
}

/* What was left undone is done whole: tables that are sound by now may still want their routes. */
static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct gatekeeper *keeper = arg;

	(void)fd;
	(void)what;
	if (keeper->news == NULL)
		watch_again(keeper);
	put_back(keeper, "an earlier repair was not finished");
}

static void on_news(evutil_socket_t fd, short what, void *arg)
{
	struct gatekeeper *keeper = arg;

	(void)fd;
	(void)what;
	switch (watchdog_read(keeper->watchdog)) {
	case WATCHDOG_NOTHING: return;
	case WATCHDOG_CHANGED: break;
	case WATCHDOG_BROKEN: watch_again(keeper); break;
	}
	repair(keeper);
}

static void on_routes_restored(void *arg)
{
	struct gatekeeper *keeper = arg;

	keeper->repairs++;
	keeper->repaired(keeper->repaired_arg);
}

/* --- hosts that are down -------------------------------------------------------------------------------------------
 */

static void put_down(struct gatekeeper *keeper)
{
	const struct timeval gap = { .tv_usec = DOWN_GAP_MS * 1000 };
	char err[GATE_ERR_MAX];

	if (keeper->down_count == 0)
		return;
	/* Where another program has just taken the tables away, they come back without these. */
	if (!ruleset_down(keeper->ruleset, keeper->down, keeper->down_count, err, sizeof(err)))
		log_say(LOG_LEVEL_WARNING, "host-down", "%zu host(s) that are down are not in nftables: %s",
			keeper->down_count, err);
	keeper->down_count = 0;
	(void)evtimer_add(keeper->down_due, &gap);
}

static void on_down_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	put_down(arg);
}

void gatekeeper_down(struct gatekeeper *keeper, const struct host_news *news, unsigned seconds)
{
	const struct gate_spec *spec = &keeper->wish.spec;

	if (!gate_has_down(spec) || gate_down_by_client(spec) != (news->key.client.family != 0))
		return;
	if (keeper->down_count == DOWN_MAX)
		put_down(keeper);
	keeper->down[keeper->down_count++] =
		(struct down_host){ .client = news->key.client, .host = news->key.host, .seconds = seconds };
	if (!evtimer_pending(keeper->down_due, NULL))
		put_down(keeper);
}

/* --- self-test -----------------------------------------------------------------------------------------------------
 */

static void end_test(struct gatekeeper *keeper, bool ok)
{
	char err[GATE_ERR_MAX];

	if (keeper->wish.spec.selftest) {
		keeper->wish.spec.selftest = false;
		if (!ruleset_install(keeper->ruleset, &keeper->wish.spec, err, sizeof(err)))
			log_say(LOG_LEVEL_ERROR, "self-test", "its interface stays in the tables: %s", err);
	}
	keeper->test_done(keeper->test_arg, ok);
}

static void on_test(evutil_socket_t fd, short what, void *arg)
{
	struct gatekeeper *keeper = arg;
	char text[GATE_ERR_MAX];
	enum selftest_result result = selftest_read(fd, text, sizeof(text));

	(void)what;
	event_free(keeper->test);
	keeper->test = NULL;
	(void)close(fd);
	log_say(result == SELFTEST_REACHED   ? LOG_LEVEL_INFO
		: result == SELFTEST_SKIPPED ? LOG_LEVEL_WARNING
					     : LOG_LEVEL_ERROR,
		"self-test", "%s", text);
	end_test(keeper, result != SELFTEST_FAILED);
}

void gatekeeper_selftest(struct gatekeeper *keeper, void (*done)(void *arg, bool ok), void *arg)
{
	char err[GATE_ERR_MAX];
	int fd = -1;

	keeper->test_done = done;
	keeper->test_arg = arg;
	keeper->wish.spec.selftest = true;
	if (ruleset_install(keeper->ruleset, &keeper->wish.spec, err, sizeof(err)) &&
	    (keeper->test_pid = selftest_start(&keeper->wish.spec, &fd, err, sizeof(err))) > 0) {
		keeper->test = event_new(keeper->base, fd, EV_READ, on_test, keeper);
		if (keeper->test != NULL && event_add(keeper->test, NULL) == 0)
			return;
	}
	log_say(LOG_LEVEL_WARNING, "self-test", "could not be made: %s", err);
	if (fd >= 0)
		(void)close(fd);
	end_test(keeper, false);
}

/* stop_test: the child has the parent's lock and listeners open, which whoever starts next must find free. It is killed
 * only while it is known to be ours and not reaped. */
static void stop_test(struct gatekeeper *keeper)
{
	if (keeper->test == NULL)
		return;
	event_free(keeper->test);
	if (waitpid(keeper->test_pid, NULL, WNOHANG) != 0)
		return;
	(void)kill(keeper->test_pid, SIGKILL);
	(void)waitpid(keeper->test_pid, NULL, 0);
}

/* --- life ----------------------------------------------------------------------------------------------------------
 */

struct gatekeeper *gatekeeper_new(struct event_base *base, const struct conf *conf, uid_t own_uid, bool stands,
				  void (*repaired)(void *arg), void *arg, char *err, size_t err_len)
{
	struct gatekeeper *keeper = calloc(1, sizeof(*keeper));

	if (keeper == NULL) {
		(void)snprintf(err, err_len, "out of memory");
		return NULL;
	}
	keeper->base = base;
	keeper->own_uid = own_uid;
	keeper->repaired = repaired;
	keeper->repaired_arg = arg;
	keeper->retry = evtimer_new(base, on_retry, keeper);
	keeper->down_due = evtimer_new(base, on_down_due, keeper);
	if (keeper->retry != NULL && keeper->down_due != NULL &&
	    gate_wish_init(&keeper->wish, conf, own_uid, false, err, err_len)) {
		keeper->ruleset = ruleset_open(err, err_len);
		if (keeper->ruleset != NULL &&
		    (stands || (ruleset_install_guard(keeper->ruleset, &keeper->wish.spec, err, err_len) &&
				fence_apply(&keeper->wish.spec, err, err_len))))
			return keeper;
	}
	gatekeeper_free(keeper);
	return NULL;
}

/* begin_watching: routes first, for without them the gate is shut; and watched before the tables are made, so that what
 * others do meanwhile is not missed. */
static bool begin_watching(struct gatekeeper *keeper, char *err, size_t err_len)
{
	if (!route_install(&keeper->wish.spec, err, err_len))
		return false;
	keeper->begun = true;
	keeper->routes = route_keeper_new(keeper->base, &keeper->wish.spec, on_routes_restored, keeper, err, err_len);
	return keeper->routes != NULL && watch(keeper, err, err_len);
}

static void say_fence_doubt(const struct gatekeeper *keeper)
{
	char err[GATE_ERR_MAX];

	if (keeper->wish.spec.fence && fence_doubt(err, sizeof(err)))
		log_say(LOG_LEVEL_WARNING, "fence", "%s", err);
}

bool gatekeeper_begin(struct gatekeeper *keeper, char *err, size_t err_len)
{
	size_t cut = 0;

	if (!begin_watching(keeper, err, err_len) ||
	    !ruleset_install(keeper->ruleset, &keeper->wish.spec, err, err_len) ||
	    !conntrack_forget(&keeper->wish.spec, &cut, err, err_len))
		return false;
	say_fence_doubt(keeper);
	log_say(LOG_LEVEL_INFO, "gate-closed",
		"port 25 goes through gate25; %zu connection(s) older than the gate are judged anew", cut);
	return true;
}

/* The guard that lets packets pass the fence goes after it. (It comes before it, too.) */
static bool take_fence_down(const struct gate_spec *old, const struct gate_spec *next, char *err, size_t err_len)
{
	return next->fence || !old->fence || fence_apply(next, err, err_len);
}

/* take_over: |was| is what the tables should be until now. */
static bool take_over(struct gatekeeper *keeper, const struct gate_spec *was, char *err, size_t err_len)
{
	char what[GATE_ERR_MAX];
	bool sound = ruleset_verify(keeper->ruleset, was, what, sizeof(what));
	size_t cut = 0;

	if (!take_fence_down(was, &keeper->wish.spec, err, err_len) ||
	    !ruleset_install(keeper->ruleset, &keeper->wish.spec, err, err_len) ||
	    !fence_apply(&keeper->wish.spec, err, err_len) ||
	    (!sound && !conntrack_forget(&keeper->wish.spec, &cut, err, err_len)))
		return false;
	say_fence_doubt(keeper);
	if (sound)
		log_say(LOG_LEVEL_INFO, "gate-closed", "port 25 goes through gate25 as before");
	else
		log_say(LOG_LEVEL_WARNING, "gate-closed",
			"port 25 goes through gate25; its tables were not those of before (%s): %zu connection(s) are "
			"judged anew",
			what, cut);
	return true;
}

bool gatekeeper_resume(struct gatekeeper *keeper, const struct conf *before, char *err, size_t err_len)
{
	struct gate_wish was;
	bool ok;

	if (!begin_watching(keeper, err, err_len) ||
	    !gate_wish_init(&was, before, keeper->own_uid, false, err, err_len))
		return false;
	ok = take_over(keeper, &was.spec, err, err_len);
	gate_wish_cleanup(&was);
	return ok;
}

bool gatekeeper_reload(struct gatekeeper *keeper, const struct conf *conf, char *err, size_t err_len)
{
	struct gate_wish wish;
	char said[GATE_ERR_MAX];

	if (!gate_wish_init(&wish, conf, keeper->own_uid, false, err, err_len))
		return false;
	wish.spec.selftest = keeper->wish.spec.selftest; /* it may be under way */
	if (!route_install(&wish.spec, err, err_len) ||
	    !take_fence_down(&keeper->wish.spec, &wish.spec, err, err_len) ||
	    !ruleset_install(keeper->ruleset, &wish.spec, err, err_len) || !fence_apply(&wish.spec, err, err_len)) {
		/* A transaction that was made and read back wrong is in force: the old rules stand only if they are put
		 * back. */
		repair(keeper);
		(void)!fence_apply(&keeper->wish.spec, said, sizeof(said));
		gate_wish_cleanup(&wish);
		return false;
	}
	if (gate_uses_tproxy(&keeper->wish.spec) && !gate_uses_tproxy(&wish.spec))
		(void)!route_remove(&keeper->wish.spec, err, err_len);
	gate_wish_cleanup(&keeper->wish);
	keeper->wish = wish;
	return true;
}

unsigned gatekeeper_repairs(const struct gatekeeper *keeper)
{
	return keeper->repairs;
}

void gatekeeper_free(struct gatekeeper *keeper)
{
	char err[GATE_ERR_MAX];

	if (keeper == NULL)
		return;
	route_keeper_free(keeper->routes);
	if (keeper->begun && (!ruleset_remove_interception(keeper->ruleset, err, sizeof(err)) ||
			      !route_remove(&keeper->wish.spec, err, sizeof(err))))
		log_say(LOG_LEVEL_ERROR, "stop", "%s", err);
	if (keeper->news != NULL)
		event_free(keeper->news);
	if (keeper->retry != NULL)
		event_free(keeper->retry);
	if (keeper->down_due != NULL)
		event_free(keeper->down_due);
	stop_test(keeper);
	watchdog_close(keeper->watchdog);
	ruleset_close(keeper->ruleset);
	gate_wish_cleanup(&keeper->wish);
	free(keeper);
}
