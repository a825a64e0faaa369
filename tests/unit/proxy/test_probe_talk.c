/* test_probe_talk.c - tests of proxy/probe/probe_talk.h: every stage with every end that it can have, under levels that
 * take clear text, that want TLS, and that authenticate. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/attrib.h"
#include "proxy/probe/probe_talk.h"

#define EHLO_TLS   "250-mx.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
#define EHLO_PLAIN "250-mx.example\r\n250 SIZE 1000\r\n"
#define OK_TLS     "250-mx.example\r\n250 PIPELINING\r\n"

/* One word of a script is one event. */
enum word {
	END = 0,
	CONNECTED,
	REPLY,  /* |text| */
	REPLY2, /* and octets behind it */
	GOOD,   /* TLS, and the server is who it should be */
	ANON,   /* TLS, satisfied, nothing proved */
	BAD,    /* TLS, and it is not */
	LOST,
	GIVEN_UP,
};

struct event {
	enum word word;
	const char *text;
};

static const struct judgement judgements[] = {
	[GOOD] = { .satisfied = true, .authenticated = true, .tlsa = "3 1 1" },
	[ANON] = { .satisfied = true },
	[BAD] = { .result = RESULT_CERTIFICATE_EXPIRED, .reason = "the certificate is old" },
};

static enum probe_action feed(struct probe_talk *talk, const struct event *event)
{
	static struct smtp_reply reply;
	struct probe_event out = { .reason = event->text };
	enum probe_action action;
	size_t used;

	switch (event->word) {
	case CONNECTED: out.kind = PROBE_CONNECTED; break;
	case REPLY:
	case REPLY2:
		smtp_reply_init(&reply);
		assert_int_equal(smtp_reply_feed(&reply, event->text, strlen(event->text), &used), SMTP_REPLY_DONE);
		out = (struct probe_event){ .kind = PROBE_REPLY, .reply = &reply, .more = event->word == REPLY2 };
		break;
	case GOOD:
	case ANON:
	case BAD: out = (struct probe_event){ .kind = PROBE_TLS_READY, .judgement = &judgements[event->word] }; break;
	case LOST: out.kind = PROBE_LOST; break;
	case GIVEN_UP: out.kind = PROBE_GIVEN_UP; break;
	case END: fail();
	}
	action = probe_talk_feed(talk, &out);
	smtp_reply_cleanup(&reply);
	return action;
}

/* --- verdicts ----------------------------------------------------------------------------------------------------- */

static struct addr address;
static struct verdict_mx hosts[3];

static struct verdict verdict_of(enum level level, size_t names)
{
	struct verdict verdict = { .refs = 1,
				   .status = VERDICT_OK,
				   .level = level,
				   .source = VERDICT_SOURCE_DOMAIN,
				   .enforce = true,
				   .match_mx = true,
				   .mx_lookup = VERDICT_LOOKUP_FOUND,
				   .mx = hosts,
				   .mx_count = names,
				   .published = { .status = VERDICT_PUBLISHED_NONE } };

