/* verdict_message.c - questions and verdicts on their way between worker and policyd; see verdict.h. What a reader
 * cannot hold to be sound it drops: a message comes from another process. */
#include "policy/verdict/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/verdict/verdict_wire.h"

#define TTL_OVERSIZE_S 300 /* of the answer that a verdict is too large: the DNS does not change at once */

void verdict_question_put(struct wire_writer *w, const struct verdict_question *question)
{
	wire_put_u32(w, question->id);
	wire_put_u8(w, (uint8_t)question->kind);
	wire_put_addr(w, &question->destination.addr);
	wire_put_u16(w, question->destination.port);
	wire_put_str(w, question->domain);
}

bool verdict_question_get(struct wire_reader *r, struct verdict_question *out)
{
	*out = (struct verdict_question){ 0 };
	out->id = wire_get_u32(r);
	out->kind = (enum verdict_question_kind)wire_get_enum(r, VERDICT_ASK_COUNT);
	wire_get_addr(r, &out->destination.addr);
	out->destination.port = wire_get_u16(r);
	wire_get_str(r, out->domain, sizeof(out->domain));
	return wire_done(r);
}

static void put_names(struct wire_writer *w, const struct verdict *verdict)
{
	w->failed |= verdict->names_count > VERDICT_NAMES_MAX;
	wire_put_u8(w, (uint8_t)verdict->names_count);
	for (size_t i = 0; i < verdict->names_count && !w->failed; i++) {
		wire_put_str(w, verdict->names[i].name);
		wire_put_u8(w, verdict->names[i].subdomains);
	}
}

static void get_names(struct wire_reader *r, struct verdict *verdict)
{
	size_t count = wire_get_enum(r, VERDICT_NAMES_MAX + 1);

	if (count == 0)
		return;
	verdict->names = calloc(count, sizeof(*verdict->names));
	if (verdict->names == NULL) {
		r->failed = true;
		return;
	}
	verdict->names_count = count;
	for (size_t i = 0; i < count; i++) {
		struct verdict_name *name = &verdict->names[i];
		wire_get_str(r, name->name, sizeof(name->name));
		name->subdomains = wire_get_bool(r);
		r->failed |= name->name[0] == '\0';
	}
}

static void put_fingerprints(struct wire_writer *w, const struct verdict *verdict)
{
	w->failed |= verdict->fingerprints_count > VERDICT_FINGERPRINTS_MAX;
	wire_put_u8(w, (uint8_t)verdict->fingerprints_count);
	for (size_t i = 0; i < verdict->fingerprints_count && !w->failed; i++)
		wire_put_bytes(w, verdict->fingerprints[i], sizeof(verdict->fingerprints[i]));
}

static void get_fingerprints(struct wire_reader *r, struct verdict *verdict)
{
	size_t count = wire_get_enum(r, VERDICT_FINGERPRINTS_MAX + 1);

	if (count == 0)
		return;
	verdict->fingerprints = calloc(count, sizeof(*verdict->fingerprints));
	if (verdict->fingerprints == NULL) {
		r->failed = true;
		return;
	}
	verdict->fingerprints_count = count;
	for (size_t i = 0; i < count; i++) {
		size_t len;
		const uint8_t *bytes = wire_get_bytes(r, &len);
		if (bytes == NULL || len != sizeof(verdict->fingerprints[i])) {
			r->failed = true;
			return;
		}
		memcpy(verdict->fingerprints[i], bytes, len);
	}
}

/* Usable means that there are records and a name, and nothing else has records. */
static bool search_is_sound(const struct verdict_mx *mx, size_t count)
{
	bool usable = mx->dane == VERDICT_DANE_USABLE;

	return count <= TLSA_MAX && usable == (count > 0) && (!usable || mx->tlsa_base[0] != '\0');
}

/* What its reader would refuse is not written. */
static void put_tlsa(struct wire_writer *w, const struct verdict_mx *mx, struct tlsa_room *room)
{
	w->failed |= !search_is_sound(mx, mx->tlsa_count);
	wire_put_u8(w, (uint8_t)mx->dane);
	wire_put_str(w, mx->tlsa_base);
	wire_put_u8(w, (uint8_t)mx->tlsa_count);
	for (size_t i = 0; i < mx->tlsa_count && !w->failed; i++) {
		w->failed |= !tlsa_room_takes(room, mx->tlsa[i].len);
		tlsa_put(w, &mx->tlsa[i]);
	}
}

static void get_tlsa(struct wire_reader *r, struct verdict_mx *mx, struct tlsa_room *room)
{
	mx->dane = (enum verdict_dane)wire_get_enum(r, VERDICT_DANE_USABLE + 1);
	wire_get_str(r, mx->tlsa_base, sizeof(mx->tlsa_base));
	size_t count = wire_get_enum(r, TLSA_MAX + 1);

	r->failed |= !search_is_sound(mx, count);
	if (r->failed || count == 0)
		return;
	mx->tlsa = calloc(count, sizeof(*mx->tlsa));
	if (mx->tlsa == NULL) {
		r->failed = true;
		return;
	}
	for (size_t i = 0; i < count && !r->failed; i++) {
		mx->tlsa_count = i + 1;
		r->failed |= !tlsa_get(r, &mx->tlsa[i], room);
	}
}

