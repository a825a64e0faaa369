/* session_record.h - what a session tells: one record a refusal or a note, one a message, one at its end. A plain
 * value; the worker prints it, counts it and hands it to the monitor. */
#ifndef GATE25_PROXY_SESSION_SESSION_RECORD_H
#define GATE25_PROXY_SESSION_SESSION_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/verdict/demand.h"
#include "proxy/base/addr.h"
#include "proxy/base/level.h"

enum session_record_kind {
	SESSION_RECORD_REFUSED,  /* gate25 refused something: |reply| is what the client got */
	SESSION_RECORD_REPORTED, /* enforce = no, or |testing|: |reply| is what it would have got; the mail went on */
	SESSION_RECORD_END,
	SESSION_RECORD_MESSAGE, /* the server took a message: how the session stands then. Not logged */
	SESSION_RECORD_NOTED,   /* something was wrong with what the domain publishes: |reason|; nothing was stopped */
	/* What the client said is none of SMTP, out of place or more than it was offered: |command|, |reply|. What was
	 * decided for a recipient before has nothing to do with it. */
	SESSION_RECORD_CLIENT_ERROR,
	SESSION_RECORD_SIGN,    /* |sign| of the server, for the worker to make something of */
	SESSION_RECORD_NOTICED, /* the worker's: what signs came to: |notice|, |reason|; nothing was stopped */
	SESSION_RECORD_COUNT
};

/* How a session ended. */
enum session_end {
	SESSION_END_NONE = 0, /* not an end */
	SESSION_END_QUIT,     /* the client said QUIT */
	SESSION_END_CLIENT_GONE,
	SESSION_END_SERVER,  /* the server's greeting, EHLO reply or 421 ended it */
	SESSION_END_REFUSED, /* gate25 ended it: |reply| */
	SESSION_END_TIMEOUT, /* the client was silent */
	SESSION_END_SHUTDOWN,
	SESSION_END_CLIENT_TLS,  /* the client's own STARTTLS came to nothing: |reason| */
	SESSION_END_PASSTHROUGH, /* client and server were left to each other, and are done, or |reason| */
	SESSION_END_SHED,        /* there were too many sessions, and it had not come any further: |reason| */
	SESSION_END_COUNT
};

/* What one session shows of its client, at its end, or of the server. */
enum session_sign {
	SESSION_SIGN_NONE = 0,
	SESSION_SIGN_MAIL,     /* the client spoke of mail */
	SESSION_SIGN_ALERT,    /* it ended TLS because of the certificate that it was shown */
	SESSION_SIGN_LEFT,     /* it left before any mail, having seen another TLS than the server's, or none */
	SESSION_SIGN_GATE,     /* the server's certificate is one that a gate25 makes */
	SESSION_SIGN_EXCHANGE, /* the server lists what Exchange servers say to each other */
	SESSION_SIGN_COUNT
};

enum session_notice {
	SESSION_NOTICE_NONE = 0,
	SESSION_NOTICE_CLIENT,          /* it judges servers by itself */
	SESSION_NOTICE_CLIENT_PROBABLY, /* or only looks whether they are there */
	SESSION_NOTICE_GATE,
	SESSION_NOTICE_EXCHANGE,
	SESSION_NOTICE_COUNT
};

/* Strings are borrowed for the call, never NULL, "" where there is nothing to say. Peer text in them is not escaped. */
struct session_record {
	enum session_record_kind kind;
	enum session_end end;
	uint64_t id;
	enum session_sign sign;     /* END, SIGN */
	enum session_notice notice; /* NOTICED */
	struct endpoint client;
	bool local; /* it is of this host */
	struct endpoint destination;
	const char *domain;     /* recipient domain: of the refusal, or the last one bound for */
	const char *mx;         /* the MX host's name that the destination is taken for */
	const char *servername; /* SNI in use */
	enum verdict_source source;
	enum level level;         /* in force; of the policy where nothing can meet it */
	enum demand_basis policy; /* what it comes from */
	bool enforce;
	bool testing;       /* REPORTED: for a policy that its publisher only tests; enforcement would not change it */
	bool decided;       /* a verdict was had: source and level mean something */
	bool authenticated; /* the peer was proved to be a server of the domain's */
	bool mx_known;      /* level dane: a list of MX hosts was had */
	bool mx_secure;     /* and DNSSEC proved it; else TLSA records prove the MX host and not the domain */
	const char *client_tls;  /* version of TLS with the client, "" in clear; it counts for nothing upstream.
				  * "passthrough": its TLS is the server's */
	const char *tls_offered; /* passthrough: the newest version that the client offered; "" */
	const char *tls_version; /* "" in clear */
	const char *cipher;
	const char *matched; /* name or fingerprint that proved the peer */
	const char *tlsa;    /* TLSA record that did, "3 1 1" */
	int depth;           /* with |tlsa|: of the certificate in the chain, 0 is the leaf */
	const char *verdict; /* on the server: "pass", "unauthenticated" (no TLSA record can be used), "refuse", "clear"
			      * (permitted); "failed": a lookup was; "none": none was asked for */
	enum result_word result; /* RFC 8460 s. 4.3 */
	const char *command; /* CLIENT_ERROR: the client's own octets, as many as may be shown. Not NUL-terminated */
	size_t command_len;
	const char *reply;         /* without CRLF */
	const char *reason;        /* one sentence */
	bool greeted;              /* the client was let past the greeting */
	unsigned messages;         /* accepted by the server */
	unsigned messages_refused; /* content was sent or offered, and not accepted */
	unsigned rcpts_accepted;
	unsigned rcpts_refused;        /* by whom ever */
	unsigned rcpts_refused_server; /* of these, by the server's own reply */
	uint64_t passed_up;            /* passthrough: octets that went to the server from its 220 on */
	uint64_t passed_down;          /* and to the client */
	uint64_t octets;               /* of message content that went to the server */
	uint64_t duration_s;
};

const char *session_notice_name(enum session_notice notice); /* "another-gate25-on-path" */
const char *session_end_name(enum session_end end);

#endif