	if (level == LEVEL_DANE)
		verdict.floor = LEVEL_ENCRYPT;
	assert_true(addr_parse(&address, "192.0.2.1"));
	for (size_t i = 0; i < COUNT(hosts); i++) {
		hosts[i] = (struct verdict_mx){ .addrs = &address, .addrs_count = 1, .dane = VERDICT_DANE_NONE };
		(void)snprintf(hosts[i].name, sizeof(hosts[i].name), "mx%zu.example", i + 1);
	}
	return verdict;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

#define UP                                        \
	{ CONNECTED, NULL },                      \
	{                                         \
		REPLY, "220 mx.example ESMTP\r\n" \
	}
#define OFFERED                 \
	UP,                     \
	{                       \
		REPLY, EHLO_TLS \
	}
#define STARTED                     \
	OFFERED,                    \
	{                           \
		REPLY, "220 go\r\n" \
	}
#define TLS_HALF           \
	STARTED,           \
	{                  \
		GOOD, NULL \
	}

static const struct row {
	const char *name;
	enum level level;
	size_t names;
	struct event events[16];
	enum probe_outcome outcome;
	enum probe_stage ended_in;
	enum result_word result;
	const char *reason; /* part of it; "" for none at all */
	bool can_say;
} rows[] = {
	{ "all well",
	  LEVEL_VERIFY,
	  1,
	  { TLS_HALF, { REPLY, OK_TLS } },
	  PROBE_PASS,
	  PROBE_TLS_HELLO,
	  RESULT_NONE,
	  "",
	  true },
	{ "encrypt, all well",
	  LEVEL_ENCRYPT,
	  1,
	  { STARTED, { ANON, NULL }, { REPLY, OK_TLS } },
	  PROBE_PASS,
	  PROBE_TLS_HELLO,
	  RESULT_NONE,
	  "",
	  true },
	{ "may, all well",
	  LEVEL_MAY,
	  1,
	  { STARTED, { ANON, NULL }, { REPLY, OK_TLS } },
	  PROBE_PASS,
	  PROBE_TLS_HELLO,
	  RESULT_NONE,
	  "",
	  true },
	{ "none", LEVEL_NONE, 1, { OFFERED }, PROBE_PASS, PROBE_HELLO, RESULT_NONE, "level none", true },

	{ "connect: refused",
	  LEVEL_VERIFY,
	  1,
	  { { LOST, "Connection refused" } },
	  PROBE_UNREACHABLE,
	  PROBE_CONNECT,
	  RESULT_NONE,
	  "no connection: Connection refused",
	  false },
	{ "connect: no second name after it",
	  LEVEL_VERIFY,
	  3,
	  { { LOST, "x" } },
	  PROBE_UNREACHABLE,
	  PROBE_CONNECT,
	  RESULT_NONE,
	  "no connection: x",
	  false },
	{ "greeting: closed",
	  LEVEL_MAY,
	  1,
	  { { CONNECTED, NULL }, { LOST, "closed" } },
	  PROBE_UNREACHABLE,
	  PROBE_GREETING,
	  RESULT_NONE,
	  "no greeting: closed",
	  false },
	{ "greeting: 421",
	  LEVEL_VERIFY,
	  1,
	  { { CONNECTED, NULL }, { REPLY, "421 4.3.2 busy\r\n" } },
	  PROBE_UNREACHABLE,
	  PROBE_GREETING,
	  RESULT_NONE,
	  "the server said 421 4.3.2 busy",
	  false },
	{ "greeting: 554, and control characters",
	  LEVEL_VERIFY,
	  1,
	  { { CONNECTED, NULL }, { REPLY, "554 go\x1b[2J away\xff\r\n" } },
	  PROBE_UNREACHABLE,
	  PROBE_GREETING,
	  RESULT_NONE,
	  "the server said 554 go?[2J away?",
	  true },
	{ "ehlo: closed",
	  LEVEL_VERIFY,
	  1,
	  { UP, { LOST, "closed" } },
	  PROBE_UNREACHABLE,
	  PROBE_HELLO,
	  RESULT_NONE,
	  "no answer to EHLO: closed",
	  false },
	{ "ehlo: refused",
	  LEVEL_MAY,
	  1,
	  { UP, { REPLY, "502 no\r\n" } },
	  PROBE_UNREACHABLE,
	  PROBE_HELLO,
	  RESULT_NONE,
	  "the server said 502 no",
	  true },
	{ "ehlo: 421",
	  LEVEL_MAY,
	  1,
	  { UP, { REPLY, "421 no\r\n" } },
	  PROBE_UNREACHABLE,
	  PROBE_HELLO,
	  RESULT_NONE,
	  "the server said 421 no",
	  false },
	{ "ehlo: no STARTTLS",
	  LEVEL_ENCRYPT,
	  1,
	  { UP, { REPLY, EHLO_PLAIN } },
	  PROBE_REFUSE,
	  PROBE_HELLO,
	  RESULT_STARTTLS_NOT_SUPPORTED,
	  "does not offer STARTTLS",
	  true },
	{ "ehlo: no STARTTLS, another name would not help",
	  LEVEL_VERIFY,
	  3,
	  { UP, { REPLY, EHLO_PLAIN } },
	  PROBE_REFUSE,
	  PROBE_HELLO,
	  RESULT_STARTTLS_NOT_SUPPORTED,
	  "does not offer STARTTLS",
	  true },
	{ "ehlo: STARTTLS mangled",
	  LEVEL_DANE,
	  1,
	  { UP, { REPLY, "250-x\r\n250 XXXXXXXA\r\n" } },
	  PROBE_REFUSE,
	  PROBE_HELLO,
	  RESULT_STARTTLS_NOT_SUPPORTED,
	  "mangled",
	  true },
	{ "ehlo: no STARTTLS at may",
	  LEVEL_MAY,
	  1,
	  { UP, { REPLY, EHLO_PLAIN } },
	  PROBE_PASS,
	  PROBE_HELLO,
	  RESULT_NONE,
	  "in clear text: the server does not offer STARTTLS",
	  true },
	{ "starttls: 454",
	  LEVEL_ENCRYPT,
	  1,
	  { OFFERED, { REPLY, "454 later\r\n" } },
	  PROBE_REFUSE,
	  PROBE_STARTTLS,
	  RESULT_STARTTLS_NOT_SUPPORTED,
	  "refused STARTTLS",
	  true },
	{ "starttls: 250 is not 220",
	  LEVEL_ENCRYPT,
	  1,
	  { OFFERED, { REPLY, "250 ok\r\n" } },
	  PROBE_REFUSE,
	  PROBE_STARTTLS,
	  RESULT_STARTTLS_NOT_SUPPORTED,
	  "refused STARTTLS",
	  true },
	{ "starttls: 454 at may",
	  LEVEL_MAY,
	  1,
	  { OFFERED, { REPLY, "454 later\r\n" } },
	  PROBE_PASS,
	  PROBE_STARTTLS,
	  RESULT_NONE,
	  "in clear text: the server refused",
	  true },
	{ "starttls: 421",
	  LEVEL_ENCRYPT,
	  1,
	  { OFFERED, { REPLY, "421 bye\r\n" } },
	  PROBE_UNREACHABLE,
	  PROBE_STARTTLS,
	  RESULT_NONE,
	  "the server said 421 bye",
	  false },
	{ "starttls: closed",
	  LEVEL_ENCRYPT,
	  1,
	  { OFFERED, { LOST, "closed" } },
	  PROBE_REFUSE,
	  PROBE_STARTTLS,
	  RESULT_VALIDATION_FAILURE,
	  "no answer to STARTTLS: closed",
	  false },
	{ "starttls: closed at may",
	  LEVEL_MAY,
	  1,
	  { OFFERED, { LOST, "closed" } },
	  PROBE_PASS,
	  PROBE_STARTTLS,
	  RESULT_NONE,
	  "in clear text: no answer to STARTTLS: closed",
	  false },
	{ "starttls: something injected",
	  LEVEL_ENCRYPT,
	  1,
	  { OFFERED, { REPLY2, "220 go\r\n" } },
	  PROBE_REFUSE,
	  PROBE_HANDSHAKE,
	  RESULT_VALIDATION_FAILURE,
	  "data in clear behind its reply",
	  false },
	{ "handshake: broken",
	  LEVEL_VERIFY,
	  1,
	  { STARTED, { LOST, "no TLS" } },
	  PROBE_REFUSE,
	  PROBE_HANDSHAKE,
	  RESULT_VALIDATION_FAILURE,
	  "no TLS",
	  false },
	{ "handshake: broken at may",
	  LEVEL_MAY,
	  1,
	  { STARTED, { LOST, "no TLS" } },
	  PROBE_PASS,
	  PROBE_HANDSHAKE,
	  RESULT_NONE,
	  "in clear text: no TLS",
	  false },
	{ "handshake: broken, next name good",
	  LEVEL_VERIFY,
	  2,
	  { STARTED, { LOST, "no" }, TLS_HALF, { REPLY, OK_TLS } },
	  PROBE_PASS,
	  PROBE_TLS_HELLO,
	  RESULT_NONE,
	  "",
	  true },
	{ "judged: no",
	  LEVEL_VERIFY,
	  1,
	  { STARTED, { BAD, NULL } },
	  PROBE_REFUSE,
	  PROBE_HANDSHAKE,
	  RESULT_CERTIFICATE_EXPIRED,
	  "the certificate is old",
	  true },
	{ "judged: no, under both names",
	  LEVEL_VERIFY,
	  2,
	  { STARTED, { BAD, NULL }, STARTED, { BAD, NULL } },
	  PROBE_REFUSE,
	  PROBE_HANDSHAKE,
	  RESULT_CERTIFICATE_EXPIRED,
	  "the certificate is old",
	  true },
	{ "judged: no, under the next name yes",
	  LEVEL_VERIFY,
	  2,
	  { STARTED, { BAD, NULL }, TLS_HALF, { REPLY, OK_TLS } },
	  PROBE_PASS,
	  PROBE_TLS_HELLO,
	  RESULT_NONE,
	  "",
	  true },
	{ "tls-ehlo: refused",
	  LEVEL_VERIFY,
	  1,
	  { TLS_HALF, { REPLY, "550 no\r\n" } },
	  PROBE_UNREACHABLE,
	  PROBE_TLS_HELLO,
	  RESULT_NONE,
	  "the server said 550 no",
	  true },
	{ "tls-ehlo: closed",
	  LEVEL_VERIFY,
	  1,
	  { TLS_HALF, { LOST, "closed" } },
	  PROBE_UNREACHABLE,
	  PROBE_TLS_HELLO,
	  RESULT_NONE,
	  "no answer to EHLO over TLS: closed",
	  false },
	/* Given up is never a word about the server. */
	{ "given up: connect",
	  LEVEL_MAY,
	  1,
	  { { GIVEN_UP, "interrupted" } },
	  PROBE_UNREACHABLE,
	  PROBE_CONNECT,
	  RESULT_NONE,
	  "no connection: interrupted",
	  false },
	{ "given up: greeting",
	  LEVEL_MAY,
	  1,
	  { { CONNECTED, NULL }, { GIVEN_UP, "x" } },
	  PROBE_UNREACHABLE,
	  PROBE_GREETING,
	  RESULT_NONE,
	  "no greeting: x",
	  false },
	{ "given up: starttls",
	  LEVEL_MAY,
	  2,
	  { OFFERED, { GIVEN_UP, "x" } },
	  PROBE_UNREACHABLE,
	  PROBE_STARTTLS,
	  RESULT_NONE,
	  "no answer to STARTTLS: x",
	  false },
	{ "given up: handshake",
	  LEVEL_VERIFY,
	  2,
	  { STARTED, { GIVEN_UP, "x" } },
	  PROBE_UNREACHABLE,
	  PROBE_HANDSHAKE,
	  RESULT_NONE,
	  "x",
	  false },
};

static void run(const struct row *row)
{
	struct verdict verdict = verdict_of(row->level, row->names);
	struct probe_terms terms;
	struct probe_talk talk;
	size_t i;

	probe_terms_of(&terms, &verdict, &address, false);
	probe_talk_begin(&talk, &terms, "probe.example");
	for (i = 0; row->events[i].word != END; i++) {
		enum probe_action action = feed(&talk, &row->events[i]);
		bool last = row->events[i + 1].word == END;
		assert_int_equal(action == PROBE_DO_CLOSE, last);
		assert_int_equal(talk.stage == PROBE_OVER, last);
		if (action == PROBE_DO_SAY)
			assert_true(strcmp(talk.line, "EHLO probe.example") == 0 || strcmp(talk.line, "STARTTLS") == 0);
		if (action == PROBE_DO_DIAL)
			assert_int_equal(talk.stage, PROBE_CONNECT);
	}
	assert_int_equal(talk.outcome, row->outcome);
	assert_int_equal(talk.ended_in, row->ended_in);
	assert_int_equal(talk.result, row->result);
	if (row->reason[0] == '\0')
		assert_string_equal(talk.reason, "");
	else
		assert_non_null(strstr(talk.reason, row->reason));
	assert_int_equal(talk.can_say, row->can_say);
	/* Over is over. */
	assert_int_equal(feed(&talk, &(struct event){ LOST, "late" }), PROBE_DO_CLOSE);
	assert_int_equal(talk.outcome, row->outcome);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("# %s\n", rows[i].name);
		run(&rows[i]);
	}
}

