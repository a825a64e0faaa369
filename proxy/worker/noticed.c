/* noticed.c - see noticed.h. */
#include "proxy/worker/noticed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAID_MAX   128
#define REMEDY_MAX 168

/* How often a client left the server of a destination before any mail. */
struct entry {
	struct addr client; /* family 0: free */
	struct addr destination;
	unsigned left;
	uint64_t last_s;
};

struct said {
	enum session_notice what;
	struct addr who; /* family 0: free */
	uint64_t at_s;
};

struct noticed {
	struct said said[SAID_MAX];
	size_t entries;
	struct entry entry[];
};

struct noticed *noticed_new(size_t entries)
{
	struct noticed *noticed = calloc(1, sizeof(*noticed) + entries * sizeof(noticed->entry[0]));

	if (noticed != NULL)
		noticed->entries = entries;
	return noticed;
}

void noticed_free(struct noticed *noticed)
{
	free(noticed);
}

/* --- clients that leave --------------------------------------------------------------------------------------------
 */

static bool is_old(const struct entry *entry, uint64_t now_s)
{
	return entry->client.family == 0 || now_s - entry->last_s > NOTICED_DAY_S;
}

static struct entry *find(struct noticed *noticed, const struct session_record *record, uint64_t now_s)
{
	for (size_t i = 0; i < noticed->entries; i++) {
		struct entry *entry = &noticed->entry[i];
		if (!is_old(entry, now_s) && addr_equal(&entry->client, &record->client.addr) &&
		    addr_equal(&entry->destination, &record->destination.addr))
			return entry;
	}
	return NULL;
}

/* make_room returns an entry that nothing is known by any more; else the one that was quiet for longest. */
static struct entry *make_room(struct noticed *noticed, uint64_t now_s)
{
	struct entry *oldest = &noticed->entry[0];

	for (size_t i = 0; i < noticed->entries; i++) {
		if (is_old(&noticed->entry[i], now_s))
			return &noticed->entry[i];
		if (noticed->entry[i].last_s < oldest->last_s)
			oldest = &noticed->entry[i];
	}
	return oldest;
}

static void count_left(struct noticed *noticed, const struct session_record *record, uint64_t now_s)
{
	struct entry *entry = find(noticed, record, now_s);

	if (entry == NULL) {
		entry = make_room(noticed, now_s);
		*entry = (struct entry){ .client = record->client.addr, .destination = record->destination.addr };
	}
	entry->left++;
	entry->last_s = now_s;
}

/* A client that speaks of mail there has nothing against the server that it sees. */
static void forget_left(struct noticed *noticed, const struct session_record *record, uint64_t now_s)
{
	struct entry *entry = find(noticed, record, now_s);

	if (entry != NULL)
		*entry = (struct entry){ 0 };
}

static unsigned left_in_all(const struct noticed *noticed, const struct addr *client, uint64_t now_s)
{
	unsigned left = 0;

	for (size_t i = 0; i < noticed->entries; i++) {
		const struct entry *entry = &noticed->entry[i];
		if (!is_old(entry, now_s) && addr_equal(&entry->client, client))
			left += entry->left;
	}
	return left;
}

/* --- what is said --------------------------------------------------------------------------------------------------
 */

static bool is_fresh(struct noticed *noticed, enum session_notice what, const struct addr *who, uint64_t now_s)
{
	struct said *place = &noticed->said[0];

	for (size_t i = 0; i < SAID_MAX; i++) {
		struct said *said = &noticed->said[i];
		if (said->who.family != 0 && said->what == what && addr_equal(&said->who, who)) {
			if (now_s - said->at_s < NOTICED_QUIET_S)
				return false;
			place = said;
			break;
		}
		if (said->at_s < place->at_s)
			place = said;
	}
	*place = (struct said){ what, *who, now_s };
	return true;
}

static const char *remedy(const struct session_record *record, char out[REMEDY_MAX])
{
	char text[ADDR_TEXT_MAX];

	(void)addr_format(&record->client.addr, text);
	if (record->local)
		(void)snprintf(out, REMEDY_MAX,
			       "exempt it (exempt-user = ITS USER) or use client \"%s\" { client-tls = passthrough }",
			       text);
	else
		(void)snprintf(out, REMEDY_MAX,
			       "exempt it (exempt-source = %s) or use client \"%s\" { client-tls = passthrough }", text,
			       text);
	return out;
}

static bool of_client(struct noticed *noticed, const struct session_record *record, uint64_t now_s, struct notice *out)
{
	unsigned left = 0;
	char text[REMEDY_MAX];

	if (record->sign == SESSION_SIGN_LEFT) {
		count_left(noticed, record, now_s);
		left = left_in_all(noticed, &record->client.addr, now_s);
		if (left < NOTICED_LEFT_MIN)
			return false;
	}
	out->what = left == 0 ? SESSION_NOTICE_CLIENT : SESSION_NOTICE_CLIENT_PROBABLY;
	out->fresh = is_fresh(noticed, out->what, &record->client.addr, now_s);
	if (left == 0)
		(void)snprintf(out->text, sizeof(out->text), "client-authenticates-itself: %s", remedy(record, text));
	else
		(void)snprintf(out->text, sizeof(out->text),
			       "probably client-authenticates-itself: %s (%u sessions left before any mail)",
			       remedy(record, text), left);
	return true;
}

static bool of_server(struct noticed *noticed, const struct session_record *record, uint64_t now_s, struct notice *out)
{
	char text[ADDR_TEXT_MAX];

	(void)addr_format(&record->destination.addr, text);
	out->what = record->sign == SESSION_SIGN_GATE ? SESSION_NOTICE_GATE : SESSION_NOTICE_EXCHANGE;
	out->fresh = is_fresh(noticed, out->what, &record->destination.addr, now_s);
	if (record->sign == SESSION_SIGN_GATE)
		(void)snprintf(
			out->text, sizeof(out->text),
			"another-gate25-on-path: it answers in place of %s: exempt this gate there (exempt-source), "
			"or give it client-tls = passthrough there",
			text);
	else
		(void)snprintf(out->text, sizeof(out->text),
			       "exchange-peer: exempt this destination (exempt = %s) if it is a hybrid peer of yours",
			       text);
	return true;
}

bool noticed_hear(struct noticed *noticed, const struct session_record *record, uint64_t now_s, struct notice *out)
{
	if (record->kind != SESSION_RECORD_SIGN && record->kind != SESSION_RECORD_END)
		return false;
	switch (record->sign) {
	case SESSION_SIGN_MAIL: forget_left(noticed, record, now_s); return false;
	case SESSION_SIGN_ALERT:
	case SESSION_SIGN_LEFT: return of_client(noticed, record, now_s, out);
	case SESSION_SIGN_GATE:
	case SESSION_SIGN_EXCHANGE: return of_server(noticed, record, now_s, out);
	case SESSION_SIGN_NONE:
	case SESSION_SIGN_COUNT: break;
	}
	return false;
}
