/* session.pml - the session machine of proxy/session for spin: every order of events of a client, a server, a policy, time
 * and trouble, up to so many commands of the client and so much trouble. The table of states is session.c's own: run makes
 * states.h and rows.h of it. steps.pml says what each step does, under the names of the C code and as short as it goes; a
 * step or a state that it does not know is an error.
 *
 * What must hold is said in assert()s where something is said (steps.pml): nothing of the envelope or the content upstream
 * unless the verdict of that recipient permits the leg as it is; no 2xx to RCPT or to the end of a message that is not the
 * server's own for just that; one reply a command, in order. Spin's own checks do the rest: the gate never waits for ever
 * (no invalid end state), and never goes round (no cycle without progress; nothing is marked as progress, so any counts).
 *
 * COMMANDS: of the client; TROUBLE: replies unasked, and legs lost. */
#ifndef COMMANDS
#define COMMANDS 5
#endif
#ifndef TROUBLE
#define TROUBLE 1
#endif

#include "states.h"

/* In place of a state: what is to be done first. */
#define DO_DECIDE	 101
#define DO_BIND		 102
#define DO_BIND_WITH_LEG 103
#define DO_IN_CLEAR	 104
#define DO_BOUND	 105
#define DO_RELAY	 106
#define DO_HANDSHAKE_FAILED 107
#define DO_BIND_FAILED	 108
#define DO_RCPT_LOST	 109
#define DO_RCPT_REFUSED	 110
#define DO_END_REFUSED	 111
#define DO_END		 112
#define DO_DIAL		 113
#define DO_MESSAGE_OVER	 114

#define S_NONE	   0 /* stages of the leg */
#define S_DIALLING 1
#define S_RAW	   2
#define S_GREETED  3
#define S_CLEAR	   4
#define S_TLS_RAW  5
#define S_TLS	   6

#define CLIENT_TLS_OFF	     0
#define CLIENT_TLS_TERMINATE 1
#define CLIENT_TLS_PASS	     2

mtype = { BANNER, EHLO, MAIL, RCPT, DATA, CONTENT, RSET, NOOP, QUIT, STLS, AUTH }; /* what is said, and answered */
mtype = { OK, NO, GO, C421 };					       /* replies: 2xx, 4xx or 5xx, 3xx, 421 */
mtype = { V_CLEAR, V_ANY, V_ONE, V_TWO, V_DEFER, V_VOID, V_AUTH };     /* verdicts; V_AUTH: a rule that offers AUTH */

/* Whom the gate is listening to now. It asks, and goes on when that process has chosen what it says, if anything. */
#define NOBODY	       0
#define CLIENT	       1
#define CLIENT_MESSAGE 2 /* the rest of its message */
#define SERVER	       3
#define POLICY	       4
byte ask;

/* The client, as it sees things. */
byte commands = COMMANDS;
mtype pending; /* waits for its reply */
bit c_dom;     /* of its last RCPT */
byte c_acc;    /* RCPTs accepted */
bool c_greeted, c_mail, hung;
bool c_stays; /* it never hangs up */
bool c_silent, s_silent, p_silent; /* from now on */

/* The server, as it sees things; its last reply, until that is passed on; the last verdict for each domain. */
mtype s_owes, s_last, s_code;
bool s_mail, s_ehlo, s_offers;
byte s_rcpts;
byte trouble = TROUBLE;
mtype given[2];

/* The gate. */
byte bug;
byte st, nx, was;
mtype code, cmd;
bit dom;
bool dropped, ok, fits, gone_silent, said_421;
byte stage, client_tls;
bool goal_rcpt, hello, held, tx_open, tx_lost, refused, bound, binding, clear_only, clear_ok, fresh, asking, mute;
bool offered_auth, authed, auth_lost, client_in_tls, spliced, swallow_421, swallow_end;
byte accepted, binds_failed, candidate, sni, cert, dom_refused;
mtype rule, v;

c_decl {
	\#include <stdio.h>
	\#include <stdlib.h>
	static unsigned char seen[128][128];
	static void tell_seen(void);
};

