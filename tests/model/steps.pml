/* steps.pml - the steps of session_*.c. A step says in |nx| what comes next: a state, or something that is to be done first
 * (DO_...). |dropped|: the leg is gone before that. */

#define PERMITS(x) ((x) == V_CLEAR || (x) == V_VOID) /* envelope and content in clear */
#define IN_TLS	   (stage == S_TLS_RAW || stage == S_TLS)
#define PEER_IS_FIT(x) \
	((x) == V_CLEAR || (x) == V_ANY || (((x) == V_ONE || (x) == V_VOID || (x) == V_AUTH) && cert == 1) || ((x) == V_TWO && cert == 2))
/* Whether the leg as it is may hear of a recipient under that verdict. */
#define MAY_HEAR(x) ((stage == S_TLS && (PERMITS(x) || PEER_IS_FIT(x))) || (stage == S_CLEAR && PERMITS(x)))
#define IS_STALE     (!fresh && !auth_lost && !tx_lost && !gone_silent)
#define HELPS	     (sni != 1 || v == V_TWO) /* another handshake */
#define AUTH_ALLOWED (bound && stage == S_TLS && rule == V_AUTH && cert == 1)
#define AWAITS_CLIENT(s) \
	((s) == ST_GREETED || (s) == ST_UNBOUND || (s) == ST_BOUND || (s) == ST_AUTH_CLIENT || (s) == ST_CONTENT || (s) == ST_SWALLOW)
/* Replies that SMTP does not know there. */
#define MISSPOKEN ((code == GO && s_last != DATA && s_last != AUTH) || (code == OK && s_last == DATA))
#define PERMITTED (PERMITS(v) || bug == BUG_CLEAR)

/* Ways to be wrong: the number in the environment's BUG is the one that is. run knows what finds each. */
#define BUG_CLEAR   1  /* a verdict is taken to permit what it does not */
#define BUG_TIMER   2  /* a state without a timer */
#define BUG_LOST    3  /* a transaction outlives its leg */
#define BUG_CANCEL  4  /* a question is left behind at the end */
#define BUG_RSET    5  /* RSET keeps the transaction */
#define BUG_MUTE    6  /* no reply to NOOP */
#define BUG_TWICE   7  /* two of them */
#define BUG_SPLICE  8  /* a word into the splice */
#define BUG_RCPT    9  /* RCPT gets its 250 here */
#define BUG_VERDICT 10 /* no verdict for the second recipient */
#define BUG_STUCK   11 /* a verdict is waited for again and again */
#define BUG_JUDGE   12 /* any certificate will do */
#define BUG_DATA    13 /* DATA without a recipient */
#define BUG_END     14 /* the end of a message is acknowledged for a server that is gone */
#define BUG_REDIAL  15 /* a server that cannot be reached is dialled again and again */

/* --- a row of the table: what may happen in a state ------------------------------------------------------------------- */

#define ROW(state, want, step, chatter, gone, closed, late, at_421) \
	:: st == state -> \
		if \
		:: !c_stays && !hung -> hung = true; nx = gone \
		:: state != ST_FINAL || bug != BUG_TIMER -> late \
		want(step, chatter, closed, at_421) \
		fi

#define LOSES(closed) \
		:: stage >= S_RAW && trouble > 0 -> trouble--; dropped = true; nx = closed
#define UNASKED(chatter, closed, at_421) LOSES(closed) \
		:: stage >= S_RAW && trouble > 0 -> trouble--; code = OK; nx = chatter \
		:: stage >= S_RAW && trouble > 0 -> trouble--; code = NO; nx = chatter \
		:: stage >= S_RAW && trouble > 0 -> trouble--; code = C421; nx = at_421

#define WANT_NOTHING(step, chatter, closed, at_421)
#define WANT_LINE(step, chatter, closed, at_421) UNASKED(chatter, closed, at_421) \
		:: commands > 0 && !c_silent -> ask = CLIENT; ask == NOBODY; \
			if \
			:: c_silent -> skip \
			:: else -> hear(); nx = step \
			fi