/* Whatever comes in whatever stage: the talk ends or goes on, only a judged handshake or a level that takes clear text
 * passes, and nothing but EHLO and STARTTLS is ever said. */
static void test_every_event_in_every_stage(void **state)
{
	static const struct event way[] = { UP, { REPLY, EHLO_TLS }, { REPLY, "220 go\r\n" }, { GOOD, NULL } };
	static const struct event events[] = {
		{ CONNECTED, NULL },    { REPLY, "220 go\r\n" }, { REPLY, EHLO_TLS }, { REPLY2, "220 go\r\n" },
		{ REPLY, "421 x\r\n" }, { REPLY, "354 x\r\n" },  { GOOD, NULL },      { BAD, NULL },
		{ LOST, "x" },          { GIVEN_UP, "x" },
	};
	static const enum level levels[] = { LEVEL_NONE, LEVEL_MAY, LEVEL_ENCRYPT, LEVEL_VERIFY, LEVEL_DANE };

	(void)state;
	for (size_t level = 0; level < COUNT(levels); level++) {
		for (size_t stage = 0; stage <= COUNT(way); stage++) {
			for (size_t i = 0; i < COUNT(events); i++) {
				struct verdict verdict = verdict_of(levels[level], 1);
				struct probe_terms terms;
				struct probe_talk talk;
				bool clear = levels[level] == LEVEL_NONE || levels[level] == LEVEL_MAY;
				probe_terms_of(&terms, &verdict, &address, false);
				probe_talk_begin(&talk, &terms, "probe.example");
				for (size_t k = 0; k < stage; k++)
					(void)feed(&talk, &way[k]);
				(void)feed(&talk, &events[i]);
				assert_true(talk.stage < PROBE_STAGE_COUNT);
				if (talk.stage == PROBE_OVER && talk.outcome == PROBE_PASS)
					assert_true(clear ||
						    (talk.tls && talk.judgement.satisfied && talk.tls_hello_done));
				else if (talk.stage == PROBE_OVER)
					assert_true(talk.reason[0] != '\0');
			}
		}
	}
}