static void put_mx(struct wire_writer *w, const struct verdict *verdict)
{
	struct tlsa_room room = { VERDICT_TLSA_MAX, VERDICT_TLSA_BYTES_MAX };

	w->failed |= verdict->mx_count > VERDICT_MX_MAX;
	wire_put_u8(w, (uint8_t)verdict->mx_lookup);
	wire_put_u8(w, verdict->mx_secure);
	wire_put_u8(w, verdict->strict_mx);
	wire_put_u8(w, (uint8_t)verdict->mx_count);
	for (size_t i = 0; i < verdict->mx_count && !w->failed; i++) {
		const struct verdict_mx *mx = &verdict->mx[i];
		w->failed |= mx->addrs_count > VERDICT_ADDRS_MAX;
		wire_put_str(w, mx->name);
		wire_put_u16(w, mx->preference);
		wire_put_u8(w, mx->addrs_failed);
		wire_put_u8(w, (uint8_t)mx->addrs_count);
		for (size_t j = 0; j < mx->addrs_count && !w->failed; j++)
			wire_put_addr(w, &mx->addrs[j]);
		put_tlsa(w, mx, &room);
	}
}

static void get_mx_host(struct wire_reader *r, struct verdict_mx *mx)
{
	wire_get_str(r, mx->name, sizeof(mx->name));
	mx->preference = wire_get_u16(r);
	mx->addrs_failed = wire_get_bool(r);
	r->failed |= mx->name[0] == '\0';
	size_t count = wire_get_enum(r, VERDICT_ADDRS_MAX + 1);
	if (count == 0)
		return;
	mx->addrs = calloc(count, sizeof(*mx->addrs));
	if (mx->addrs == NULL) {
		r->failed = true;
		return;
	}
	mx->addrs_count = count;
	for (size_t i = 0; i < count; i++) {
		wire_get_addr(r, &mx->addrs[i]);
		r->failed |= addr_len(&mx->addrs[i]) == 0;
	}
}

static void get_mx(struct wire_reader *r, struct verdict *verdict)
{
	struct tlsa_room room = { VERDICT_TLSA_MAX, VERDICT_TLSA_BYTES_MAX };

	verdict->mx_lookup = (enum verdict_lookup)wire_get_enum(r, VERDICT_LOOKUP_FOUND + 1);
	verdict->mx_secure = wire_get_bool(r);
	verdict->strict_mx = wire_get_bool(r);
	size_t count = wire_get_enum(r, VERDICT_MX_MAX + 1);

	r->failed |= (verdict->mx_lookup == VERDICT_LOOKUP_FOUND) != (count > 0);
	if (r->failed || count == 0)
		return;
	verdict->mx = calloc(count, sizeof(*verdict->mx));
	if (verdict->mx == NULL) {
		r->failed = true;
		return;
	}
	verdict->mx_count = count;
	for (size_t i = 0; i < count && !r->failed; i++) {
		get_mx_host(r, &verdict->mx[i]);
		get_tlsa(r, &verdict->mx[i], &room);
	}
}

/* A policy that says something has a publisher and patterns, and only such a one has patterns. */
static bool policy_is_sound(const struct verdict_policy *policy)
{
	bool says = policy->status == VERDICT_PUBLISHED_TESTING || policy->status == VERDICT_PUBLISHED_ENFORCE;

	return says == (policy->patterns_count > 0) && (!says || policy->by != VERDICT_BY_NOBODY);
}

static void put_policy(struct wire_writer *w, const struct verdict_policy *policy)
{
	w->failed |= !policy_is_sound(policy);
	wire_put_u8(w, (uint8_t)policy->status);
	wire_put_u8(w, (uint8_t)policy->by);
	wire_put_str(w, policy->id);
	wire_put_u32(w, policy->max_age_s);
	wire_put_u8(w, (uint8_t)policy->result);
	wire_put_str(w, policy->reason);
	patterns_put(w, policy->patterns, policy->patterns_count);
}

static void get_policy(struct wire_reader *r, struct verdict_policy *policy)
{
	policy->status = (enum verdict_published)wire_get_enum(r, VERDICT_PUBLISHED_COUNT);
	policy->by = (enum verdict_publisher)wire_get_enum(r, VERDICT_PUBLISHER_COUNT);
	wire_get_str(r, policy->id, sizeof(policy->id));
	policy->max_age_s = wire_get_u32(r);
	policy->result = (enum result_word)wire_get_enum(r, RESULT_COUNT);
	wire_get_str(r, policy->reason, sizeof(policy->reason));
	policy->patterns = patterns_get(r, &policy->patterns_count);
	r->failed |= !policy_is_sound(policy);
}