#define WANT_CONTENT(step, chatter, closed, at_421) UNASKED(chatter, closed, at_421) \
		:: !c_silent -> ask = CLIENT_MESSAGE; ask == NOBODY; \
			if \
			:: c_silent -> skip \
			:: else -> nx = DO_MESSAGE_OVER \
			fi \
		:: st == ST_CONTENT && trouble > 0 -> trouble--; dropped = true; swallow_end = true; nx = ST_SWALLOW
#define WANT_REPLY(step, chatter, closed, at_421) LOSES(closed) \
		:: !s_silent -> ask = SERVER; ask == NOBODY; answered(); \
			if \
			:: s_silent -> skip \
			:: code == C421 -> nx = at_421 \
			:: !s_silent && code != C421 && MISSPOKEN -> gone_silent = true; dropped = true; nx = closed \
			:: else -> nx = step \
			fi
#define WANT_CONNECT(step, chatter, closed, at_421) \
		:: ok = true; nx = step \
		:: ok = false; nx = step
#define WANT_TLS(step, chatter, closed, at_421) \
		:: ok = true; cert = 1; nx = step \
		:: ok = true; cert = 2; nx = step \
		:: ok = false; nx = step
#define WANT_CLIENT_TLS(step, chatter, closed, at_421) UNASKED(chatter, closed, at_421) \
		:: ok = true; nx = step \
		:: ok = false; nx = step
#define WANT_VERDICT(step, chatter, closed, at_421) UNASKED(chatter, closed, at_421) \
		:: !p_silent -> ask = POLICY; ask == NOBODY; \
			if \
			:: p_silent -> skip \
			:: else -> nx = step \
			fi
#define WANT_SPLICE(step, chatter, closed, at_421) LOSES(closed) \
		:: nx = step

#define silent(closed) gone_silent = true; dropped = true; nx = closed

/* --- what is said, and what must hold then ---------------------------------------------------------------------------- */

inline say(c)
{
	assert(!spliced);
	if
	:: !c_greeted ->
		assert(c != OK || (s_last == BANNER && s_code == OK));
		c_greeted = true
	:: else ->
		assert(pending != 0 || c == C421);
		assert(pending != RCPT || c != OK || (s_last == RCPT && s_code == OK));
		assert(pending != CONTENT || c != OK || (s_last == CONTENT && s_code == OK));
		assert(pending != EHLO || c != OK || s_ehlo);
		assert(pending != AUTH || c == NO || c == C421 || (s_last == AUTH && s_code == c));
		assert(pending != DATA || c == NO || c == C421 ||
		       (c == GO && s_last == DATA && s_code == GO && s_rcpts > 0 && c_acc == s_rcpts));
		if
		:: pending == RCPT && c == OK -> c_acc++
		:: pending == CONTENT || (pending == RSET && c == OK) -> c_acc = 0; c_mail = false
		:: pending == MAIL && c == OK -> c_mail = true
		:: else -> skip
		fi;
		pending = 0
	fi;
	s_code = 0;
	said_421 = (c == C421)
}

/* What anybody on the path may read. */
inline tell(x)
{
	assert(!spliced && stage >= S_GREETED && s_owes == 0);
	assert(x != STLS || (stage == S_CLEAR && !s_mail));
	assert(x != RSET || pending == RSET);
	s_owes = x;
	s_code = 0
}

/* What nobody may but who the verdict says. */
inline tell_envelope(x)
{
	assert(bound && s_owes == 0 && client_tls != CLIENT_TLS_PASS);
	assert(stage == S_TLS || (stage == S_CLEAR && clear_ok));
	assert((x != MAIL && x != RCPT) || (pending == RCPT && c_mail && MAY_HEAR(given[c_dom])));
	assert(x != MAIL || (!s_mail && c_acc == 0));
	assert(x != RCPT || (s_mail && c_acc == s_rcpts));
	assert((x != DATA && x != CONTENT) || (pending == x && s_rcpts > 0 && c_acc == s_rcpts));
	assert(x != AUTH || (stage == S_TLS && rule == V_AUTH && cert == 1 && pending == AUTH));
	s_owes = x;
	s_code = 0
}

