/* trail.c - see trail.h. */
#include "policy/tools/trail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/printable.h"

static void step_cleanup(struct trail_step *step)
{
	free(step->mx);
	free(step->addrs);
	tlsa_free(step->tlsa, step->tlsa_count);
	for (size_t i = 0; i < step->txt_count; i++)
		free(step->txt[i]);
	free(step->txt);
}

void trail_cleanup(struct trail *trail)
{
	for (size_t i = 0; i < trail->count; i++)
		step_cleanup(&trail->steps[i]);
	free(trail->steps);
	*trail = (struct trail){ 0 };
}

/* copy returns a copy of |count| things; NULL also where there are none. */
static void *copy(const void *from, size_t count, size_t size, bool *ok)
{
	void *to = count > 0 ? calloc(count, size) : NULL;

	if (to != NULL)
		memcpy(to, from, count * size);
	*ok &= count == 0 || to != NULL;
	return to;
}

static bool copy_tlsa(struct trail_step *step, const struct dns_answer *answer)
{
	bool ok = true;

	step->tlsa = copy(answer->tlsa, answer->tlsa_count, sizeof(*step->tlsa), &ok);
	for (size_t i = 0; ok && i < answer->tlsa_count; i++) {
		step->tlsa[i].data = copy(answer->tlsa[i].data, answer->tlsa[i].len, 1, &ok);
		step->tlsa_count = i + 1;
	}
	return ok;
}

static bool copy_txt(struct trail_step *step, const struct dns_answer *answer)
{
	step->txt = answer->txt_count > 0 ? calloc(answer->txt_count, sizeof(*step->txt)) : NULL;
	if (step->txt == NULL)
		return answer->txt_count == 0;
	for (size_t i = 0; i < answer->txt_count; i++) {
		size_t len = answer->txt[i].len < TRAIL_TXT_MAX ? answer->txt[i].len : TRAIL_TXT_MAX;
		char *text = calloc(1, len + 1);
		if (text == NULL)
			return false;
		for (size_t j = 0; j < len; j++)
			text[j] = printable(answer->txt[i].bytes[j]);
		step->txt[step->txt_count++] = text;
	}
	return true;
}

static bool fill(struct trail_step *step, const char *name, enum dns_type type, const struct dns_answer *answer)
{
	bool ok = true;

	*step = (struct trail_step){
		.type = type, .status = answer->status, .bogus = answer->bogus, .ttl_s = answer->ttl_s
	};
	(void)snprintf(step->name, sizeof(step->name), "%s", name);
	(void)snprintf(step->canonical, sizeof(step->canonical), "%s", answer->canonical);
	(void)snprintf(step->reason, sizeof(step->reason), "%s", answer->reason);
	if (!dns_found(answer))
		return true;
	step->mx = copy(answer->mx, answer->mx_count, sizeof(*step->mx), &ok);
	step->addrs = copy(answer->addrs, answer->addrs_count, sizeof(*step->addrs), &ok);
	step->mx_count = step->mx != NULL ? answer->mx_count : 0;
	step->addrs_count = step->addrs != NULL ? answer->addrs_count : 0;
	return copy_tlsa(step, answer) && copy_txt(step, answer) && ok;
}

void trail_add(void *arg, const char *name, enum dns_type type, const struct dns_answer *answer)
{
	struct trail *trail = arg;
	struct trail_step *grown = realloc(trail->steps, (trail->count + 1) * sizeof(*grown));

	if (grown == NULL) {
		trail->incomplete = true;
		return;
	}
	trail->steps = grown;
	trail->incomplete |= !fill(&grown[trail->count], name, type, answer);
	trail->count++;
}

const struct trail_step *trail_find(const struct trail *trail, const char *name, enum dns_type type)
{
	for (size_t i = trail->count; i > 0; i--) {
		if (trail->steps[i - 1].type == type && strcmp(trail->steps[i - 1].name, name) == 0)
			return &trail->steps[i - 1];
	}
	return NULL;
}

size_t trail_values(const struct trail_step *step)
{
	bool found = step->status == DNS_FOUND_INSECURE || step->status == DNS_FOUND_SECURE;

	if (!found)
		return 0;
	return step->type == DNS_CNAME ? 1 : step->mx_count + step->addrs_count + step->tlsa_count + step->txt_count;
}

const char *trail_value(const struct trail_step *step, size_t index, char out[TRAIL_VALUE_MAX])
{
	char text[TLSA_TEXT_MAX > ADDR_TEXT_MAX ? TLSA_TEXT_MAX : ADDR_TEXT_MAX];

	out[0] = '\0';
	if (step->type == DNS_CNAME)
		(void)snprintf(out, TRAIL_VALUE_MAX, "%s", step->canonical);
	else if (index < step->mx_count)
		(void)snprintf(out, TRAIL_VALUE_MAX, "%u %s", step->mx[index].preference,
			       step->mx[index].name[0] != '\0' ? step->mx[index].name : "(no host's name)");
	else if (index < step->addrs_count)
		(void)snprintf(out, TRAIL_VALUE_MAX, "%s", addr_format(&step->addrs[index], text));
	else if (index < step->tlsa_count)
		(void)snprintf(out, TRAIL_VALUE_MAX, "%s", tlsa_format(&step->tlsa[index], text));
	else if (index < step->txt_count)
		(void)snprintf(out, TRAIL_VALUE_MAX, "\"%s\"", step->txt[index]);
	return out;
}
