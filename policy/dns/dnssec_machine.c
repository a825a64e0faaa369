/* dnssec_machine.c - see dnssec_machine.h. */
#include "policy/dns/dnssec_machine.h"

#include <string.h>

#include "proxy/base/printable.h"

static struct dnssec_step begin(struct dnssec_machine *m)
{
	m->testing = true;
	m->at = 0;
	m->worst = (struct dnssec_finding){ .state = DNSSEC_TESTING };
	return (struct dnssec_step){ .test = true, .mode = m->modes[0] };
}

static bool may_be_in_force(const struct dnssec_machine *m, enum dns_mode mode)
{
	for (size_t i = 0; i < m->modes_count; i++) {
		if (m->modes[i] == mode)
			return true;
	}
	return mode == DNS_OFF && !m->wanted;
}

/* put_in_force returns whether that is another mode than before. */
static bool put_in_force(struct dnssec_machine *m, enum dns_mode mode, uint64_t now_s)
{
	if (m->mode == mode && m->since_s != 0)
		return false;
	m->mode = mode;
	m->since_s = now_s;
	return true;
}

/* impossible: no mode can be had at all. Where proofs are wanted, it must be one in which no lookup succeeds. */
static struct dnssec_step impossible(struct dnssec_machine *m, const char *problem, uint64_t now_s)
{
	struct dnssec_step step = { .ended = true, .news = DNSSEC_NEWS_FAILED };

	m->state = DNSSEC_UNPROVED;
	(void)snprintf(m->reason, sizeof(m->reason), "%s", problem);
	step.switched = put_in_force(m, m->wanted ? DNS_TRUST_AD : DNS_OFF, now_s);
	return step;
}

struct dnssec_step dnssec_machine_start(struct dnssec_machine *m, const struct dnssec_plan *plan, bool wanted,
					uint64_t now_s)
{
	bool ran = m->since_s != 0;
	struct dnssec_step step = { 0 };

	memcpy(m->modes, plan->modes, sizeof(m->modes));
	m->modes_count = plan->modes_count;
	m->wanted = wanted;
	m->testing = false;
	m->failed = 0;
	if (m->modes_count == 0)
		return impossible(m, plan->problem, now_s);
	if (m->modes[0] == DNS_OFF) {
		m->state = DNSSEC_OFF;
		m->reason[0] = '\0';
		step.switched = put_in_force(m, DNS_OFF, now_s);
		step.ended = true;
		return step;
	}
	if (!ran || m->state == DNSSEC_OFF || !may_be_in_force(m, m->mode)) {
		/* Until something is proved: fail closed where that matters. */
		m->state = DNSSEC_TESTING;
		m->reason[0] = '\0';
		step.switched = put_in_force(m, wanted ? m->modes[0] : DNS_OFF, now_s);
	}
	step.test = true;
	step.mode = begin(m).mode;
	return step;
}

/* --- a test's end ------------------------------------------------------------------------------------------------- */

static struct dnssec_step passed(struct dnssec_machine *m, const struct dnssec_finding *finding, uint64_t now_s)
{
	struct dnssec_step step = { .ended = true, .wait_ms = DNSSEC_AGAIN_MS };
	const bool was_proved = m->state == DNSSEC_PROVED;

	if (m->worst.state == DNSSEC_TESTING)
		(void)snprintf(m->reason, sizeof(m->reason), "%s", finding->reason);
	else
		(void)snprintf(m->reason, sizeof(m->reason), "%.240s (but %.120s)", finding->reason, m->worst.reason);
	step.switched = put_in_force(m, m->modes[m->at], now_s);
	step.news = !was_proved ? DNSSEC_NEWS_PROVED : step.switched ? DNSSEC_NEWS_SWITCHED : DNSSEC_NEWS_NONE;
	m->state = DNSSEC_PROVED;
	m->failed = 0;
	return step;
}

static uint32_t back_off_ms(unsigned failed)
{
	uint32_t wait_ms = DNSSEC_RETRY_MIN_MS;

	while (--failed > 0 && wait_ms < DNSSEC_RETRY_MAX_MS)
		wait_ms *= 2;
	return wait_ms < DNSSEC_RETRY_MAX_MS ? wait_ms : DNSSEC_RETRY_MAX_MS;
}

static struct dnssec_step failed(struct dnssec_machine *m, uint64_t now_s)
{
	struct dnssec_step step = { .ended = true };
	const bool same = m->failed > 0 && m->state == m->worst.state;

	m->state = m->worst.state;
	(void)snprintf(m->reason, sizeof(m->reason), "%s", m->worst.reason);
	m->failures++;
	if (m->failed < 16)
		m->failed++;
	step.news = same ? DNSSEC_NEWS_FAILS : DNSSEC_NEWS_FAILED;
	step.wait_ms = back_off_ms(m->failed);
	if (!m->wanted && m->state == DNSSEC_UNPROVED)
		step.switched = put_in_force(m, DNS_OFF, now_s);
	return step;
}

/* remember adds |finding| to what the modes before it came to. */
static void remember(struct dnssec_machine *m, const struct dnssec_finding *finding)
{
	size_t len;

	if (m->worst.state == DNSSEC_TESTING) {
		m->worst = *finding;
		return;
	}
	if (finding->state == DNSSEC_UNPROVED)
		m->worst.state = DNSSEC_UNPROVED;
	len = strlen(m->worst.reason);
	(void)snprintf(m->worst.reason + len, sizeof(m->worst.reason) - len, "; %s", finding->reason);
}

struct dnssec_step dnssec_machine_result(struct dnssec_machine *m, const struct dnssec_finding *finding, uint64_t now_s)
{
	struct dnssec_step step = { 0 };

	if (!m->testing)
		return step;
	if (finding->state != DNSSEC_PROVED) {
		remember(m, finding);
		if (++m->at < m->modes_count) {
			step.test = true;
			step.mode = m->modes[m->at];
			return step;
		}
	}
	m->testing = false;
	step = finding->state == DNSSEC_PROVED ? passed(m, finding, now_s) : failed(m, now_s);
	m->tested_s = now_s;
	return step;
}

struct dnssec_step dnssec_machine_timer(struct dnssec_machine *m)
{
	if (m->testing || m->modes_count == 0 || m->modes[0] == DNS_OFF)
		return (struct dnssec_step){ 0 };
	return begin(m);
}

bool dnssec_machine_suspects(const struct dnssec_machine *m, uint64_t now_s)
{
	/* A clock that was set back must not silence suspicion for long. */
	const bool lately = now_s >= m->tested_s && now_s - m->tested_s < DNSSEC_SUSPECT_S;

	return m->state == DNSSEC_PROVED && !m->testing && !lately;
}

void dnssec_machine_report(struct dnssec_report *out, const struct dnssec_machine *m)
{
	*out = (struct dnssec_report){
		.state = m->state, .since_s = m->since_s, .tested_s = m->tested_s, .failures = m->failures
	};
	(void)snprintf(out->mode, sizeof(out->mode), "%s", dnssec_mode_name(m->mode));
	(void)snprintf(out->reason, sizeof(out->reason), "%s", m->reason);
	printable_text(out->reason);
}