inline answered()
{
	s_last = (s_silent -> s_last : s_owes);
	s_owes = (s_silent -> s_owes : 0);
	s_code = code;
	if
	:: code == OK && s_last == MAIL -> s_mail = true
	:: code == OK && s_last == RCPT -> s_rcpts++
	:: (code == OK && (s_last == EHLO || s_last == RSET)) || (code != 0 && s_last == CONTENT) -> s_mail = false; s_rcpts = 0
	:: else -> skip
	fi;
	s_ehlo = s_ehlo || (code == OK && s_last == EHLO)
}

/* A command is there. */
inline hear()
{
	assert(pending == 0 && c_greeted);
	commands--;
	pending = (st == ST_AUTH_CLIENT -> AUTH : cmd);
	if
	:: pending == RCPT -> c_dom = dom
	:: pending == EHLO -> c_acc = 0; c_mail = false; s_ehlo = false
	:: else -> skip
	fi
}

/* --- session_leg.c ------------------------------------------------------------------------------------------------------ */

inline leg_drop()
{
	stage = S_NONE; mute = false; bound = false;
	auth_lost = auth_lost || authed;
	tx_lost = tx_lost || (tx_open && accepted > 0 && bug != BUG_LOST);
	tx_open = false;
	s_owes = 0; s_last = 0; s_code = 0; s_mail = false; s_rcpts = 0
}

inline dial()
{
	leg_drop();
	clear_ok = false; sni = 0; cert = 0;
	stage = S_DIALLING;
	fresh = true
}

/* QUIT may come at any time; nobody waits for its answer. */
inline leg_leave()
{
	assert(stage < S_GREETED || mute || !spliced);
	leg_drop()
}

inline leg_ready() { nx = (!hello -> ST_GREETED : (bound -> ST_BOUND : ST_UNBOUND)) }

inline end_with()
{
	asking = asking && bug == BUG_CANCEL;
	leg_leave();
	nx = ST_OVER
}

inline unexpected() { dropped = true; nx = DO_END_REFUSED }
inline pass_421() { say(C421); leg_drop(); nx = DO_END }
inline client_gone() { nx = DO_END }
inline client_idle() { nx = DO_END_REFUSED }

/* --- session_open.c ------------------------------------------------------------------------------------------------------ */

inline on_destination()
{
	asking = false;
	rule = (v == V_ANY || v == V_AUTH || v == V_CLEAR -> v : 0);
	given[0] = rule;
	given[1] = rule;
	v = 0;
	dial();
	nx = ST_CONNECT
}
inline on_destination_timeout() { asking = false; v = 0; dial(); nx = ST_CONNECT }
inline on_connect_failed() { dropped = true; nx = DO_END_REFUSED }
inline on_connect()
{
	if
	:: ok -> stage = S_RAW; s_owes = BANNER; nx = ST_BANNER
	:: else -> on_connect_failed()
	fi
}
inline on_banner()
{
	stage = S_GREETED;
	say(code);
	if
	:: code == OK -> nx = ST_GREETED
	:: else -> nx = DO_END
	fi
}

/* --- session_commands.c, session_hello.c ---------------------------------------------------------------------------------- */

inline transaction_end()
{
	held = false; tx_open = false; tx_lost = false; accepted = 0; refused = false; dom_refused = 0
}

inline hello_begin()
{
	hello = false;
	transaction_end();
	fresh = false; binding = false; goal_rcpt = false;
	if
	:: auth_lost -> nx = DO_END_REFUSED
	:: !auth_lost && stage != S_NONE -> tell(EHLO); nx = ST_KEYWORDS
	:: else -> nx = DO_DIAL
	fi
}

