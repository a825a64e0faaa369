/* session.h - one proxied SMTP session as a pure state machine: no sockets, no clock, no TLS library.
 *
 * The worker owns sockets, time and TLS and tells the machine what happened (session_feed); the machine owns every
 * decision and says what to do (struct session_ops). The rules, for whoever drives it:
 *
 *   - Octets: offer what has arrived while session_want() asks for that side; session_feed returns how many it took
 *     (at most one command or reply at a time), the rest stays with the driver. Offer again until it takes none or asks
 *     for none: that is all that pipelining and back-pressure need. Read the client into a bounded buffer always, so
 *     that its hanging up is noticed.
 *   - What to_client was given is written out when the loop above comes to rest: ready replies never wait for the
 *     server. Offer no client octets while the client leaves too many replies unread, or while to_server's octets pile
 *     up.
 *   - A side has closed only when all octets before that were taken; a client's error closes at once. Server events
 * belong to the leg dialled last: after close_server nothing of the old leg is fed any more.
 *   - Operations never call back into session_feed: their outcome is fed after session_feed has returned.
 *   - Once session_over() is true no operation follows: flush the client (5 s at most), close it, session_free. */
#ifndef GATE25_PROXY_SESSION_SESSION_H
#define GATE25_PROXY_SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/verdict/tls_report.h"
#include "policy/verdict/verdict.h"
#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"
#include "proxy/tls/judgement.h"
#include "proxy/session/session_record.h"

struct session;
struct ehlo_memory;
struct host_memory;

enum session_event_kind {
	SESSION_CLIENT_OCTETS, /* bytes, len */
	SESSION_CLIENT_CLOSED,
	SESSION_SERVER_OCTETS, /* bytes, len: everything that is buffered, so that octets behind a 220 are seen */
	SESSION_SERVER_CLOSED,
	SESSION_CONNECTED,     /* outcome of dial */
	SESSION_NOT_CONNECTED, /* reason */
	SESSION_TLS_READY,     /* outcome of start_tls: tls */
	SESSION_TLS_FAILED,    /* reason; octets in clear behind the 220 of STARTTLS are this too */
	SESSION_VERDICT,       /* verdict: answer to ask; NULL where no answer can be had any more */
	SESSION_TIMEOUT,       /* the timer last set ran out */
	/* Outcome of start_client_tls: tls; reason. Octets in clear behind the client's STARTTLS are a failure. */
	SESSION_CLIENT_TLS_READY,
	SESSION_CLIENT_TLS_FAILED,
	SESSION_SPLICED,      /* splice: octets passed, and what is known of them now */
	SESSION_SPLICE_ENDED, /* splice, reason: nothing passes any more */
	SESSION_SHUTDOWN,     /* the process ends: the session says 421 4.3.2 and is over */
	SESSION_SHED, /* there are too many: likewise, with |reason|; while session_has_message, nothing happens */
	SESSION_EVENT_COUNT
};

/* What was negotiated with the server, or with the client. */
struct session_tls {
	enum conf_tls_version version;
	bool weak;      /* an ECDHE-CBC suite: fit for levels that do not authenticate */
	bool of_gate25; /* the server is another gate25 */
	char version_name[16];
	char cipher[64];
};

/* What was seen of what is carried, so far. Texts are borrowed for the call, never NULL, printable. */
struct session_splice {
	uint64_t up;            /* octets that went to the server */
	uint64_t down;          /* to the client */
	bool hellos;            /* both sides have begun TLS; only then the texts say something */
	bool half;              /* one side has sent its last octet */
	const char *servername; /* SNI; "": none, or none that can be shown */
	const char *offered;    /* the newest version that the client offered */
	const char *version;    /* that which the server chose */
};

struct session_event {
	enum session_event_kind kind;
	uint64_t now_s; /* monotonic seconds; always set */
	const uint8_t *bytes;
	size_t len;
	struct verdict *verdict; /* borrowed; the machine takes its own reference */
	const struct session_tls *tls;
	const struct session_splice *splice;
	uint8_t alert;      /* CLIENT_CLOSED, CLIENT_TLS_FAILED: of TLS, with which the client ended it; 0: with none */
	const char *reason; /* one sentence for the log; NULL is fine */
	bool ours;          /* NOT_CONNECTED: our own failure: no packet was sent */
	bool unsent;        /* TIMEOUT: the server has not taken all that was written to it */
};

/* Who may read what is written to the server. The driver checks it once more against the leg it has. */
enum session_speech {
	SESSION_SPEECH_TLS_ONLY = 0, /* envelope, content, credentials: never on a leg in clear */
	SESSION_SPEECH_OPEN,         /* EHLO, HELO, STARTTLS, RSET, QUIT */
	SESSION_SPEECH_PERMITTED,    /* envelope and content that the verdict permits on a leg in clear */
};

/* Which of a verdict's demands is held against the server. */
enum session_judging {
	SESSION_JUDGE_IN_FORCE = 0, /* what must be met (demand_of) */
	SESSION_JUDGE_IN_TEST,      /* what a policy in testing would have (demand_in_test): told, and nothing else */
	SESSION_JUDGE_FOR_SENDER, /* as IN_FORCE, of a verdict that the sender's demand made: not the policy's to count
				   */
};

