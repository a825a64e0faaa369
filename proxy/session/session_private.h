/* session_private.h - what the files of the session machine share. session.c has the table and the gate; every other
 * session_*.c has the steps of one phase. A step returns the next state; only the gate assigns it. */
#ifndef GATE25_PROXY_SESSION_SESSION_PRIVATE_H
#define GATE25_PROXY_SESSION_SESSION_PRIVATE_H

#include <limits.h>

#include "policy/verdict/demand.h"
#include "proxy/session/ehlo_memory.h"
#include "proxy/session/host_memory.h"
#include "proxy/smtp/message_data.h"
#include "proxy/session/session.h"
#include "proxy/session/session_candidates.h"
#include "proxy/smtp/smtp_command.h"
#include "proxy/smtp/smtp_ehlo.h"
#include "proxy/smtp/smtp_line.h"
#include "proxy/smtp/smtp_reply.h"

#define SESSION_BINDS_FAILED_MAX 3
#define SESSION_ERRORS_MAX       20
#define SESSION_OWN_WORK_S       60  /* gate25's own work for one RCPT: policy, connect, TLS */
#define SESSION_HOST_FAIR_S      20  /* less time than that proves nothing against a host */
#define SESSION_PATIENCE_S       285 /* what the client is kept waiting for at most (RFC 5321 gives it 300) */

enum state {
	ST_NEW = 0,
	ST_DESTINATION,   /* is there a rule for the destination? */
	ST_CONNECT,       /* the first dial */
	ST_BANNER,        /* its greeting */
	ST_GREETED,       /* the client has its 220 and has not said EHLO */
	ST_KEYWORDS,      /* the client's EHLO is with the server */
	ST_UNBOUND,       /* MAIL is held, nothing of the envelope goes upstream */
	ST_VERDICT,       /* a RCPT waits for its verdict */
	ST_VERDICT_SLOW,  /* and so long that the leg was let go */
	ST_VERDICT_BOUND, /* likewise, while the bound leg is kept */
	ST_REDIAL,        /* a new leg, to bind or for the client's EHLO */
	ST_REBANNER,
	ST_REHELLO,
	ST_STARTTLS,
	ST_HANDSHAKE,
	ST_TLS_KEYWORDS, /* EHLO over TLS */
	ST_MAIL,         /* the held MAIL is with the server */
	ST_RCPT,
	ST_BOUND,   /* the next command of the client */
	ST_DATA,    /* DATA is with the server */
	ST_CONTENT, /* the message passes */
	ST_SWALLOW, /* the message is thrown away; its reply is known */
	ST_FINAL,   /* the end of the message is with the server */
	ST_RSET,
	ST_AUTH,          /* an AUTH line is with the server */
	ST_AUTH_CLIENT,   /* the client answers a 334 */
	ST_CLIENT_TLS,    /* its own STARTTLS has its 220 */
	ST_PASS_STARTTLS, /* client-tls = passthrough: its STARTTLS is with the server */
	ST_PASS_HELLO,    /* that one said 220: TLS must begin now */
	ST_PASS,          /* it did, and is carried */
	ST_PASS_ENDING,   /* one side has said its last */
	ST_OVER,
	ST_COUNT
};

#define LEG_TOLD_MAX 16

enum stage { /* of the leg to the server */
	     LEG_NONE = 0,
	     LEG_DIALLING,
	     LEG_RAW,     /* connected, no greeting yet */
	     LEG_GREETED, /* in clear, no EHLO yet */
	     LEG_CLEAR,   /* in clear, EHLO done */
	     LEG_TLS_RAW, /* TLS, no EHLO in it yet */
	     LEG_TLS,
};

struct leg {
	enum stage stage;
	bool mute;              /* QUIT would not be read as a command: STARTTLS, DATA or AUTH is under way */
	bool helo_tried;        /* EHLO was refused and HELO was said */
	bool clear_permitted;   /* a verdict permitted envelope and content on this leg in clear */
	struct smtp_ehlo ehlo;  /* of the last EHLO; forgotten when TLS starts */
	struct smtp_ehlo clear; /* of the EHLO in clear: what was offered before TLS, for the relay test */
	/* Kept for the log when the leg is gone, until the next dial. */
	struct session_tls tls;
	char servername[VERDICT_NAME_MAX];
	bool judged;
	struct judgement judgement;  /* the last one */
	uint64_t told[LEG_TOLD_MAX]; /* hashes of the domains that the leg was reported to */
	unsigned told_count;
};