/* What a policy in testing says is kept, and changes nothing. */
static void test_in_test(void **state)
{
	static const struct judgement good = { .satisfied = true };
	static const struct judgement bad = { .result = RESULT_CERTIFICATE_EXPIRED };
	struct verdict_pattern pattern = { .name = "mx1.example" };
	struct verdict verdict = verdict_of(LEVEL_DANE, 1);
	struct probe_terms terms;
	struct probe_talk talk;

	(void)state;
	verdict.floor = LEVEL_MAY;
	probe_terms_of(&terms, &verdict, &address, false);
	assert_false(terms.tested);
	verdict.published = (struct verdict_policy){
		.status = VERDICT_PUBLISHED_TESTING, .by = VERDICT_BY_STS, .patterns = &pattern, .patterns_count = 1
	};
	probe_terms_of(&terms, &verdict, &address, false);
	assert_true(terms.tested);
	assert_int_equal(terms.in_test.basis, DEMAND_OF_STS);
	assert_int_equal(terms.demand.level, LEVEL_MAY);
	/* In clear: why. */
	probe_talk_begin(&talk, &terms, "x");
	(void)feed(&talk, &(struct event){ CONNECTED, NULL });
	(void)feed(&talk, &(struct event){ REPLY, "220 x\r\n" });
	(void)feed(&talk, &(struct event){ REPLY, EHLO_PLAIN });
	assert_int_equal(talk.outcome, PROBE_PASS);
	assert_int_equal(talk.clear_word, RESULT_STARTTLS_NOT_SUPPORTED);
	assert_string_equal(talk.clear_reason, "the server does not offer STARTTLS");
	/* Over TLS: judged apart. */
	probe_talk_begin(&talk, &terms, "x");
	(void)feed(&talk, &(struct event){ CONNECTED, NULL });
	(void)feed(&talk, &(struct event){ REPLY, "220 x\r\n" });
	(void)feed(&talk, &(struct event){ REPLY, EHLO_TLS });
	(void)feed(&talk, &(struct event){ REPLY, "220 go\r\n" });
	(void)probe_talk_feed(&talk, &(struct probe_event){ PROBE_TLS_READY, .judgement = &good, .in_test = &bad });
	(void)feed(&talk, &(struct event){ REPLY, OK_TLS });
	assert_int_equal(talk.outcome, PROBE_PASS);
	assert_int_equal(talk.clear_word, RESULT_NONE);
	assert_int_equal(talk.in_test.result, RESULT_CERTIFICATE_EXPIRED);
}

