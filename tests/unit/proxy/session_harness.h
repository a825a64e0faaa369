/* session_harness.h - a worker without sockets for tests of the session machine: it obeys the contract of session.h,
 * keeps what was said to either side, and checks at each step what must hold whatever happens:
 *
 *   - envelope and content reach a leg in clear only where the recipient's own verdict permits it, and a leg in TLS
 *     only where the peer satisfies the verdict, or nobody demands that;
 *   - no 2xx to RCPT or to the end of a message, and no 354, that the server did not say;
 *   - each command of the client gets exactly one reply, in order. */
#ifndef GATE25_TESTS_SESSION_HARNESS_H
#define GATE25_TESTS_SESSION_HARNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/verdict/demand.h"
#include "policy/verdict/requiretls.h"
#include "proxy/session/ehlo_memory.h"
#include "proxy/session/host_memory.h"
#include "proxy/session/session.h"
#include "tests/unit/proxy/refusal_book.h"
#include "tests/unit/proxy/session_observer.h"

#define HARNESS_TIMEOUTS_MAX 6    /* so many timers run out, and so many seconds pass, */
#define HARNESS_TIMEOUTS_S   1000 /* until a session is over where nobody does anything */

#define MUST_HOLD(condition)                                                                                 \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			(void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

struct bytes {
	char *at;
	size_t len;
	size_t cap;
};

static inline void bytes_add(struct bytes *b, const void *in, size_t len)
{
	if (b->len + len + 1 > b->cap) {
		b->cap = (b->len + len + 1) * 2;
		b->at = realloc(b->at, b->cap);
		MUST_HOLD(b->at != NULL);
	}
	if (len > 0)
		memcpy(b->at + b->len, in, len);
	b->len += len;
	b->at[b->len] = '\0';
}

static inline void bytes_add_text(struct bytes *b, const char *text)
{
	bytes_add(b, text, strlen(text));
}

static inline void bytes_drop(struct bytes *b, size_t len)
{
	memmove(b->at, b->at + len, b->len - len);
	b->len -= len;
	b->at[b->len] = '\0';
}

/* Takes the first line, CRLF cut, into |out|; false if there is none. */
static inline bool bytes_take_line(struct bytes *b, char *out, size_t cap)
{
	char *end = b->len > 0 ? memchr(b->at, '\n', b->len) : NULL;
	size_t len;

	if (end == NULL)
		return false;
	len = (size_t)(end - b->at);
	(void)snprintf(out, cap, "%.*s", (int)(len > 0 && b->at[len - 1] == '\r' ? len - 1 : len), b->at);
	bytes_drop(b, len + 1);
	return true;
}

enum speech { /* what a reply answers */
	      SPEECH_NONE = 0,
	      SPEECH_OTHER,
	      SPEECH_MAIL,
	      SPEECH_RCPT,
	      SPEECH_DATA,
	      SPEECH_AUTH,
	      SPEECH_STARTTLS,
	      SPEECH_END_OF_DATA
};

/* One direction of commands: a server's or a worker's view of what a client says. */
struct talk {
	char line[70000];
	size_t line_len;
	bool in_data;
	unsigned dot; /* how much of CRLF.CRLF was seen; 2 at the start of the data */
	enum speech pending;
	unsigned ok[SPEECH_END_OF_DATA + 1]; /* positive replies by what they answer */
};

struct harness {
	struct session *s;
	struct session_options options;
	uint64_t now_s;
	struct bytes client_in, client_out; /* from and to the client */
	struct bytes server_in, server_out;
	struct bytes notes; /* what else was asked for: lines "@dial", "@tls name", "@quit", "@close", records */
	struct bytes client_reply, server_reply; /* partial, for the checks */
	struct talk client, server;
	bool connected, in_tls, over, greeted, client_left;
	bool want_dial, want_tls, want_verdict;
	bool want_client_tls, client_in_tls;
	uint8_t client_alert; /* with which it ends TLS */
	bool spliced;         /* what either side says goes to the other */
	/* REQUIRETLS with a sender: in the client's last MAIL, in that of its transaction, listed by the server. */
	bool requiretls_said, requiretls_held, requiretls_listed;
	enum verdict_question_kind asked;
	char asked_domain[VERDICT_NAME_MAX];
	char servername[VERDICT_NAME_MAX];
	enum conf_tls_version wished_protocol;
	bool wished_compat;
	struct session_tls tls;
	unsigned timer_s;
	uint64_t armed_s; /* when it was set */
	struct verdict *rule;
	struct verdict *verdicts[64]; /* the last answer for each domain asked about */
	size_t verdicts_count;
	unsigned ends;
	unsigned messages_told;   /* records of one */
	unsigned reported;        /* times, for TLS reports */
	unsigned judged;          /* times */
	unsigned judged_to_check; /* of these, by the checks below */
	struct observer observer;
	/* The peer's certificate: names, space between; judged by harness_judge. */
	char cert[1024];
	bool cert_expired;
	struct refusal_book book;
};