inline hello_answer() { say(OK); hello = true; offered_auth = AUTH_ALLOWED; leg_ready() }

inline on_keywords()
{
	if
	:: code == NO -> say(NO); leg_ready()
	:: else ->
		if
		:: s_offers = true
		:: s_offers = false
		fi;
		stage = (IN_TLS -> S_TLS : S_CLEAR);
		if
		:: client_tls == CLIENT_TLS_PASS && !s_offers -> nx = DO_END_REFUSED
		:: client_tls == CLIENT_TLS_PASS && s_offers -> hello_answer()
		:: client_tls != CLIENT_TLS_PASS && !bound && rule != 0 -> v = rule; nx = DO_DECIDE
		:: client_tls != CLIENT_TLS_PASS && !bound && rule == 0 && !s_offers -> nx = DO_END_REFUSED /* no rule permits clear */
		:: client_tls != CLIENT_TLS_PASS && (bound || rule == 0) -> hello_answer()
		fi
	fi
}
inline on_keywords_lost()
{
	if
	:: IS_STALE -> nx = DO_DIAL
	:: else -> nx = DO_END_REFUSED
	fi
}

inline rset()
{
	ok = tx_open;
	if
	:: bug != BUG_RSET -> transaction_end()
	:: else -> skip
	fi;
	if
	:: ok -> tell(RSET); nx = ST_RSET
	:: else -> say(OK)
	fi
}
inline on_rset_lost() { say(OK); leg_ready() }
inline on_rset()
{
	if
	:: code != OK -> leg_leave()
	:: else -> skip
	fi;
	on_rset_lost()
}

inline noop()
{
	if
	:: bug == BUG_MUTE -> skip
	:: bug == BUG_TWICE -> say(OK); say(OK)
	:: else -> say(OK)
	fi
}

#define IS_MAIL(c) (c == MAIL || c == RCPT || c == DATA || c == AUTH)

inline on_command()
{
	if
	:: cmd == EHLO -> hello_begin()
	:: cmd == NOOP -> noop()
	:: cmd == QUIT -> say(OK); nx = DO_END
	:: cmd == RSET -> rset()
	:: client_tls == CLIENT_TLS_PASS && IS_MAIL(cmd) -> say(NO) /* 530 5.7.0 */
	:: client_tls != CLIENT_TLS_PASS && cmd == MAIL ->
		if
		:: hello && !held -> held = true; say(OK)
		:: else -> say(NO)
		fi
	:: client_tls != CLIENT_TLS_PASS && cmd == RCPT ->
		if
		:: hello && held -> fresh = false; goal_rcpt = true; rcpt_begin()
		:: else -> say(NO)
		fi
	:: client_tls != CLIENT_TLS_PASS && cmd == DATA ->
		if
		:: hello && held -> data_begin()
		:: else -> say(NO)
		fi
	:: client_tls != CLIENT_TLS_PASS && cmd == AUTH ->
		if
		:: hello && !held && offered_auth && !authed && AUTH_ALLOWED -> mute = true; tell_envelope(AUTH); nx = ST_AUTH
		:: else -> say(NO)
		fi
	:: cmd == STLS -> starttls()
	fi
}

/* --- session_client_tls.c, session_passthrough.c --------------------------------------------------------------------------- */

inline starttls()
{
	if
	:: hello && !held && client_tls == CLIENT_TLS_TERMINATE && !client_in_tls && !authed -> say(OK); nx = ST_CLIENT_TLS
	:: hello && client_tls == CLIENT_TLS_PASS && stage == S_CLEAR && s_offers -> mute = true; tell(STLS); nx = ST_PASS_STARTTLS
	:: hello && client_tls == CLIENT_TLS_PASS && (stage != S_CLEAR || !s_offers) -> nx = DO_END_REFUSED
	:: hello && client_tls != CLIENT_TLS_OFF -> nx = DO_END_REFUSED /* data in clear behind it */
	:: else -> say(NO)
	fi
}
inline on_client_tls()
{
	if
	:: ok -> client_in_tls = true; hello = false; offered_auth = false; nx = ST_GREETED
	:: else -> nx = DO_END
	fi
}
inline on_client_tls_timeout() { nx = DO_END }