static void test_terms(void **state)
{
	struct verdict verdict = verdict_of(LEVEL_VERIFY, 2);
	struct probe_terms terms;
	struct probe_talk talk;
	struct probe_tls tls;

	(void)state;
	verdict.min_protocol = CONF_TLS13;
	probe_terms_of(&terms, &verdict, &address, true);
	probe_talk_begin(&talk, &terms, "x");
	tls = probe_talk_tls(&talk);
	assert_string_equal(tls.servername, "mx1.example");
	assert_int_equal(tls.min_protocol, CONF_TLS13);
	assert_false(tls.compat);
	/* Report only: the best that can be had. Still no pass without being what was demanded. */
	verdict.enforce = false;
	tls = probe_talk_tls(&talk);
	assert_int_equal(tls.min_protocol, CONF_TLS12);
	assert_true(tls.compat);
	(void)feed(&talk, &(struct event){ CONNECTED, NULL });
	(void)feed(&talk, &(struct event){ REPLY, "220 x\r\n" });
	assert_int_equal(feed(&talk, &(struct event){ REPLY, EHLO_PLAIN }), PROBE_DO_CLOSE);
	assert_int_equal(talk.outcome, PROBE_REFUSE);
	/* A failed verdict refuses, whatever the server shows. */
	verdict = (struct verdict){ .refs = 1, .source = VERDICT_SOURCE_DOMAIN, .enforce = true };
	probe_terms_of(&terms, &verdict, &address, true);
	assert_int_equal(terms.demand.level, LEVEL_UNSET);
	assert_int_equal(terms.names.count, 1);
	/* And what is wrong with all servers comes before what is wrong with this one. */
	verdict = verdict_of(LEVEL_DANE, 1);
	hosts[0].dane = VERDICT_DANE_FAILED;
	probe_terms_of(&terms, &verdict, &address, true);
	probe_talk_begin(&talk, &terms, "x");
	(void)feed(&talk, &(struct event){ CONNECTED, NULL });
	(void)feed(&talk, &(struct event){ REPLY, "220 x\r\n" });
	assert_int_equal(feed(&talk, &(struct event){ REPLY, EHLO_PLAIN }), PROBE_DO_CLOSE);
	assert_int_equal(talk.outcome, PROBE_REFUSE);
	assert_int_equal(talk.result, RESULT_DNSSEC_INVALID);
	assert_non_null(strstr(talk.reason, "could not be looked up"));
	assert_non_null(strstr(talk.reason, "; and the server does not offer STARTTLS"));
}