struct transaction {
	bool held; /* the client's MAIL got its 250 */
	bool open; /* the server accepted it */
	bool lost; /* the server went away with accepted recipients: only RSET, MAIL, EHLO help */
	unsigned accepted;
	bool refusing; /* some RCPT was refused */
	bool deferred; /* with 4xx */
	struct smtp_envelope mail;
	struct smtp_reply refused; /* code not 0: what each RCPT gets, because MAIL as such is refused */
	bool domain_refused;       /* refused_domain got refused_line from a bind that failed */
	char refused_domain[SMTP_DOMAIN_MAX];
	char refused_line[SMTP_REPLY_LINE_MAX + 1];
	struct verdict *carrier;       /* of the last accepted RCPT; NULL: none */
	struct session_record carried; /* how the session stood then; borrows from |carrier| */
};

#define NOTED_MAX 4

struct noted { /* of which domains' policies something was told since the bind began; "": none */
	char domains[NOTED_MAX][VERDICT_NAME_MAX];
	unsigned next;
};

enum goal { /* what the client waits for while a leg is made ready */
	    GOAL_EHLO = 0,
	    GOAL_RCPT,
};

struct session {
	struct session_options options;
	const struct session_ops *ops;
	void *arg;
	enum state state;
	uint64_t now_s;
	uint64_t started_s;
	uint64_t entered_s; /* the state */
	uint64_t asked_s;   /* when the pending EHLO or RCPT arrived */
	unsigned own_left_s;
	bool hurried;      /* the event at hand: a time ran out that gate25 itself had cut short */
	unsigned progress; /* how far it came, enum progress */
	uint64_t progress_s;
	uint64_t block_s;    /* a message's block began */
	unsigned block_left; /* octets of it to come */

	/* client */
	struct smtp_line line;
	bool hello;            /* EHLO or HELO got its 250 */
	bool helo;             /* and it was HELO */
	bool authenticated;    /* AUTH got 2xx */
	bool auth_lost;        /* and the leg that knows of it is gone */
	unsigned offered;      /* keywords */
	uint64_t offered_size; /* 0: no number was given */
	unsigned errors;
	unsigned signs;                  /* of the server, told: bits by enum session_sign */
	bool client_left;                /* behind the end of its message, whose reply is waited for */
	bool hushed;                     /* AUTH or DATA was said: what is no command may be a secret */
	bool client_more;                /* octets follow the line at hand */
	bool client_in_tls;              /* by its own STARTTLS */
	bool mailed;                     /* MAIL was accepted of it */
	bool starttls_hidden;            /* which the server offered */
	bool spliced;                    /* client and server speak TLS with each other: nothing may be said */
	uint8_t client_alert;            /* of TLS, with which the client went */
	char tls_offered[16];            /* spliced: the newest version in the client's hello */
	struct session_tls client_tls;   /* client_in_tls: of that */
	char helo_name[SMTP_DOMAIN_MAX]; /* of the last EHLO or HELO, as the client wrote it */

	/* server */
	struct leg leg;
	struct smtp_reply reply;

	/* transaction */
	struct transaction tx;
	struct smtp_envelope rcpt; /* pending */
	struct message_data data;
	struct smtp_reply held_reply; /* ST_SWALLOW: what the client gets at the end of its message */
	enum session_end swallow_end; /* not NONE: and then the session is over */

