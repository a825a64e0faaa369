/* fuzz_verdict.c - what a worker or policyd could be sent: a question, an answer; what is taken is put and taken again.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/verdict/demand.h"
#include "policy/verdict/verdict.h"

static const struct addr none; /* no address: no MX host is known by it */

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void again(uint32_t id, const struct verdict *verdict)
{
	static uint8_t bytes[WIRE_MAX];
	struct wire_writer w;
	struct wire_reader r;
	uint32_t got_id;

	wire_writer_init(&w, bytes, sizeof(bytes) - 2);
	verdict_put(&w, id, verdict);
	wire_reader_init(&r, bytes, w.len);
	struct verdict *got = verdict_get(&r, &got_id);
	if (w.failed || got == NULL || got_id != id)
		abort();
	verdict_unref(got);
}

static void must_hold(bool condition)
{
	if (!condition)
		abort();
}

/* What is published permits nothing by being lost, and demands nothing but what it says. */
static void check_published(const struct verdict *verdict)
{
	const struct verdict_policy *policy = &verdict->published;
	struct demand demand;

	demand_of(&demand, verdict, &none);
	if (verdict->level == LEVEL_DANE && policy->status == VERDICT_PUBLISHED_FAILED)
		must_hold(demand.level == LEVEL_UNSET || (demand.level == LEVEL_DANE && verdict->mx_secure));
	if (policy->status != VERDICT_PUBLISHED_ENFORCE)
		must_hold(demand.allowed_count == 0 && demand.basis != DEMAND_OF_LIST);
	for (size_t i = 0; i < demand.allowed_count; i++)
		must_hold(verdict_policy_allows(policy, demand.allowed[i]->name));
	if (demand_in_test(&demand, verdict, &none))
		must_hold(policy->status == VERDICT_PUBLISHED_TESTING && !level_permits_clear(demand.level));
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	struct verdict_question question;
	struct wire_reader r;
	uint32_t id;

	wire_reader_init(&r, in, in_len);
	if (verdict_question_get(&r, &question) && strlen(question.domain) >= VERDICT_NAME_MAX)
		abort();
	wire_reader_init(&r, in, in_len);
	struct verdict *verdict = verdict_get(&r, &id);
	if (verdict == NULL)
		return 0;
	if (verdict->status != VERDICT_OK && verdict->enforce && demand_permits_clear(verdict, &none))
		abort();
	check_published(verdict);
	if (in_len <= WIRE_MAX - 2)
		again(id, verdict);
	verdict_unref(verdict);
	return 0;
}