static void test_unusable_records(void **state)
{
	static const struct event events[] = { STARTED, { ANON, NULL }, { REPLY, OK_TLS } };
	struct verdict verdict = verdict_of(LEVEL_DANE, 1);
	struct probe_terms terms;
	struct probe_talk talk;

	(void)state;
	for (int other = 0; other < 2; other++) {
		struct addr elsewhere;
		assert_true(addr_parse(&elsewhere, "192.0.2.99"));
		hosts[0].dane = VERDICT_DANE_UNUSABLE;
		probe_terms_of(&terms, &verdict, other ? &elsewhere : &address, false);
		assert_int_equal(terms.demand.level, LEVEL_ENCRYPT);
		probe_talk_begin(&talk, &terms, "x");
		for (size_t i = 0; i < COUNT(events); i++)
			(void)feed(&talk, &events[i]);
		assert_int_equal(talk.outcome, PROBE_UNAUTHENTICATED);
	}
	hosts[0].dane = VERDICT_DANE_NONE;
	probe_terms_of(&terms, &verdict, &address, false);
	probe_talk_begin(&talk, &terms, "x");
	for (size_t i = 0; i < COUNT(events); i++)
		(void)feed(&talk, &events[i]);
	assert_int_equal(talk.outcome, PROBE_PASS);
}

static void test_names(void **state)
{
	(void)state;
	for (enum probe_stage stage = 0; stage < PROBE_STAGE_COUNT; stage++) {
		assert_non_null(probe_stage_name(stage));
		assert_int_equal(probe_stage_timeout_s(stage) > 0, stage != PROBE_OVER);
	}
	assert_string_equal(probe_outcome_name(PROBE_UNREACHABLE), "unreachable");
	assert_string_equal(probe_outcome_name(PROBE_REFUSE), "refuse");
	assert_string_equal(probe_outcome_name(PROBE_UNAUTHENTICATED), "unauthenticated");
	assert_string_equal(probe_outcome_name(PROBE_PASS), "pass");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_event_in_every_stage),
		cmocka_unit_test(test_in_test),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_unusable_records),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