struct session_tls_wish {
	const char *servername; /* SNI; "": none. Borrowed for the call */
	enum conf_tls_version min_protocol;
	bool compat;                   /* offer ECDHE-CBC last */
	const struct verdict *verdict; /* whose peer it is to be: TLS sessions are resumed under one policy only */
};

/* |arg| is session_new's. Byte strings and names are borrowed for the call. */
struct session_ops {
	void (*to_client)(void *arg, const void *bytes, size_t len);
	void (*to_server)(void *arg, enum session_speech speech, const void *bytes, size_t len);
	/* Connect to the destination, whatever leg there was is closed already: CONNECTED or NOT_CONNECTED follows. */
	void (*dial)(void *arg);
	/* Handshake on the leg: TLS_READY or TLS_FAILED follows. Octets in clear that are buffered or in the socket are
	 * a failure (RFC 3207; response injection). Any chain is accepted, judge decides. */
	void (*start_tls)(void *arg, const struct session_tls_wish *wish);
	/* Close the leg, or stop dialling. |politely|: QUIT was just written; flush, await the end 5 s at most. */
	void (*close_server)(void *arg, bool politely);
	/* Hold the certificates of the leg's TLS session, as they are, against |verdict|. */
	void (*judge)(void *arg, const struct verdict *verdict, enum session_judging as, struct judgement *out);
	/* One question at a time: one VERDICT follows, unless cancel comes first. |domain| as in verdict_question. */
	void (*ask)(void *arg, enum verdict_question_kind kind, const char *domain);
	void (*cancel)(void *arg);
	void (*set_timer)(void *arg, unsigned seconds); /* the only timer, from now; 0: none */
	void (*log)(void *arg, const struct session_record *record);
	/* Handshake with the client, whose STARTTLS has its 220 just now: flush that, then CLIENT_TLS_READY or
	 * CLIENT_TLS_FAILED follows. All that the client said was taken; octets that came in clear since are a failure,
	 * and what the machine says in the meantime is lost. */
	void (*start_client_tls)(void *arg);
	/* The client's STARTTLS has the server's 220 just now: flush that, and carry what either side says to the other
	 * as it is, the client's hello of TLS first and then the server's. Octets in clear of either side that were
	 * there before, or anything that is no TLS, ends it. SPLICED and at last SPLICE_ENDED follow; the machine is
	 * told nothing else of either side any more and says nothing. */
	void (*splice)(void *arg);
	/* What the TLS report of the recipient's domain is to say of the leg, which still stands; |report|'s sender is
	 * for the driver to fill in. Only with options.reports. */
	void (*report)(void *arg, struct tls_report *report);
};

struct session_options {
	uint64_t id;
	struct endpoint client;
	struct endpoint destination;
	bool bare_newline_reject; /* else normalize */
	bool enforce;             /* conf.enforce: what holds where no verdict can be had */
	bool clear_possible;      /* conf_may_permit_clear: else a server without STARTTLS is refused at once */
	bool as_client;           /* the server sees the client's address: what fails is between those two */
	bool tls_compat;
	bool client_is_local;            /* it is of this host */
	enum conf_client_tls client_tls; /* what becomes of the client's own STARTTLS; never AUTO */
	/* Domains that ask for TLS reports get them (RFC 8460). A server without STARTTLS is then refused where the
	 * domain is known, which may hear of it, whatever clear_possible says. */
	bool reports;
	struct host_memory *hosts;    /* shared by the worker's sessions, outlive them; NULL: none */
	struct ehlo_memory *keywords; /* likewise */
};

/* session_new returns NULL when out of memory. |ops| is kept, not copied. */
struct session *session_new(const struct session_options *options, const struct session_ops *ops, void *arg);
void session_free(struct session *s); /* releases memory; calls no operation. NULL is fine */

/* session_start begins: asks for a destination rule, dials, sets the timer; or refuses at once. Call it once. */
void session_start(struct session *s, uint64_t now_s);
/* session_feed advances the machine by one event. Returns how many of |event->len| octets were taken. An event that the
 * state does not expect ends the session in refusal, never in clear text. */
size_t session_feed(struct session *s, const struct session_event *event);

#define SESSION_WANT_CLIENT 1U /* octets of the client */
#define SESSION_WANT_SERVER 2U /* octets and end of the server's leg */

unsigned session_want(const struct session *s);
bool session_over(const struct session *s);
/* session_has_message: the client said DATA, and the server's last word on the message is not out; or
 * the two are left to each other, and nobody knows. */
bool session_has_message(const struct session *s);
/* session_progress_s: the monotonic second in which the session came further for the last time: greeting, EHLO, the
 * client's TLS, a recipient more than ever before, a message that the server took. */
uint64_t session_progress_s(const struct session *s);
const char *session_state(const struct session *s); /* the state's name, for debugging */

#endif