	/* policy */
	bool asking;
	bool bound;      /* envelope may go upstream on the leg */
	bool clear_only; /* this bind: the handshake failed and the verdict permits clear text */
	bool binding;    /* bind_begin was passed for the pending command */
	bool fresh;      /* the leg was dialled for the pending command: losing it is final */
	enum goal goal;
	struct verdict *rule;    /* of the destination; NULL: none */
	struct verdict *verdict; /* of the pending or last RCPT; NULL: none */
	struct demand demand;    /* what |verdict| comes to for this server; its level and no other is in force */
	struct noted noted;
	struct findings *findings;   /* about the pending RCPT's domain; NULL: none */
	enum result_word clear_word; /* the bound leg is in clear because of this, and what is wrong */
	char clear_reason[VERDICT_REASON_MAX];
	struct candidates candidates;
	size_t candidate;
	unsigned binds_failed;

	/* for the log */
	const char *end_reason;       /* NULL: the reply says it all */
	struct session_record totals; /* the counters, and the last refusal's word */
};

struct input {
	struct smtp_reply *reply; /* a step may take it */
	bool ok;                  /* connected, TLS ready */
	bool more;                /* octets follow the reply */
	bool ours;                /* not connected, and it says nothing about the server */
	bool silent;              /* the server did not go, it was given up */
	bool unsent;              /* timeout: the server has not taken what it was told */
	const struct session_tls *tls;
	const struct session_splice *splice;
	uint8_t alert;
	const char *reason; /* never NULL */
	struct verdict *verdict;
};

/* A step: what an event leads to in some state. Those without a comment are named as their row in session.c. */
typedef enum state step_fn(struct session *s, const struct input *in);

enum want { /* what a state is there for */
	    WANT_NOTHING = 0,
	    WANT_LINE,    /* of the client */
	    WANT_CONTENT, /* octets of the message, or of one to be thrown away */
	    WANT_REPLY,   /* of the server */
	    WANT_CONNECT, /* outcome of dial */
	    WANT_TLS,     /* outcome of start_tls */
	    WANT_CLIENT_TLS,
	    WANT_SPLICE, /* what becomes of splice */
	    WANT_VERDICT,
};

enum clock {
	CLOCK_STATE = 0, /* the time is for this state alone */
	CLOCK_OWN,       /* and at most what is left of SESSION_OWN_WORK_S */
	CLOCK_PATIENCE,  /* and at most what is left of SESSION_PATIENCE_S since the client's command */
	CLOCK_BLOCK,     /* since the last whole block of the message */
};

struct row {
	const char *name;
	enum want want;
	enum clock clock;
	unsigned timeout_s; /* RFC 5321 s. 4.5.3.2 where it sets one */
	step_fn *step;
	step_fn *chatter; /* a reply of the server that nobody asked for */
	step_fn *client_closed;
	step_fn *server_closed; /* the leg is gone already; also: it spoke nonsense */
	step_fn *timeout;
	step_fn *upstream_421;
};

/* session.c */
const struct row *session_row(enum state state);

/* session_progress.c */
enum progress {
	PROGRESS_NONE = 0,
	PROGRESS_GREETED,
	PROGRESS_HELLO,
	PROGRESS_CLIENT_TLS,
	PROGRESS_HELLO_IN_TLS,
	PROGRESS_RCPT,              /* and one more for each further one */
	PROGRESS_MESSAGE = INT_MAX, /* the server took it */
};
void progress_made(struct session *s, unsigned step); /* enum progress */
void block_begin(struct session *s);
void block_octets(struct session *s, size_t len); /* of the message came */

/* session_say.c: to the client */
void say_line(struct session *s, const char *line);                /* one line without CRLF */
void say_reply(struct session *s, const struct smtp_reply *reply); /* the server's, as it is */
/* to the server */
void tell_open(struct session *s, const char *line); /* what may be read on the path; without CRLF */
void tell_hello(struct session *s, const char *verb);
MUST_CHECK bool tell_envelope(struct session *s, const void *bytes, size_t len); /* false: breach() */

/* session_leg.c: the leg's life, and the session's end */
void leg_dial(struct session *s);
void leg_drop(struct session *s);  /* close as it is */
void leg_leave(struct session *s); /* QUIT where that can be said, then close */
void leg_lost(struct session *s);  /* it went, or speaks no SMTP */
bool leg_in_tls(const struct session *s);
/* Whether a leg that went had idled before the pending command, which may then be tried on a new one. */
bool leg_was_stale(const struct session *s, const struct input *in);
enum state leg_ready(const struct session *s); /* the state for the client's next command */
enum state end_with(struct session *s, enum session_end end, const char *line);
enum state end_refused(struct session *s, const char *line); /* says |line|, which is in the log, and ends */
step_fn pass_421, client_gone, client_idle;

