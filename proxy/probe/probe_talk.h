/* probe_talk.h - what is said with one server to learn how mail for it would fare: a pure machine, no socket and no
 * clock. It follows a session's own steps (proxy/session/session_bind.c): greeting, EHLO, STARTTLS, a handshake under
 * each name that the server may go by, judging, EHLO over TLS. It has no words for an envelope. */
#ifndef GATE25_PROXY_PROBE_PROBE_TALK_H
#define GATE25_PROXY_PROBE_PROBE_TALK_H

#include <stdbool.h>

#include "policy/verdict/demand.h"
#include "policy/verdict/verdict.h"
#include "proxy/base/addr.h"
#include "proxy/base/conf.h"
#include "proxy/session/session_candidates.h"
#include "proxy/smtp/smtp_ehlo.h"
#include "proxy/smtp/smtp_reply.h"
#include "proxy/tls/judgement.h"

enum probe_stage {
	PROBE_CONNECT = 0,
	PROBE_GREETING,
	PROBE_HELLO,
	PROBE_STARTTLS,
	PROBE_HANDSHAKE,
	PROBE_TLS_HELLO,
	PROBE_OVER,
	PROBE_STAGE_COUNT
};

/* What would come of mail. Zero is: nothing is known. */
enum probe_outcome {
	PROBE_UNREACHABLE = 0,
	PROBE_REFUSE,          /* gate25 would not let it through */
	PROBE_UNAUTHENTICATED, /* it goes over TLS, to who knows whom: there are TLSA records, and none can be used */
	PROBE_PASS,
	PROBE_OUTCOME_COUNT
};

/* What holds for one address; see probe_terms_of. */
struct probe_terms {
	const struct verdict *verdict; /* borrowed */
	struct addr address;
	struct demand demand;
	bool tested; /* a published policy is in testing, and would demand |in_test| */
	struct demand in_test;
	struct candidates names; /* to name in TLS, in this order */
	bool compat;             /* of the configuration: tls-compat */
};

enum probe_event_kind {
	PROBE_CONNECTED,
	PROBE_REPLY,
	PROBE_TLS_READY,
	PROBE_LOST,     /* the connection, or there was no answer in time */
	PROBE_GIVEN_UP, /* by us, for a reason that says nothing about the server */
};

struct probe_event {
	enum probe_event_kind kind;
	const struct smtp_reply *reply;    /* PROBE_REPLY */
	bool more;                         /* octets follow it */
	const struct judgement *judgement; /* PROBE_TLS_READY; likewise |in_test|, by a policy in testing: NULL: none */
	const struct judgement *in_test;
	const char *reason; /* of the last two: a clause, "the server closed the connection" */
};

enum probe_action {
	PROBE_DO_WAIT,  /* for the next event */
	PROBE_DO_SAY,   /* |line|, without CRLF */
	PROBE_DO_TLS,   /* start it, as probe_talk_tls says */
	PROBE_DO_DIAL,  /* close, connect anew, feed PROBE_CONNECTED */
	PROBE_DO_CLOSE, /* it is over */
};

struct probe_talk {
	const struct probe_terms *terms; /* borrowed */
	const char *hello;               /* borrowed: what EHLO says */
	enum probe_stage stage;
	size_t name;  /* of terms->names */
	bool can_say; /* the server takes a command now: QUIT before closing */
	char line[VERDICT_NAME_MAX + 8];

	/* what was found out; of the last attempt where there were several */
	enum probe_outcome outcome;
	enum probe_stage ended_in;
	enum result_word result;         /* of a refusal, as in the log */
	char reason[VERDICT_REASON_MAX]; /* of anything but a plain pass; printable ASCII */
	char greeting[256];              /* printable ASCII; "": none */
	bool hello_done;
	struct smtp_ehlo clear;
	bool tls; /* the handshake was done, and judged */
	struct judgement judgement;
	struct judgement in_test;    /* terms->tested: likewise, by that */
	enum result_word clear_word; /* NONE, or TLS is not to be had, for |clear_reason| */
	char clear_reason[VERDICT_REASON_MAX];
	bool tls_hello_done;
	struct smtp_ehlo secure;
};

/* probe_terms_of: what |verdict| demands of the server at |address|, and the names that a session would try there. */
void probe_terms_of(struct probe_terms *out, const struct verdict *verdict, const struct addr *address, bool compat);

bool probe_mx_has(const struct verdict_mx *mx, const struct addr *address);

/* probe_talk_begin awaits the first PROBE_CONNECTED. */
void probe_talk_begin(struct probe_talk *talk, const struct probe_terms *terms, const char *hello);
/* probe_talk_feed takes one event, whatever the stage, and says what is to be done. Nothing is to be fed after
 * PROBE_DO_CLOSE. */
enum probe_action probe_talk_feed(struct probe_talk *talk, const struct probe_event *event);

/* How PROBE_DO_TLS is to be done: what a session would ask for. */
struct probe_tls {
	const char *servername; /* "": none; borrowed */
	enum conf_tls_version min_protocol;
	bool compat;
};
struct probe_tls probe_talk_tls(const struct probe_talk *talk);

const char *probe_stage_name(enum probe_stage stage);       /* "connect", "greeting", ... */
unsigned probe_stage_timeout_s(enum probe_stage stage);     /* how long its event may take */
const char *probe_outcome_name(enum probe_outcome outcome); /* "pass", ... */

#endif