/* --- what must hold ------------------------------------------------------------------------------------------------
 */

static inline enum speech speech_of(const char *line)
{
	static const struct {
		const char *verb;
		enum speech speech;
	} verbs[] = { { "MAIL", SPEECH_MAIL },
		      { "RCPT", SPEECH_RCPT },
		      { "DATA", SPEECH_DATA },
		      { "AUTH", SPEECH_AUTH },
		      { "STARTTLS", SPEECH_STARTTLS } };

	for (size_t i = 0; i < COUNT(verbs); i++) {
		size_t len = strlen(verbs[i].verb);
		if (strncasecmp(line, verbs[i].verb, len) == 0 && (line[len] == '\0' || line[len] == ' '))
			return verbs[i].speech;
	}
	return SPEECH_OTHER;
}

static inline const struct verdict *harness_verdict(const struct harness *h, const char *domain)
{
	if (h->rule != NULL)
		return h->rule;
	for (size_t i = h->verdicts_count; i > 0; i--) {
		if (strcmp(h->verdicts[i - 1]->domain, domain) == 0)
			return h->verdicts[i - 1];
	}
	return NULL;
}

static inline bool cert_has(const struct harness *h, const char *name)
{
	const char *at = h->cert;
	size_t len = strlen(name);

	while (len > 0 && (at = strstr(at, name)) != NULL) {
		if ((at == h->cert || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
			return true;
		at += len;
	}
	return false;
}

/* Wildcards are none here: their judge is tls_published.h. */
static inline bool cert_is_allowed(const struct harness *h, const struct verdict *v)
{
	char words[sizeof(h->cert)];
	char *save = NULL;

	memcpy(words, h->cert, sizeof(words));
	for (char *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
		if (verdict_policy_allows(&v->published, word))
			return true;
	}
	return false;
}

static inline bool cert_fits(const struct harness *h, const struct verdict *v, const struct demand *demand,
			     enum demand_basis basis)
{
	const struct verdict_mx *mx = verdict_mx_for(v, &h->options.destination.addr);

	if (basis == DEMAND_OF_LIST || (basis == DEMAND_OF_STS && demand->allowed_count == 0))
		return cert_is_allowed(h, v);
	for (size_t i = 0; i < demand->allowed_count; i++) {
		if (cert_has(h, demand->allowed[i]->name))
			return true;
	}
	if (basis == DEMAND_OF_STS)
		return false;
	for (size_t i = 0; i < v->names_count; i++) {
		if (cert_has(h, v->names[i].name))
			return true;
	}
	if (v->match_mx && mx != NULL)
		return cert_has(h, mx->name);
	for (size_t i = 0; v->match_mx && i < v->mx_count; i++) {
		if (cert_has(h, v->mx[i].name))
			return true;
	}
	return false;
}

/* A TLSA record matches where the certificate has its data, which is a word of its own. */
static inline bool tlsa_fits(const struct harness *h, const struct demand *demand, struct judgement *out)
{
	char word[64];

	for (size_t i = 0; i < demand->hosts_count; i++) {
		for (size_t j = 0; j < demand->hosts[i]->tlsa_count; j++) {
			const struct tlsa *record = &demand->hosts[i]->tlsa[j];
			(void)snprintf(word, sizeof(word), "%.*s", (int)record->len, (const char *)record->data);
			if (!cert_has(h, word))
				continue;
			(void)snprintf(out->tlsa, sizeof(out->tlsa), "3 1 1");
			return true;
		}
	}
	return false;
}

static inline void judge_names(const struct harness *h, const struct verdict *v, const struct demand *demand,
			       enum demand_basis basis, struct judgement *out)
{
	out->also = demand->also != LEVEL_UNSET;
	if (h->cert_expired) {
		out->result = RESULT_CERTIFICATE_EXPIRED;
		(void)snprintf(out->reason, sizeof(out->reason), "certificate expired");
	} else if (!cert_fits(h, v, demand, basis)) {
		out->result = RESULT_CERTIFICATE_HOST_MISMATCH;
		(void)snprintf(out->reason, sizeof(out->reason), "certificate has none of the names");
	} else {
		out->also = false;
		out->satisfied = true;
		out->authenticated = true;
		(void)snprintf(out->matched, sizeof(out->matched), "%.200s", h->cert);
	}
}

static inline void harness_judge(void *arg, const struct verdict *v, enum session_judging as, struct judgement *out)
{
	struct harness *h = arg;
	struct demand demand;

	MUST_HOLD(h->in_tls);
	h->judged++;
	memset(out, 0, sizeof(*out));
	if (as == SESSION_JUDGE_IN_TEST)
		MUST_HOLD(demand_in_test(&demand, v, &h->options.destination.addr));
	else
		demand_of(&demand, v, &h->options.destination.addr);
	if (demand.level == LEVEL_UNSET)
		return;
	if (!level_authenticates(demand.level)) {
		out->satisfied = true;
	} else if (demand.level != LEVEL_DANE) {
		judge_names(h, v, &demand, demand.basis, out);
	} else if (!tlsa_fits(h, &demand, out)) {
		out->result = RESULT_TLSA_INVALID;
		(void)snprintf(out->reason, sizeof(out->reason), "no TLSA record of %.200s matches",
			       demand.hosts[0]->name);
	} else if (demand.also != LEVEL_UNSET) {
		judge_names(h, v, &demand, demand.also_basis, out);
	} else {
		out->satisfied = true;
		out->authenticated = true;
	}
}

/* The recipient domain of a RCPT line to the server, as the question had it. */
static inline void domain_of(const char *line, char out[VERDICT_NAME_MAX])
{
	const char *end = strrchr(line, '>');
	const char *at = end;

	while (at != NULL && at > line && *at != '@' && *at != '<')
		at--;
	out[0] = '\0';
	if (at == NULL || *at != '@')
		return;
	(void)snprintf(out, VERDICT_NAME_MAX, "%.*s", (int)(end - at - 1), at + 1);
	for (char *c = out; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
}

/* What the sender demands, whatever the policy. */
static inline void check_requiretls(struct harness *h, const struct verdict *v)
{
	static struct requiretls demand;
	struct judgement judgement;

	if (!h->requiretls_held)
		return;
	MUST_HOLD(h->in_tls && h->requiretls_listed && h->client_in_tls && !h->tls.weak);
	requiretls_of(&demand, v, &h->options.destination.addr);
	MUST_HOLD(demand.status == REQUIRETLS_JUDGE);
	h->judged_to_check++;
	harness_judge(h, &demand.verdict, SESSION_JUDGE_FOR_SENDER, &judgement);
	MUST_HOLD(judgement.satisfied && judgement.authenticated);
}

static inline bool says_requiretls(const char *line)
{
	return strstr(line, " REQUIRETLS") != NULL && strncasecmp(line, "MAIL FROM:<>", 12) != 0;
}

/* The leg as it is will do for a recipient under |v|. */
static inline bool leg_satisfies(struct harness *h, const struct verdict *v)
{
	struct judgement judgement;
	struct demand demand;

	if (demand_permits_clear(v, &h->options.destination.addr))
		return true;
	if (!h->in_tls || v->status != VERDICT_OK || h->tls.version < v->min_protocol)
		return false;
	h->judged_to_check++;
	harness_judge(h, v, SESSION_JUDGE_IN_FORCE, &judgement);
	demand_of(&demand, v, &h->options.destination.addr);
	return judgement.satisfied && (!h->tls.weak || !level_authenticates(demand.level));
}

/* Of |domain| as read off a RCPT; how libidn2 and inet_ntop write one, it does not know. */
static inline const struct verdict *observed_verdict(const struct harness *h, const char *domain)
{
	bool own = domain[0] != '[' && strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(domain);

	return harness_verdict(h, own ? domain : h->asked_domain);
}

static inline void check_rcpt(struct harness *h, const char *line)
{
	char domain[VERDICT_NAME_MAX];
	const struct verdict *v;

	domain_of(line, domain);
	v = observed_verdict(h, domain);
	MUST_HOLD(v != NULL);
	check_requiretls(h, v);
	MUST_HOLD(leg_satisfies(h, v));
}

static inline bool harness_permits_clear(void *arg, const char *domain)
{
	const struct harness *h = arg;
	const struct verdict *v = observed_verdict(h, domain);

	return v != NULL && demand_permits_clear(v, &h->options.destination.addr);
}

static inline bool harness_peer_satisfies(void *arg, const char *domain)
{
	struct harness *h = arg;
	const struct verdict *v = observed_verdict(h, domain);

	return v != NULL && leg_satisfies(h, v);
}

/* Whatever the last verdict is, it must permit what is not a RCPT in clear. */
static inline bool last_permits(const struct harness *h)
{
	const struct verdict *v = h->rule != NULL         ? h->rule
				  : h->verdicts_count > 0 ? h->verdicts[h->verdicts_count - 1]
							  : NULL;

	return v != NULL && demand_permits_clear(v, &h->options.destination.addr);
}

static inline bool is_open_line(const char *line)
{
	return strncmp(line, "EHLO ", 5) == 0 || strncmp(line, "HELO ", 5) == 0 || strcmp(line, "STARTTLS") == 0 ||
	       strcmp(line, "RSET") == 0 || strcmp(line, "QUIT") == 0;
}

static inline void check_server_line(struct harness *h, const char *line)
{
	bool auth = h->observer.asked == SAID_AUTH; /* or a line of its exchange, whatever it looks like */
	enum speech speech = auth ? SPEECH_AUTH : speech_of(line);

	if (!auth && !h->in_tls && !is_open_line(line))
		MUST_HOLD(speech == SPEECH_RCPT || last_permits(h) || speech == SPEECH_DATA);
	if (strncmp(line, "EHLO ", 5) == 0)
		h->requiretls_listed = false;
	/* Neither added nor lost. */
	if (speech == SPEECH_MAIL)
		MUST_HOLD(says_requiretls(line) == h->requiretls_held);
	if (speech == SPEECH_RCPT)
		check_rcpt(h, line);
	if (speech == SPEECH_AUTH)
		MUST_HOLD(h->in_tls && h->rule != NULL && h->rule->auth);
}

/* |line_done| is told each command; the end of data is a command too. */
static inline void talk_feed(struct talk *t, struct harness *h, const char *in, size_t len, bool server)
{
	for (size_t i = 0; i < len; i++) {
		if (t->in_data) {
			static const char end[] = "\r\n.\r\n";
			if (in[i] == end[t->dot])
				t->dot++;
			else
				t->dot = in[i] == '\r' ? 1 : 0;
			if (t->dot < 5)
				continue;
			t->in_data = false;
			MUST_HOLD(t->pending == SPEECH_NONE);
			t->pending = SPEECH_END_OF_DATA;
			continue;
		}
		MUST_HOLD(t->line_len + 1 < sizeof(t->line));
		t->line[t->line_len++] = in[i];
		if (in[i] != '\n' || t->line_len < 2 || t->line[t->line_len - 2] != '\r')
			continue;
		t->line[t->line_len - 2] = '\0';
		t->line_len = 0;
		if (server)
			check_server_line(h, t->line);
		else if (speech_of(t->line) == SPEECH_MAIL)
			h->requiretls_said = says_requiretls(t->line);
		if (server && strcmp(t->line, "QUIT") == 0)
			continue; /* it may come at any time and nobody waits for its answer */
		MUST_HOLD(t->pending == SPEECH_NONE || (server && t->pending == SPEECH_AUTH));
		t->pending = t->pending == SPEECH_AUTH ? SPEECH_AUTH : speech_of(t->line);
	}
}

/* One complete reply line goes from server to client. */
static inline void talk_reply(struct talk *t, unsigned code)
{
	enum speech answered = t->pending;

	if (code < 400)
		t->ok[answered]++;
	t->pending = SPEECH_NONE;
	if (answered == SPEECH_DATA && code == 354) {
		t->in_data = true;
		t->dot = 2;
	}
}

/* Takes whole replies out of |partial|; returns the code of one, 0 for none. */
static inline unsigned take_reply(struct bytes *partial)
{
	char line[70000];

	while (bytes_take_line(partial, line, sizeof(line))) {
		if (strlen(line) < 4 || line[3] != '-')
			return (unsigned)strtoul(line, NULL, 10);
	}
	return 0;
}

static inline void check_client_replies(struct harness *h)
{
	unsigned code;

	while ((code = take_reply(&h->client_reply)) != 0) {
		enum speech answered = h->client.pending;
		if (!h->greeted) {
			h->greeted = true;
			continue;
		}
		MUST_HOLD(answered != SPEECH_NONE || code == 421);
		if (answered == SPEECH_MAIL && code < 300)
			h->requiretls_held = h->requiretls_said;
		if (code == 334)
			MUST_HOLD(answered != SPEECH_NONE);
		talk_reply(&h->client, code);
	}
	/* Nothing that commits anybody is of gate25's own making. */
	MUST_HOLD(h->client.ok[SPEECH_RCPT] <= h->server.ok[SPEECH_RCPT]);
	MUST_HOLD(h->client.ok[SPEECH_DATA] <= h->server.ok[SPEECH_DATA]);
	MUST_HOLD(h->client.ok[SPEECH_END_OF_DATA] <= h->server.ok[SPEECH_END_OF_DATA]);
	MUST_HOLD(h->client.ok[SPEECH_AUTH] <= h->server.ok[SPEECH_AUTH]);
}

/* --- operations ----------------------------------------------------------------------------------------------------
 */

static inline void op_to_client(void *arg, const void *bytes, size_t len)
{
	struct harness *h = arg;

	MUST_HOLD(!h->over && !h->spliced);
	observer_client_hears(&h->observer, bytes, len);
	book_client_hears(&h->book, bytes, len);
	bytes_add(&h->client_out, bytes, len);
	bytes_add(&h->client_reply, bytes, len);
}

static inline bool is_harmless(const void *bytes, size_t len)
{
	static const char *const lines[] = { "EHLO ", "HELO ", "STARTTLS\r\n", "QUIT\r\n" };

	for (size_t i = 0; i < COUNT(lines); i++) {
		if (len >= strlen(lines[i]) && memcmp(bytes, lines[i], strlen(lines[i])) == 0)
			return true;
	}
	return false;
}

static inline void op_to_server(void *arg, enum session_speech speech, const void *bytes, size_t len)
{
	struct harness *h = arg;

	MUST_HOLD(!h->over && h->connected && !h->spliced);
	if (h->options.client_tls == CONF_CLIENT_TLS_PASSTHROUGH) /* no mail, and nobody's but the client's TLS */
		MUST_HOLD(speech == SESSION_SPEECH_OPEN && is_harmless(bytes, len));
	if (speech == SESSION_SPEECH_TLS_ONLY)
		MUST_HOLD(h->in_tls);
	observer_server_hears(&h->observer, bytes, len);
	bytes_add(&h->server_out, bytes, len);
	talk_feed(&h->server, h, bytes, len, true);
}

static inline void op_dial(void *arg)
{
	struct harness *h = arg;

	MUST_HOLD(!h->over && !h->connected && !h->want_dial);
	h->want_dial = true;
	bytes_add_text(&h->server_out, "@dial\n");
}

static inline void op_start_tls(void *arg, const struct session_tls_wish *wish)
{
	struct harness *h = arg;

	MUST_HOLD(!h->over && h->connected && !h->in_tls);
	observer_start_tls(&h->observer);
	h->want_tls = true;
	(void)snprintf(h->servername, sizeof(h->servername), "%s", wish->servername);
	h->wished_protocol = wish->min_protocol;
	h->wished_compat = wish->compat;
	bytes_add_text(&h->server_out, "@tls ");
	bytes_add_text(&h->server_out, wish->servername[0] != '\0' ? wish->servername : "-");
	bytes_add_text(&h->server_out, wish->min_protocol == CONF_TLS13 ? " min13" : "");
	bytes_add_text(&h->server_out, wish->compat ? " compat\n" : "\n");
}

static inline void harness_leg_gone(struct harness *h)
{
	h->connected = false;
	h->in_tls = false;
	h->want_dial = false;
	h->want_tls = false;
	h->server_in.len = 0;
	h->server_reply.len = 0;
	h->server.in_data = false;
	h->server.line_len = 0;
	h->server.pending = SPEECH_NONE;
	book_server_left(&h->book);
}

static inline void op_close_server(void *arg, bool politely)
{
	struct harness *h = arg;

	MUST_HOLD(!h->over);
	OBSERVE(!politely || h->observer.quit_said);
	observer_leg(&h->observer, false);
	bytes_add_text(&h->server_out, politely ? "@quit\n" : "@close\n");
	harness_leg_gone(h);
}

static inline void op_ask(void *arg, enum verdict_question_kind kind, const char *domain)
{
	struct harness *h = arg;

	MUST_HOLD(!h->over && !h->want_verdict);
	h->want_verdict = true;
	h->asked = kind;
	(void)snprintf(h->asked_domain, sizeof(h->asked_domain), "%s", domain);
}

/* Takes the reference. The oldest one makes room: a RCPT is checked against the last answer for its domain. */
static inline void harness_keep(struct harness *h, struct verdict *v)
{
	if (h->verdicts_count == COUNT(h->verdicts)) {
		verdict_unref(h->verdicts[0]);
		h->verdicts_count--;
		memmove(h->verdicts, h->verdicts + 1, h->verdicts_count * sizeof(h->verdicts[0]));
	}
	h->verdicts[h->verdicts_count++] = v;
}

/* Where no answer can be had, the gate's own enforce is all that is known. */
static inline void harness_knows_nothing(struct harness *h)
{
	struct verdict *v;

	h->want_verdict = false;
	if (h->asked != VERDICT_ASK_RECIPIENT)
		return;
	v = verdict_new();
	MUST_HOLD(v != NULL);
	v->source = VERDICT_SOURCE_DEFAULT;
	v->enforce = h->options.enforce;
	(void)snprintf(v->domain, sizeof(v->domain), "%s", h->asked_domain);
	harness_keep(h, v);
}

static inline void op_cancel(void *arg)
{
	struct harness *h = arg;

	MUST_HOLD(h->want_verdict);
	harness_knows_nothing(h);
}

static inline void op_set_timer(void *arg, unsigned seconds)
{
	((struct harness *)arg)->timer_s = seconds;
	((struct harness *)arg)->armed_s = ((struct harness *)arg)->now_s;
}

static inline void op_log(void *arg, const struct session_record *r)
{
	static const char *const kinds[] = { "refused", "reported",     "end",  "message",
					     "noted",   "client-error", "sign", "noticed" };
	struct harness *h = arg;
	char line[4096];

	MUST_HOLD(h->ends == 0);
	/* Of a message that is thrown away the refusal is told at once and said at its end, or never. */
	if (strcmp(session_state(h->s), "swallow") == 0)
		h->book.told[0] = '\0';
	book_log(&h->book, r);
	h->messages_told += r->kind == SESSION_RECORD_MESSAGE;
	MUST_HOLD(r->kind == SESSION_RECORD_REFUSED || r->kind == SESSION_RECORD_REPORTED ||
		  h->messages_told == r->messages);
	if (r->kind == SESSION_RECORD_MESSAGE)
		return;
	/* Nobody is said to be authenticated for a domain whose list of MX hosts was not proved, unless by its names.
	 */
	MUST_HOLD(!r->authenticated || r->level != LEVEL_DANE || r->mx_secure || r->matched[0] != '\0');
	/* What is in testing refuses nobody. */
	MUST_HOLD(!r->testing ||
		  (r->kind == SESSION_RECORD_REPORTED && (r->policy == DEMAND_OF_STS || r->policy == DEMAND_OF_LIST)));
	MUST_HOLD(r->kind != SESSION_RECORD_NOTED || (r->reply[0] == '\0' && r->reason[0] != '\0'));
	h->ends += r->kind == SESSION_RECORD_END;
	(void)snprintf(line, sizeof(line),
		       "%s %s reply=%s domain=%s mx=%s level=%s tls=%s verdict=%s result=%s end=%s messages=%u "
		       "rcpts=%u/%u auth=%d policy=%s%s tlsa=%s mx-secure=%s reason=%s%s%s\n",
		       kinds[r->kind], verdict_source_name(r->source), r->reply, r->domain, r->mx, level_name(r->level),
		       r->tls_version, r->verdict, result_word_name(r->result), session_end_name(r->end), r->messages,
		       r->rcpts_accepted, r->rcpts_refused, r->authenticated, demand_basis_name(r->policy),
		       r->testing ? " testing=yes" : "", r->tlsa,
		       !r->mx_known   ? "-"
		       : r->mx_secure ? "yes"
				      : "no",
		       r->reason, r->client_tls[0] != '\0' ? " client-tls=" : "", r->client_tls);
	if (r->kind == SESSION_RECORD_END && (r->sign == SESSION_SIGN_LEFT || r->sign == SESSION_SIGN_ALERT))
		(void)snprintf(line + strlen(line) - 1, sizeof(line) - strlen(line), " sign=%s\n",
			       r->sign == SESSION_SIGN_LEFT ? "left" : "alert");
	MUST_HOLD(r->sign == SESSION_SIGN_NONE || r->kind == SESSION_RECORD_END || r->kind == SESSION_RECORD_SIGN);
	if (r->kind == SESSION_RECORD_SIGN)
		(void)snprintf(line, sizeof(line), "sign %s\n", r->sign == SESSION_SIGN_GATE ? "gate" : "exchange");
	if (r->kind == SESSION_RECORD_CLIENT_ERROR)
		(void)snprintf(line, sizeof(line), "client-error reply=%s command=%.*s\n", r->reply,
			       (int)r->command_len, r->command);
	bytes_add_text(&h->notes, line);
}

static inline void op_start_client_tls(void *arg)
{
	struct harness *h = arg;

	MUST_HOLD(!h->over && !h->want_client_tls && !h->client_in_tls);
	MUST_HOLD(h->options.client_tls == CONF_CLIENT_TLS_TERMINATE);
	observer_start_client_tls(&h->observer);
	h->want_client_tls = true;
}

static inline void op_splice(void *arg)
{
	struct harness *h = arg;

	MUST_HOLD(!h->over && h->connected && !h->in_tls && !h->spliced);
	MUST_HOLD(h->options.client_tls == CONF_CLIENT_TLS_PASSTHROUGH && h->server.ok[SPEECH_STARTTLS] > 0);
	h->spliced = true;
}

static inline void add_policy(const struct tls_report *report, size_t index, char *out, size_t cap)
{
	const struct tls_report_policy *p = &report->policies[index];
	size_t len = (size_t)snprintf(out, cap, "%s%s%s %s", tls_report_type_name(p->type),
				      p->domain[0] != '\0' ? " " : "", p->domain, p->failed ? "failed" : "ok");

	for (size_t i = 0; i < report->failures_count; i++) {
		const struct tls_report_failure *f = &report->failures[i];
		if (f->policy == index && len < cap)
			len += (size_t)snprintf(out + len, cap - len, " %s@%s/%s (%s)", result_word_name(f->word),
						f->mx, f->helo, f->reason);
	}
}

/* It arrives, and no server is said to be well that was not spoken to over TLS. */
static inline void check_report(const struct harness *h, const struct tls_report *report)
{
	static uint8_t bytes[TLS_REPORT_BYTES_MAX];
	struct wire_writer w;
	struct wire_reader r;

	MUST_HOLD(h->in_tls || report->failures_count > 0);
	wire_writer_init(&w, bytes, sizeof(bytes));
	tls_report_put(&w, report);
	wire_reader_init(&r, bytes, w.len);
	struct tls_report *there = tls_report_get(&r);
	MUST_HOLD(!w.failed && there != NULL);
	tls_report_free(there);
}

static inline void op_report(void *arg, struct tls_report *report)
{
	struct harness *h = arg;
	char policy[1200];

	MUST_HOLD(!h->over && h->ends == 0 && h->options.reports);
	check_report(h, report);
	h->reported++;
	bytes_add_text(&h->notes, "report ");
	bytes_add_text(&h->notes, report->domain);
	for (size_t i = 0; i < report->policies_count; i++) {
		add_policy(report, i, policy, sizeof(policy));
		bytes_add_text(&h->notes, i == 0 ? ": " : "; ");
		bytes_add_text(&h->notes, policy);
	}
	bytes_add_text(&h->notes, "\n");
}

static const struct session_ops harness_ops = {
	op_to_client, op_to_server, op_dial, op_start_tls,        op_close_server, harness_judge, op_ask,
	op_cancel,    op_set_timer, op_log,  op_start_client_tls, op_splice,       op_report
};

/* --- driving -------------------------------------------------------------------------------------------------------
 */

/* The steps from state to state, for tests/model: told at the end to the file that the environment's EDGES names. */
static const char *harness_edges[1024][2];
static size_t harness_edges_count;

static inline void harness_tell_edges(void)
{
	FILE *file = fopen(getenv("EDGES"), "a");

	for (size_t i = 0; file != NULL && i < harness_edges_count; i++)
		(void)fprintf(file, "%s %s\n", harness_edges[i][0], harness_edges[i][1]);
	if (file != NULL)
		(void)fclose(file);
}

static inline void harness_note_edge(const char *from, const char *to)
{
	if (from == to)
		return;
	for (size_t i = 0; i < harness_edges_count; i++) {
		if (harness_edges[i][0] == from && harness_edges[i][1] == to)
			return;
	}
	MUST_HOLD(harness_edges_count < COUNT(harness_edges));
	if (harness_edges_count == 0 && getenv("EDGES") != NULL)
		MUST_HOLD(atexit(harness_tell_edges) == 0);
	harness_edges[harness_edges_count][0] = from;
	harness_edges[harness_edges_count++][1] = to;
}

static inline size_t harness_event(struct harness *h, const struct session_event *event)
{
	const char *from = session_state(h->s);
	size_t taken = session_feed(h->s, event);

	/* Octets behind a reply are a fault of the state that it led to: two steps in one event. */
	if (event->kind != SESSION_SERVER_OCTETS || !h->observer.server_more)
		harness_note_edge(from, session_state(h->s));
	return taken;
}

static inline void harness_rests(const struct harness *h)
{
	unsigned want = session_want(h->s);

	observer_rests(&h->observer, &(struct observed){ .over = h->over,
							 .client_left = h->client_left,
							 .wants_client = (want & SESSION_WANT_CLIENT) != 0,
							 .wants_server = (want & SESSION_WANT_SERVER) != 0,
							 .waits = h->want_dial || h->want_tls || h->want_verdict ||
								  ((h->want_client_tls || h->spliced) && !h->over),
							 .timer_s = h->timer_s });
}

static inline void harness_feed(struct harness *h, struct session_event event)
{
	event.now_s = h->now_s;
	if (event.kind == SESSION_CONNECTED && h->connected && !h->observer.connected)
		observer_leg(&h->observer, true);
	if (event.kind == SESSION_TLS_READY && h->in_tls)
		observer_tls_is_up(&h->observer);
	(void)harness_event(h, &event);
	check_client_replies(h);
	h->over = session_over(h->s);
	harness_rests(h);
	if (h->over) {
		MUST_HOLD(h->ends == 1);
		MUST_HOLD(!h->connected && !h->want_dial && !h->want_verdict && h->timer_s == 0);
		MUST_HOLD(h->client_left || h->client.pending == SPEECH_NONE);
	}
}

/* Offers at most |step| octets of the client's; returns whether any were taken. */
static inline bool harness_client(struct harness *h, size_t step)
{
	struct session_event event = { .kind = SESSION_CLIENT_OCTETS, .now_s = h->now_s };
	size_t taken;

	if (h->over || h->client_in.len == 0 || (session_want(h->s) & SESSION_WANT_CLIENT) == 0)
		return false;
	event.bytes = (const uint8_t *)h->client_in.at;
	event.len = h->client_in.len < step ? h->client_in.len : step;
	observer_client_offers(&h->observer, h->client_in.at, event.len);
	taken = harness_event(h, &event);
	MUST_HOLD(taken <= event.len);
	observer_client_took(&h->observer, taken);
	talk_feed(&h->client, h, h->client_in.at, taken, false);
	bytes_drop(&h->client_in, taken);
	harness_feed(h, (struct session_event){ .kind = SESSION_CLIENT_OCTETS }); /* empty: only checks */
	return taken > 0;
}

static inline bool harness_server(struct harness *h, size_t step)
{
	struct session_event event = { .kind = SESSION_SERVER_OCTETS, .now_s = h->now_s };
	size_t offer;
	size_t taken;
	unsigned code;
	char copy[70000];

	if (h->over || h->server_in.len == 0 || (session_want(h->s) & SESSION_WANT_SERVER) == 0)
		return false;
	offer = h->server_in.len < step ? h->server_in.len : step;
	MUST_HOLD(offer <= sizeof(copy));
	memcpy(copy, h->server_in.at, offer);
	h->requiretls_listed |= h->in_tls && strstr(h->server_in.at, "REQUIRETLS") != NULL;
	/* What the server says counts as said before the machine hears it. */
	h->observer.server_more = false;
	for (size_t i = 0; i < offer; i++) {
		bytes_add(&h->server_reply, copy + i, 1);
		code = copy[i] == '\n' ? take_reply(&h->server_reply) : 0;
		if (code == 0)
			continue;
		talk_reply(&h->server, code);
		observer_server_said(&h->observer, code, i + 1 < offer);
		break;
	}
	book_server_says(&h->book, copy, offer);
	event.bytes = (const uint8_t *)copy;
	event.len = h->server_in.len < step ? h->server_in.len : step;
	taken = harness_event(h, &event);
	MUST_HOLD(taken <= event.len);
	if (h->server_in.len > 0) /* else the leg is gone, and its octets with it */
		bytes_drop(&h->server_in, taken < h->server_in.len ? taken : h->server_in.len);
	check_client_replies(h);
	harness_feed(h, (struct session_event){ .kind = SESSION_SERVER_OCTETS });
	return taken > 0;
}

/* What is carried comes to this; |reason| NULL: it goes on. As the driver does, it ends where something was said in
 * clear before. */
static inline void harness_splice(struct harness *h, const struct session_splice *seen, const char *reason)
{
	MUST_HOLD(h->spliced);
	if (h->client_in.len > 0 || h->server_in.len > 0)
		reason = "data in clear";
	harness_feed(h, (struct session_event){ .kind = reason != NULL ? SESSION_SPLICE_ENDED : SESSION_SPLICED,
						.splice = seen,
						.reason = reason });
	MUST_HOLD(h->over == (reason != NULL));
}

/* Ends the handshake with the client as the leg does: what it said in clear behind STARTTLS is a failure. */
static inline void harness_client_tls(struct harness *h, bool ok, const struct session_tls *tls)
{
	MUST_HOLD(h->want_client_tls);
	h->want_client_tls = false;
	ok = ok && h->client_in.len == 0;
	h->client_in_tls = ok;
	h->client_left = !ok; /* nothing can be said to it */
	if (ok)
		observer_client_tls_is_up(&h->observer);
	harness_feed(h, (struct session_event){ .kind = ok ? SESSION_CLIENT_TLS_READY : SESSION_CLIENT_TLS_FAILED,
						.tls = tls,
						.alert = ok ? 0 : h->client_alert,
						.reason = ok ? NULL : "the client sent something that is not TLS" });
	MUST_HOLD(ok ? !h->over : h->over);
}

static inline void harness_verdict_in(struct harness *h, struct verdict *v)
{
	MUST_HOLD(h->want_verdict);
	h->want_verdict = false;
	if (h->asked == VERDICT_ASK_DESTINATION) {
		if (v->source != VERDICT_SOURCE_NONE)
			h->rule = verdict_ref(v);
	} else {
		harness_keep(h, verdict_ref(v));
	}
	harness_feed(h, (struct session_event){ .kind = SESSION_VERDICT, .verdict = v });
	verdict_unref(v);
}

/* No answer can be had any more. */
static inline void harness_no_verdict(struct harness *h)
{
	MUST_HOLD(h->want_verdict);
	harness_knows_nothing(h);
	harness_feed(h, (struct session_event){ .kind = SESSION_VERDICT });
}

/* Nobody says or does anything any more: the session ends by itself. */
static inline void harness_times_out(struct harness *h)
{
	uint64_t begin_s = h->now_s;

	for (unsigned i = 0; i < HARNESS_TIMEOUTS_MAX && !h->over; i++) {
		h->now_s += h->timer_s;
		harness_feed(h, (struct session_event){ .kind = SESSION_TIMEOUT });
	}
	MUST_HOLD(h->over && h->now_s - begin_s <= HARNESS_TIMEOUTS_S);
}

static inline void harness_start(struct harness *h)
{
	h->now_s = h->now_s > 0 ? h->now_s : 1000;
	h->observer.permits_clear = harness_permits_clear;
	h->observer.peer_satisfies = harness_peer_satisfies;
	h->observer.arg = h;
	h->observer.reject = h->options.bare_newline_reject;
	h->s = session_new(&h->options, &harness_ops, h);
	MUST_HOLD(h->s != NULL);
	session_start(h->s, h->now_s);
	harness_feed(h, (struct session_event){ .kind = SESSION_CLIENT_OCTETS });
}

/* Ends the session; what belongs to the world around it (memories) stays. */
static inline void harness_stop(struct harness *h)
{
	session_free(h->s);
	for (size_t i = 0; i < h->verdicts_count; i++)
		verdict_unref(h->verdicts[i]);
	verdict_unref(h->rule);
	free(h->client_in.at);
	free(h->client_out.at);
	free(h->server_in.at);
	free(h->server_out.at);
	free(h->notes.at);
	free(h->client_reply.at);
	free(h->server_reply.at);
	book_close(&h->book);
}

#endif