/* session_fault.c: a server that goes, is silent or does not keep to SMTP. It is logged, then said to the client */
void fault_answer(struct session *s, const char *line, const char *reason);
enum state fault_end(struct session *s, const char *line, const char *reason); /* and the session ends */
enum state fault_ahead(struct session *s); /* the server answered what it is not asked yet */
step_fn on_misspoken;

/* session_host.c: the memory of hosts */
enum host_failure host_known(const struct session *s); /* HOST_FINE: go on */
void host_failed(const struct session *s, enum host_failure failure);
void host_did(const struct session *s,
	      enum host_failure failure); /* what would have disproved |failure|; see host_memory.h */

/* session_open.c: up to the greeting */
enum state open_start(struct session *s);
step_fn on_destination, on_destination_timeout, on_connect, on_connect_failed, on_banner;

/* session_commands.c: the client's lines */
step_fn on_command;
enum state on_too_long(struct session *s);
enum state client_error(struct session *s, const char *line);  /* counted; too many end the session */
enum state client_banned(struct session *s, const char *line); /* an error that ends the session at once */
void transaction_end(struct session *s);

/* session_hello.c: EHLO and its keywords */
enum state hello_begin(struct session *s, const struct smtp_command *command);
enum state hello_to_leg(struct session *s); /* says EHLO on the leg there is */
/* Whether |reply| to EHLO is answered with the HELO of a client that said HELO; then it was said. */
bool hello_again_as_helo(struct session *s, const struct smtp_reply *reply);
enum state hello_answer(struct session *s); /* tells the client what it may use */
bool auth_allowed(const struct session *s);
step_fn on_keywords, on_keywords_lost;

/* session_verdict.c: from RCPT to its decision */
enum state rcpt_begin(struct session *s);
enum state bind_for_destination(struct session *s);
bool clear_permitted(const struct session *s);  /* envelope and message may go to this server in clear text */
bool demand_is_void(const struct session *s);   /* enforce = no: what the verdict demands is only reported */
bool level_is_content(const struct session *s); /* the demand itself, enforced or not, takes clear text */
bool leg_fits(struct session *s);               /* judges the leg as it stands */
bool server_is_proved(const struct session *s); /* of the leg: to be one of the domain's, not just some MX host */
step_fn on_verdict, on_verdict_slow, on_verdict_timeout, on_verdict_lost, on_verdict_reply, on_verdict_421;

/* session_refuse.c: refusals of policy and their texts */
enum state rcpt_refused(struct session *s, const char *line);
/* To the pending RCPT as 451, to the pending EHLO as 421 and end. */
enum state refuse(struct session *s, const char *code, enum result_word word, const char *reason);
void report(struct session *s, const char *code, enum result_word word, const char *reason); /* it would have been */
enum state peer_refused(struct session *s, bool bind); /* for what leg_fits found; |bind|: the leg was made for it */
void peer_reported(struct session *s);
enum state refuse_mixed(struct session *s); /* the transaction's peer will not do for this recipient */
void relay_text(const struct session *s, char out[VERDICT_REASON_MAX]);
void not_mx_text(const struct session *s, char out[VERDICT_REASON_MAX]);

/* session_published.c: what is told of published policies, and stops nothing */
void notes_forget(struct session *s);                                          /* another bind begins */
void note_clear(struct session *s, enum result_word word, const char *reason); /* why the leg is in clear */
void note_trouble(struct session *s);                                          /* with the policy itself */
void note_published(struct session *s); /* likewise; and what one in testing would have done with the bound leg */

/* session_report.c: the domain's TLS report */
void findings_forget(struct session *s);       /* another decision begins */
void findings_keep(struct session *s);         /* those so far hold whatever server it is */
void findings_forget_tries(struct session *s); /* the others are of handshakes before one that does */
void finding(struct session *s, enum result_word word, const char *reason); /* the demand in force is not met */
void finding_of(struct session *s, enum demand_basis basis, enum result_word word,
		const char *reason);    /* another is not */