inline on_pass_starttls()
{
	if
	:: code == NO -> mute = false; say(NO); leg_ready()
	:: code == OK -> say(OK); spliced = true; nx = ST_PASS_HELLO
	:: nx = DO_END_REFUSED /* data in clear behind it */
	fi
}
inline on_pass_starttls_lost() { nx = DO_END_REFUSED }
inline on_splice()
{
	if
	:: st != ST_PASS_ENDING -> nx = ST_PASS_ENDING
	:: st == ST_PASS_HELLO -> nx = ST_PASS
	:: commands > 0 -> commands--
	:: nx = DO_END
	fi
}
inline on_splice_timeout()
{
	nx = (bug == BUG_SPLICE -> DO_END_REFUSED : DO_END)
}
inline on_splice_lost() { nx = DO_END }

/* --- session_auth.c ---------------------------------------------------------------------------------------------------------- */

inline on_auth()
{
	if
	:: code == GO -> say(GO); nx = ST_AUTH_CLIENT
	:: else -> mute = false; authed = (code == OK); say(code); leg_ready()
	fi
}
inline on_auth_lost() { say(NO); leg_ready() }
inline on_auth_line()
{
	if
	:: stage != S_TLS -> on_auth_lost()
	:: else -> tell_envelope(AUTH); nx = ST_AUTH
	fi
}
inline on_auth_idle_lost() { skip }
inline on_auth_idle_reply() { dropped = true }

/* --- session_verdict.c --------------------------------------------------------------------------------------------------------- */

inline rcpt_begin()
{
	if
	:: auth_lost -> nx = DO_END_REFUSED
	:: !auth_lost && (tx_lost || refused || dom_refused == c_dom + 1) -> nx = DO_RCPT_REFUSED
	:: !auth_lost && !tx_lost && !refused && dom_refused != c_dom + 1 -> verdict_ask()
	fi
}

inline verdict_ask()
{
	if
	:: bug == BUG_RCPT -> say(OK)
	:: bug == BUG_VERDICT && accepted > 0 -> nx = DO_RELAY
	:: bug != BUG_RCPT && (bug != BUG_VERDICT || accepted == 0) ->
		if
		:: rule != 0 -> v = rule; nx = DO_DECIDE
		:: else -> asking = true; v = 0; nx = (bound -> ST_VERDICT_BOUND : ST_VERDICT)
		fi
	fi
}

inline on_verdict() { asking = false; given[c_dom] = v; nx = DO_DECIDE }
inline on_verdict_slow() { leg_leave(); nx = ST_VERDICT_SLOW }
inline on_verdict_timeout()
{
	if
	:: bug == BUG_STUCK -> skip
	:: else -> v = V_DEFER; on_verdict()
	fi
}
inline on_verdict_lost()
{
	if
	:: tx_lost -> asking = false; nx = DO_RCPT_REFUSED
	:: else -> nx = ST_VERDICT_BOUND
	fi
}
inline on_verdict_reply() { leg_drop(); on_verdict_lost() }
inline on_verdict_421()
{
	leg_drop();
	if
	:: tx_lost -> pass_421()
	:: else -> nx = ST_VERDICT_BOUND
	fi
}

inline refuse()
{
	if
	:: goal_rcpt -> nx = DO_RCPT_REFUSED
	:: else -> nx = DO_END_REFUSED
	fi
}

inline leg_fits() { fits = (IN_TLS -> PEER_IS_FIT(v) : v == V_CLEAR) }

