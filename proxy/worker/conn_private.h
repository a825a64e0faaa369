/* conn_private.h - what the files of a conn share: conn.c feeds the machine what happens, conn_splice.c too where the
 * legs are left to each other, conn_ops.c does what the machine says. For these only. */
#ifndef GATE25_PROXY_WORKER_CONN_PRIVATE_H
#define GATE25_PROXY_WORKER_CONN_PRIVATE_H

#include "proxy/monitor/counters.h"
#include "proxy/session/session.h"
#include "proxy/worker/conn.h"
#include "proxy/worker/leg.h"
#include "proxy/worker/splice.h"

struct event;
struct tls_peer;

#define CONN_LINGER_S 5

/* The outcome of an operation, fed after session_feed has returned. One of each kind can wait. */
enum waiting {
	WAIT_CONNECTED = 1,
	WAIT_NOT_CONNECTED = 2,
	WAIT_TLS_READY = 4,
	WAIT_TLS_FAILED = 8,
	WAIT_VERDICT = 16,
	WAIT_CLIENT_TLS_READY = 32,
	WAIT_CLIENT_TLS_FAILED = 64,
	WAIT_SPLICE_ENDED = 128, /* it could not even begin */
};
#define WAIT_OF_SERVER (WAIT_CONNECTED | WAIT_NOT_CONNECTED | WAIT_TLS_READY | WAIT_TLS_FAILED)

struct conn {
	struct conn_link link;
	const struct conn_host *host;
	struct settings *settings; /* those that it began with */
	/* Those in force when the latest verdict of each kind came: it may be judged by after more than one reload. */
	struct settings *of_verdict[VERDICT_ASK_COUNT];
	enum verdict_question_kind asked; /* the latest */
	struct session *session;
	struct leg *client;
	struct leg *server;    /* NULL: no leg */
	struct tls_peer *peer; /* of |server| once it speaks TLS */
	struct splice *splice; /* the legs are left to each other; NULL: they are not */
	uint64_t spliced_s;    /* when the machine was told of it last, and what */
	bool spliced_hellos;
	bool spliced_half;
	struct upstream_plan upstream;
	struct endpoint client_at;
	struct addr local; /* of the server leg, connected last: what the server sees; family 0: none was */
	struct event *timer;
	struct event *again; /* look once more, from the loop */
	struct handshake_turn turns[CONN_SIDES];
	unsigned waiting;
	struct verdict *verdict; /* with WAIT_VERDICT; NULL: none to be had */
	uint32_t question;       /* its id; 0: none is pending */
	bool client_closed;      /* was fed */
	bool server_closed;
	bool clear_counted; /* of this server leg */
	bool condemned;     /* a bug was caught: end without a word */
	bool live;          /* conn_new succeeded */
	bool ours;          /* with WAIT_NOT_CONNECTED: no packet was sent */
	char reason[256];   /* with WAIT_NOT_CONNECTED, WAIT_TLS_FAILED, WAIT_CLIENT_TLS_FAILED */
};

/* conn_crowded.c: while it waits for its turn, a TLS handshake that was started does not begin. */
void conn_enter_turn(struct conn *conn, enum conn_side side); /* TLS was started on that leg */
void conn_leave_turn(struct conn *conn, enum conn_side side); /* it is up or failed, or the leg goes */
/* It waits for its turn, or had it too late to finish: its time is over, and no peer is to blame. */
bool conn_missed_turn(const struct conn *conn);

/* conn_ops.c: the operations of the machine, |arg| is the conn. */
extern const struct session_ops conn_ops;
/* conn.c: of the leg to the server. */
extern const struct leg_events conn_server_events;

void conn_count(struct conn *conn, enum counter which);
uint64_t conn_now_s(void); /* monotonic */
size_t conn_feed(struct conn *conn, struct session_event *event);
bool conn_splice(struct conn *conn);        /* carries; false: nothing moved */
void conn_look_again(struct conn *conn);    /* pump it, from the loop */
void conn_keep_settings(struct conn *conn); /* a verdict came: it numbers the CA bundles of the settings of now */

#endif