void report_refused(struct session *s); /* no leg would do; before it goes */
void report_bound(struct session *s);   /* the leg does, or goes for one that does */

/* session_bind.c: a leg that satisfies the verdict */
void bind_candidates(struct session *s);
bool another_handshake_helps(const struct session *s); /* with another of the candidates */
enum state bind_begin(struct session *s);
enum state bind_failed(struct session *s, const char *code, enum result_word word, const char *reason);
step_fn on_redial, on_redial_failed, on_rebanner, on_rehello, on_bind_lost, on_starttls, on_starttls_lost, on_tls_lost,
	on_handshake, on_tls_keywords;

/* session_relay.c: the bound relay */
enum state relay_begin(struct session *s); /* the leg is bound: MAIL where it is not open, then RCPT */
enum state rset_begin(struct session *s);
enum state breach(struct session *s); /* tell_envelope said no */
step_fn on_mail, on_mail_lost, on_rcpt, on_pending_lost, on_unbound_lost, on_unbound_reply, on_idle_lost, on_idle_reply,
	on_idle_421, on_rset, on_rset_lost;

/* session_data.c: DATA and the message */
enum state data_begin(struct session *s);
enum state on_content(struct session *s, const uint8_t *bytes, size_t len, size_t *out_used);
enum state on_swallow(struct session *s, const uint8_t *bytes, size_t len, size_t *out_used);
step_fn on_data, on_content_reply, on_content_lost, on_content_timeout, on_final, on_final_lost, on_final_client_gone;

/* session_auth.c: AUTH of destination rules */
enum state auth_begin(struct session *s, const struct smtp_command *command);
step_fn on_auth, on_auth_lost, on_auth_line, on_auth_idle_lost, on_auth_idle_reply;

/* session_requiretls.c: MAIL ... REQUIRETLS */
bool requiretls_offered(const struct session *s);                 /* to the client, now */
bool requiretls_demanded(const struct session *s);                /* by the MAIL that is held */
bool requiretls_wants_another_leg(struct session *s);             /* the bound one will not do, another may */
bool requiretls_refuses(struct session *s, enum state *out_next); /* the pending RCPT, on the bound leg */
void requiretls_forwarded(const struct session *s, struct smtp_envelope *out); /* MAIL as it goes upstream */

/* session_client_tls.c: the client's own STARTTLS */
bool client_tls_offered(const struct session *s);
enum state client_tls_begin(struct session *s, const struct smtp_command *command);
step_fn on_client_tls, on_client_tls_timeout;

/* session_passthrough.c: the server's STARTTLS is the client's */
bool passes_through(const struct session *s);
bool passthrough_offered(const struct session *s);
enum state passthrough_begin(struct session *s, const struct smtp_command *command);
enum state passthrough_demands_tls(struct session *s, const struct smtp_command *command);
step_fn on_pass_starttls, on_pass_starttls_lost, on_splice, on_splice_timeout, on_splice_lost;

/* session_sign.c: what is noticed */
enum session_sign sign_of_end(const struct session *s, enum session_end end);
void sign_of_hello(struct session *s);  /* the client is told its keywords */
void sign_of_server(struct session *s); /* its keywords, or its TLS, are known */

/* session_log.c */
void log_state(const struct session *s, const char *from, const char *to);
void log_refusal(struct session *s, enum session_record_kind kind, enum result_word word, const char *reply,
		 const char *reason);
/* What |demand|, of a policy in testing, would have refused. */
void log_in_test(struct session *s, const struct demand *demand, enum result_word word, const char *reply,
		 const char *reason);
void log_client_error(struct session *s, const char *reply);
void log_sign(struct session *s, enum session_sign sign);
void log_end(struct session *s, enum session_end end, const char *reply);
void log_rcpt(struct session *s); /* the server took the pending RCPT: its message is to go by how things stand now */
void log_message(struct session *s); /* the server took the message */

#endif