inline decide()
{
	leg_fits();
	if
	:: v == V_DEFER -> refuse()
	:: v != V_DEFER && !bound -> nx = DO_BIND
	:: v != V_DEFER && bound && fits -> nx = DO_RELAY
	:: v != V_DEFER && bound && !tx_open -> nx = DO_BIND /* REQUIRETLS wants another leg */
	:: v != V_DEFER && bound && !fits && (tx_open || (IN_TLS && !HELPS)) ->
		if
		:: v == V_VOID -> nx = DO_RELAY
		:: else -> refuse()
		fi
	fi
}

/* --- session_bind.c -------------------------------------------------------------------------------------------------------------- */

inline bind_failed()
{
	binds_failed++;
	leg_leave();
	if
	:: goal_rcpt -> dom_refused = c_dom + 1; nx = DO_RCPT_REFUSED
	:: else -> nx = DO_END_REFUSED
	fi
}

inline bind_begin()
{
	if
	:: binds_failed >= 3 -> nx = DO_END_REFUSED
	:: else ->
		candidate = (IN_TLS && sni == 1 && v == V_TWO -> 1 : 0);
		clear_only = false; binding = true; clear_ok = false;
		if
		:: IN_TLS -> leg_leave()
		:: else -> skip
		fi;
		bound = false;
		if
		:: stage == S_NONE -> nx = DO_DIAL
		:: else -> nx = DO_BIND_WITH_LEG
		fi
	fi
}

inline bind_with_leg()
{
	if
	:: clear_only || !s_offers -> nx = DO_IN_CLEAR
	:: else -> mute = true; tell(STLS); nx = ST_STARTTLS
	fi
}

inline bound_in_clear()
{
	if
	:: PERMITTED -> clear_ok = true; nx = DO_BOUND
	:: else -> nx = DO_BIND_FAILED
	fi
}

inline bound_ready()
{
	bound = true;
	if
	:: goal_rcpt -> nx = DO_RELAY
	:: else -> hello_answer()
	fi
}

inline handshake_failed()
{
	leg_drop();
	if
	:: v == V_TWO && candidate == 0 -> candidate = 1; nx = DO_DIAL
	:: !(v == V_TWO && candidate == 0) && PERMITTED -> clear_only = true; nx = DO_DIAL
	:: else -> nx = DO_BIND_FAILED
	fi
}

inline on_redial_failed() { dropped = true; nx = (bug == BUG_REDIAL -> DO_DIAL : DO_BIND_FAILED) }
inline on_redial()
{
	if
	:: ok -> stage = S_RAW; s_owes = BANNER; nx = ST_REBANNER
	:: else -> on_redial_failed()
	fi
}
inline on_bind_lost() { nx = DO_BIND_FAILED }
inline on_rebanner()
{
	stage = S_GREETED;
	if
	:: code != OK -> nx = DO_BIND_FAILED
	:: else -> tell(EHLO); nx = (binding -> ST_REHELLO : ST_KEYWORDS)
	fi
}
inline on_rehello()
{
	if
	:: code != OK -> nx = DO_BIND_FAILED
	:: code == OK -> stage = S_CLEAR; s_offers = true; nx = DO_BIND_WITH_LEG
	:: code == OK -> stage = S_CLEAR; s_offers = false; nx = DO_BIND_WITH_LEG
	fi
}
inline on_starttls()
{
	if
	:: code != OK -> mute = false; nx = DO_IN_CLEAR
	:: code == OK -> stage = S_RAW; sni = candidate + 1; nx = ST_HANDSHAKE
	:: code == OK -> nx = DO_HANDSHAKE_FAILED /* data in clear behind it */
	fi
}
inline on_tls_lost() { nx = DO_HANDSHAKE_FAILED }
inline on_starttls_lost()
{
	if
	:: IS_STALE -> nx = DO_DIAL
	:: else -> on_tls_lost()
	fi
}
inline on_handshake()
{
	if
	:: !ok -> nx = DO_HANDSHAKE_FAILED
	:: else ->
		stage = S_TLS_RAW; mute = false;
		leg_fits();
		fits = fits || bug == BUG_JUDGE;
		if
		:: fits || (v == V_VOID) -> tell(EHLO); nx = ST_TLS_KEYWORDS
		:: !fits && v == V_TWO && candidate == 0 -> candidate = 1; leg_leave(); nx = DO_DIAL
		:: !fits && v != V_VOID && !(v == V_TWO && candidate == 0) -> nx = DO_BIND_FAILED
		fi
	fi
}
inline on_tls_keywords()
{
	if
	:: code != OK -> nx = DO_BIND_FAILED
	:: else -> stage = S_TLS; nx = DO_BOUND
	fi
}