void verdict_put(struct wire_writer *w, uint32_t id, const struct verdict *verdict)
{
	wire_put_u32(w, id);
	wire_put_u8(w, (uint8_t)verdict->status);
	wire_put_u8(w, (uint8_t)verdict->level);
	wire_put_u8(w, (uint8_t)verdict->source);
	wire_put_u8(w, (uint8_t)verdict->floor);
	wire_put_u8(w, verdict->enforce);
	wire_put_u8(w, verdict->auth);
	wire_put_u8(w, (uint8_t)verdict->min_protocol);
	wire_put_str(w, verdict->domain);
	wire_put_str(w, verdict->nexthop);
	wire_put_str(w, verdict->expanded);
	wire_put_str(w, verdict->servername);
	wire_put_u32(w, verdict->ca);
	wire_put_u8(w, verdict->match_mx);
	put_names(w, verdict);
	put_fingerprints(w, verdict);
	put_mx(w, verdict);
	put_policy(w, &verdict->published);
	wire_put_u32(w, verdict->ttl_s);
	wire_put_u32(w, verdict->generation);
	wire_put_u8(w, (uint8_t)verdict->result);
	wire_put_str(w, verdict->reason);
}

void verdict_put_or_fail(struct wire_writer *w, uint32_t id, const struct verdict *verdict)
{
	const struct wire_writer start = *w;
	struct verdict failed = { .source = verdict->source,
				  .enforce = verdict->enforce,
				  .ttl_s = verdict->ttl_s < TTL_OVERSIZE_S ? verdict->ttl_s : TTL_OVERSIZE_S,
				  .generation = verdict->generation,
				  .result = RESULT_DNSSEC_INVALID };

	verdict_put(w, id, verdict);
	if (!w->failed || start.failed)
		return;
	memcpy(failed.domain, verdict->domain, sizeof(failed.domain));
	memcpy(failed.nexthop, verdict->nexthop, sizeof(failed.nexthop));
	(void)snprintf(failed.reason, sizeof(failed.reason),
		       "the MX hosts of %.150s have more addresses and TLSA records than can be looked at",
		       verdict->nexthop[0] != '\0' ? verdict->nexthop : verdict->domain);
	*w = start;
	verdict_put(w, id, &failed);
}

/* A level stands in a verdict exactly when it was decided by somebody, and a floor, which is no DANE itself, exactly
 * where the level is DANE; anything else is not a verdict. */
static bool is_consistent(const struct verdict *verdict)
{
	bool decided = verdict->status == VERDICT_OK && verdict->source != VERDICT_SOURCE_NONE;
	bool dane = level_is_dane(verdict->level);

	if (level_is_dane(verdict->floor) || verdict->floor == LEVEL_FINGERPRINT)
		return false;
	return decided == (verdict->level != LEVEL_UNSET) && dane == (verdict->floor != LEVEL_UNSET);
}

struct verdict *verdict_get(struct wire_reader *r, uint32_t *out_id)
{
	struct verdict *verdict = verdict_new();

	*out_id = 0;
	if (verdict == NULL)
		return NULL;
	*out_id = wire_get_u32(r);
	verdict->status = (enum verdict_status)wire_get_enum(r, VERDICT_OK + 1);
	verdict->level = (enum level)wire_get_enum(r, LEVEL_COUNT);
	verdict->source = (enum verdict_source)wire_get_enum(r, VERDICT_SOURCE_COUNT);
	verdict->floor = (enum level)wire_get_enum(r, LEVEL_COUNT);
	verdict->enforce = wire_get_bool(r);
	verdict->auth = wire_get_bool(r);
	verdict->min_protocol = (enum conf_tls_version)wire_get_enum(r, CONF_TLS13 + 1);
	wire_get_str(r, verdict->domain, sizeof(verdict->domain));
	wire_get_str(r, verdict->nexthop, sizeof(verdict->nexthop));
	wire_get_str(r, verdict->expanded, sizeof(verdict->expanded));
	wire_get_str(r, verdict->servername, sizeof(verdict->servername));
	verdict->ca = wire_get_u32(r);
	verdict->match_mx = wire_get_bool(r);
	get_names(r, verdict);
	get_fingerprints(r, verdict);
	get_mx(r, verdict);
	get_policy(r, &verdict->published);
	verdict->ttl_s = wire_get_u32(r);
	verdict->generation = wire_get_u32(r);
	verdict->result = (enum result_word)wire_get_enum(r, RESULT_COUNT);
	wire_get_str(r, verdict->reason, sizeof(verdict->reason));
	if (!wire_done(r) || !is_consistent(verdict)) {
		verdict_unref(verdict);
		return NULL;
	}
	return verdict;
}