#include "steps.pml"

active proctype gate()
{
	atomic {
		c_code {
			static int told;
			if (!told++)
				atexit(tell_seen);
			now.bug = getenv("BUG") != NULL ? atoi(getenv("BUG")) : 0;
		};
		if
		:: client_tls = CLIENT_TLS_OFF
		:: client_tls = CLIENT_TLS_TERMINATE
		:: client_tls = CLIENT_TLS_PASS
		fi;
		if
		:: c_stays = true
		:: c_stays = false
		fi;
		asking = true;
		st = ST_DESTINATION
	}
	do
	:: atomic {
		st != ST_OVER ->
		nx = st;
		was = st;
		if
#include "rows.h"
		fi;
		do
		:: dropped -> dropped = false; leg_drop()
		:: !dropped && nx < DO_DECIDE -> break
		:: !dropped && nx >= DO_DECIDE ->
			if
			:: nx == DO_DECIDE -> decide()
			:: nx == DO_BIND -> bind_begin()
			:: nx == DO_BIND_WITH_LEG -> bind_with_leg()
			:: nx == DO_IN_CLEAR -> bound_in_clear()
			:: nx == DO_BOUND -> bound_ready()
			:: nx == DO_RELAY -> relay_begin()
			:: nx == DO_HANDSHAKE_FAILED -> handshake_failed()
			:: nx == DO_BIND_FAILED -> bind_failed()
			:: nx == DO_RCPT_LOST -> say(NO); leg_ready()
			:: nx == DO_RCPT_REFUSED -> say(NO); leg_ready()
			:: nx == DO_END_REFUSED -> say(C421); nx = DO_END
			:: nx == DO_END -> end_with()
			:: nx == DO_DIAL -> dial(); nx = ST_REDIAL
			:: nx == DO_MESSAGE_OVER -> nx = st; on_message_over()
#include "dispatch.h"
			fi
		od;
		assert(pending == 0 || !AWAITS_CLIENT(nx));
		assert(!said_421 || nx == ST_OVER);
		c_code { seen[now.was][now.nx] = 1; };
		st = nx;
		nx = 0; was = 0; code = 0; cmd = 0; dom = 0; ok = false; fits = false; gone_silent = false
	}
	:: st == ST_OVER -> break
	od;
	/* Nothing is left behind, and nobody waits for a reply who can hear one. */
	assert(!asking && stage == S_NONE && (pending == 0 || hung))
}

active proctype client()
{
end:	do
	:: atomic {
		ask == CLIENT ->
		if
		:: cmd = EHLO
		:: cmd = MAIL
		:: cmd = RCPT; dom = 0
		:: cmd = RCPT; dom = 1
		:: cmd = DATA
		:: cmd = RSET
		:: cmd = NOOP
		:: cmd = QUIT
		:: cmd = STLS
		:: cmd = AUTH
		:: c_silent = true
		fi;
		ask = NOBODY
	}
	:: atomic {
		ask == CLIENT_MESSAGE ->
		if
		:: cmd = CONTENT
		:: c_silent = true
		fi;
		ask = NOBODY
	}
	od
}

active proctype server()
{
end:	do
	:: atomic {
		ask == SERVER ->
		if
		:: code = OK
		:: code = NO
		:: code = GO
		:: code = C421
		:: s_silent = true
		fi;
		ask = NOBODY
	}
	od
}

active proctype policy()
{
end:	do
	:: atomic {
		ask == POLICY ->
		if
		:: v = V_CLEAR
		:: v = V_ANY
		:: v = V_ONE
		:: v = V_TWO
		:: v = V_DEFER
		:: v = V_VOID
		:: v = V_AUTH
		:: p_silent = true
		fi;
		ask = NOBODY
	}
	od
}

c_code {
	static void tell_seen(void)
	{
		for (unsigned from = 0; from < 128; from++)
			for (unsigned to = 0; to < 128; to++)
				if (seen[from][to])
					printf("edge %u %u\n", from, to);
	}
};