/* --- session_relay.c -------------------------------------------------------------------------------------------------------------- */

inline send_rcpt() { tell_envelope(RCPT); nx = ST_RCPT }

inline relay_begin()
{
	assert(IN_TLS || PERMITTED);
	if
	:: nx = DO_RCPT_REFUSED /* a keyword is missing, or REQUIRETLS */
	:: tx_open -> send_rcpt()
	:: !tx_open -> tell_envelope(MAIL); nx = ST_MAIL
	fi
}

inline on_mail()
{
	if
	:: code == OK -> tx_open = true; send_rcpt()
	:: else -> refused = true; nx = DO_RCPT_REFUSED
	fi
}
inline on_pending_lost() { say(NO); leg_ready() }
inline on_mail_lost()
{
	if
	:: IS_STALE -> nx = DO_BIND
	:: else -> nx = DO_RCPT_LOST
	fi
}
inline on_rcpt()
{
	say(code);
	if
	:: code == OK -> accepted++
	:: else -> skip
	fi;
	leg_ready()
}
inline on_unbound_lost() { skip }
inline on_unbound_reply() { dropped = true }
inline on_idle_lost()
{
	if
	:: tx_lost -> nx = DO_END_REFUSED
	:: else -> leg_ready()
	fi
}
inline on_idle_reply() { leg_drop(); on_idle_lost() }
inline on_idle_421()
{
	leg_drop();
	if
	:: tx_lost -> pass_421()
	:: else -> leg_ready()
	fi
}

/* --- session_data.c ------------------------------------------------------------------------------------------------------------------ */

#define DATA_IS_DUE (bug == BUG_DATA -> tx_open : (!tx_lost && accepted > 0))
inline data_begin()
{
	if
	:: DATA_IS_DUE -> tell_envelope(DATA); mute = true; nx = ST_DATA
	:: else -> say(NO)
	fi
}
inline on_data()
{
	if
	:: code == NO -> mute = false; say(NO); leg_ready()
	:: else -> say(GO); nx = ST_CONTENT
	fi
}
inline swallow(last) { dropped = true; swallow_end = last; nx = ST_SWALLOW }
inline on_content_lost() { swallow(false) }
inline on_content_timeout()
{
	if
	:: client_idle()
	:: on_content_lost() /* the server takes nothing */
	fi
}
inline on_content_reply() { swallow_421 = (code == C421); swallow(code == C421) }
inline on_message_over()
{
	assert(pending == 0);
	pending = CONTENT;
	if
	:: st == ST_CONTENT -> tell_envelope(CONTENT); mute = false; nx = ST_FINAL
	:: else ->
		if
		:: swallow_421 -> say(C421)
		:: else -> say(NO)
		fi;
		swallow_421 = false;
		transaction_end();
		if
		:: swallow_end -> nx = DO_END
		:: else -> leg_ready()
		fi
	fi
}
/* A client that left may have: the server has the whole message. */
inline on_final_client_gone() { skip }
inline final_over()
{
	transaction_end();
	if
	:: hung -> nx = DO_END
	:: else -> leg_ready()
	fi
}
inline on_final() { say(code); final_over() }
inline on_final_lost()
{
	if
	:: bug == BUG_END -> say(OK)
	:: else -> say(NO)
	fi;
	final_over()
}
