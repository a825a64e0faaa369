/* session_script.h - drives sessions by a script that is a list of records: each is one thing that client, server,
 * policy, TLS or time does, four octets long. Low numbers go on as everybody would who behaves, so that a short script
 * gets far; high ones do something else. The sessions of a script follow each other on one worker and share its
 * memories. */
#ifndef GATE25_TESTS_SESSION_SCRIPT_H
#define GATE25_TESTS_SESSION_SCRIPT_H

#include "tests/unit/proxy/session_driver.h"

#define SCRIPT_RECORD   4
#define SCRIPT_SESSIONS 4

struct record {
	uint8_t what, x, y, z;
};

struct script {
	const uint8_t *in;
	size_t len;
	size_t at;
};

static inline bool next_record(struct script *script, struct record *out)
{
	const uint8_t *in = script->in + script->at;

	if (script->len - script->at < SCRIPT_RECORD)
		return false;
	*out = (struct record){ in[0], in[1], in[2], in[3] };
	script->at += SCRIPT_RECORD;
	return true;
}

/* --- the client -----------------------------------------------------------------------------------------------------
 */

static inline void say_long(struct bytes *to, const char *verb, size_t len)
{
	bytes_add_text(to, verb);
	while (len-- > 0)
		bytes_add(to, "x", 1);
	bytes_add_text(to, "\r\n");
}

static const char *const script_mails[] = {
	"MAIL FROM:<s@c.example>\r\n",
	"MAIL FROM:<s@c.example> SIZE=1000\r\n",
	"MAIL FROM:<s@c.example> BODY=8BITMIME RET=HDRS ENVID=a+2B\r\n",
	"MAIL FROM:<>\r\n",
	"mail from: <s@c.example>  REQUIRETLS   SIZE=10 \r\n",
	"MAIL FROM:<> REQUIRETLS\r\n",
	"MAIL FROM:<t@d.example> SMTPUTF8\r\n",
	"MAIL FROM:<@r.example:\"s \\\" >@x\"@c.example>\r\n",
};

static const char *const script_rcpts[] = {
	"RCPT TO:<r@a.example>\r\n",
	"RCPT TO:<r@b.example>\r\n",
	"rcpt to:<R@A.Example> NOTIFY=NEVER\r\n",
	"RCPT TO:<q@c.example>\r\n",
	"RCPT TO:<PostMaster>\r\n",
	"RCPT TO:<r@[192.0.2.9]>\r\n",
	"RCPT TO:<r@[IPv6:2001:DB8::0:1]>\r\n",
	"RCPT TO:<@a.example,@[IPv6:::1]:\"a@b.example>\"@d.example>\r\n",
};

static const char *const script_messages[] = {
	"Subject: x\r\n\r\nbody\r\n.\r\n",
	".\r\n",
	"..\r\n.\r\n",
	"a\nb\r\n.\r\n",
	"a\r\n.\rb\r\n.\r\n",
	"x\r\n.\nMAIL FROM:<evil@c.example>\r\n.\r\n",
	"a\r\r\n.\r\n",
	"\n.\r\n.\r\n",
};

static const char *const script_lines[] = {
	"AUTH PLAIN AHUAcA==\r\n",
	"AUTH LOGIN\r\n",
	"AUTH\r\n",
	"dXNlcg==\r\n",
	"*\r\n",
	"a\001b\r\n",
	"\303\266\r\n",
	"STARTTLS\r\n",
	"RSET\r\n",
	"NOOP\r\n",
	"VRFY r\r\n",
	"HELP\r\n",
	"QUIT\r\n",
	"EXPN l\r\n",
	"nonsense\r\n",
	"\r\n",
	"GET / HTTP/1.1\r\n",
	"BDAT 5 LAST\r\nMAIL \r\n",
	"HELO h.example\r\n",
	"EHLO d.example\r\n",
	"EHLO\r\n",
	"RSET x\r\n",
	"MAIL FROM:<s@c.example\r\n",
	"RCPT TO:<a@b@c>\r\n",
	"DATA x\r\n",
	"STARTTLS x\r\n",
	"XCLIENT A=b\r\n",
	"ETRN x\r\n",
	"MAIL FROM:<s@c.example> X=y\r\n",
	"RCPT TO:<r@a.example> X=y\r\n",
	"MAIL FROM:<s@c.example> SIZE=99999999999999999999\r\n",
	"MAIL FROM:<s@c.example>\r\nRCPT TO:<r@a.example>\r\nRCPT TO:<r@b.example>\r\nDATA\r\n",
	"MAIL FROM:<s@c.example>\r\nRCPT TO:<r@a.example>\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<r@a.example>\r\nQUIT\r\n",
};

#define PICK(table, by) table[(by) % COUNT(table)]

/* What a client that has mail would say now; |r->x| chooses among it. */
static inline void client_goes_on(struct harness *h, const struct record *r)
{
	struct bytes *to = &h->client_in;
	const struct observer *o = &h->observer;

	if (o->content)
		bytes_add_text(to, PICK(script_messages, r->x));
	else if (o->sasl)
		bytes_add_text(to, PICK(script_lines, r->x % 16 == 0 ? 4 : 3));
	else if (!o->hello && r->x % 32 != 31)
		bytes_add_text(to, r->x % 16 == 15 ? "HELO c.example\r\n" : "EHLO c.example\r\n");
	else if (!o->mail && o->offered_starttls && r->y % 8 != 7)
		bytes_add_text(to, r->x % 8 != 7 ? "STARTTLS\r\n" : "STARTTLS\r\nEHLO evil.example\r\n");
	else if (!o->mail && o->offered_auth && h->client.ok[SPEECH_AUTH] == 0 && r->y % 8 != 7)
		bytes_add_text(to, r->x % 2 == 0 ? "AUTH PLAIN AHUAcA==\r\n" : "AUTH LOGIN\r\n");
	else if (!o->mail && o->offered_requiretls && r->x % 4 != 3)
		bytes_add_text(to, script_mails[r->x % 4 == 2 ? 5 : 4]);
	else if (!o->mail && r->y % 16 == 15)
		bytes_add_text(to, "EHLO d.example\r\n");
	else if (!o->mail)
		bytes_add_text(to, PICK(script_mails, r->x));
	else if (o->accepted > 0 ? r->y % 2 == 0 : r->y % 8 == 7)
		bytes_add_text(to, "DATA\r\n");
	else
		bytes_add_text(to, PICK(script_rcpts, r->x));
}

static inline void client_says(struct harness *h, const struct record *r)
{
	struct bytes *to = &h->client_in;

	switch (r->y % 16 - (h->observer.content && r->y % 16 > 4 ? 5 : 0)) { /* no long lines in a message */
	case 0: bytes_add_text(to, PICK(script_mails, r->x)); break;
	case 1: bytes_add_text(to, PICK(script_rcpts, r->x)); break;
	case 2: bytes_add_text(to, PICK(script_messages, r->x)); break;
	case 3: bytes_add_text(to, "DATA\r\n"); break;
	case 4: bytes_add(to, &r->x, 1); break;
	case 5: say_long(to, "EHLO ", 200 + r->x); break;
	case 6: say_long(to, "NOOP ", 2000 + r->x); break;
	case 7: say_long(to, "", r->x == 255 && !h->observer.hello ? 66000 : 12200 + r->x); break;
	default: bytes_add_text(to, PICK(script_lines, r->x));
	}
}

/* --- the server -----------------------------------------------------------------------------------------------------
 */

static const char *const script_ehlos[] = {
	"250-mx.example\r\n250-STARTTLS\r\n250-SIZE 900\r\n250-DSN\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n",
	"250-mx.example\r\n250-STARTTLS\r\n250-SIZE\r\n250 8BITMIME\r\n",
	"250-mx1.example\r\n250-AUTH PLAIN\r\n250-REQUIRETLS\r\n250-DSN\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n",
	"250-mx1.example hi\r\n250-XXXXXXXA\r\n250 SIZE 2000\r\n",
	"250 mx.example\r\n",
	"250-mx.example\r\n250-STARTTLS\r\n250 AUTH=LOGIN\r\n",
	"250-\r\n250 STARTTLS\r\n",
};

static const char *const script_replies[] = {
	"250 2.0.0 ok\r\n",
	"250-a\r\n250 b\r\n",
	"220 hi\r\n",
	"220 go\r\n250 injected\r\n",
	"354 go\r\n",
	"334 VXNlcm5hbWU6\r\n",
	"235 2.7.0 ok\r\n",
	"535 5.7.8 no\r\n",
	"421 4.3.2 down\r\n",
	"450 4.2.0 later\r\n",
	"454 4.7.0 no TLS\r\n",
	"530 5.7.0 authenticate\r\n",
	"550 5.1.1 unknown\r\n",
	"500 5.5.2 what\r\n",
	"199 hm\r\n",
	"garbage\r\n",
	"250-half\r\n",
	"250\r\n",
	"250-a\r\n550 b\r\n",
	"554 5.7.1 \303\266\001\r\n",
};

/* What a server that takes mail would say now; |r->x| chooses among it. */
static inline void server_goes_on(struct harness *h, const struct record *r)
{
	struct bytes *to = &h->server_in;

	if (h->server_in.len > 0 || !h->connected || h->want_tls)
		return;
	switch (h->observer.asked) {
	case SAID_NOTHING:
		if (!h->observer.leg_greeted)
			bytes_add_text(to, "220 mx.example\r\n");
		break;
	case SAID_HELLO: bytes_add_text(to, PICK(script_ehlos, r->y % 8 == 0 ? r->x : h->in_tls ? 2 : 0)); break;
	case SAID_DATA: bytes_add_text(to, "354 go\r\n"); break;
	case SAID_STARTTLS: bytes_add_text(to, "220 go\r\n"); break;
	case SAID_AUTH: bytes_add_text(to, r->y % 3 != 0 ? "235 2.7.0 ok\r\n" : "334 VXNlcm5hbWU6\r\n"); break;
	default: bytes_add_text(to, r->y % 16 == 13 ? PICK(script_replies, r->x) : "250 2.0.0 ok\r\n");
	}
}

/* --- the policy
 * ------------------------------------------------------------------------------------------------------- */

static inline void add_name(struct verdict *v, const char *name, bool subdomains)
{
	v->names = calloc(1, sizeof(*v->names));
	MUST_HOLD(v->names != NULL);
	v->names_count = 1;
	v->names[0].subdomains = subdomains;
	(void)snprintf(v->names[0].name, sizeof(v->names[0].name), "%s", name);
}

/* MX hosts: one to three, and whether the destination is an address of the first. */
static inline void add_hosts_of(struct harness *h, struct verdict *v, const struct record *r)
{
	static const char *const names[] = { "mx1.example", "mx9.example", "mx2.example" };

	v->mx_count = 1 + r->z % 3;
	v->mx = calloc(v->mx_count, sizeof(*v->mx));
	MUST_HOLD(v->mx != NULL);
	for (size_t i = 0; i < v->mx_count; i++)
		(void)snprintf(v->mx[i].name, sizeof(v->mx[i].name), "%s", names[(i + (r->z >> 6)) % COUNT(names)]);
	v->mx[0].addrs_failed = r->z % 32 == 31;
	if ((r->z & 4) == 0) {
		v->mx[0].addrs = calloc(1, sizeof(struct addr));
		MUST_HOLD(v->mx[0].addrs != NULL);
		v->mx[0].addrs[0] = h->options.destination.addr;
		v->mx[0].addrs_count = 1;
	}
}

static inline struct verdict *script_verdict(struct harness *h, const struct record *r)
{
	static const enum level levels[] = { LEVEL_MAY,         LEVEL_ENCRYPT, LEVEL_VERIFY, LEVEL_DANE,
					     LEVEL_NONE,        LEVEL_SECURE,  LEVEL_DANE,   LEVEL_DANE_ONLY,
					     LEVEL_FINGERPRINT, LEVEL_UNSET,   LEVEL_COUNT };
	bool destination = h->asked == VERDICT_ASK_DESTINATION;
	struct verdict *v = verdict_new();
	uint8_t more[2] = { r->y ^ 0x5a, r->z };
	struct dice d = { more, sizeof(more), 0 };

	MUST_HOLD(v != NULL);
	if (destination && r->x < 96)
		return v;
	v->status = r->x % 32 == 31 ? VERDICT_FAILED : VERDICT_OK;
	v->level = PICK(levels, r->x);
	v->source = destination      ? VERDICT_SOURCE_DESTINATION
		    : r->y % 16 == 3 ? VERDICT_SOURCE_NONE
		    : r->y % 4 == 0  ? VERDICT_SOURCE_DOMAIN
				     : VERDICT_SOURCE_DEFAULT;
	v->enforce = r->y % 8 != 7;
	v->auth = destination && r->y % 2 == 0;
	v->match_mx = (r->y & 32) == 0;
	v->min_protocol = (r->y & 64) != 0 && (r->y & 128) != 0 ? CONF_TLS13 : CONF_TLS12;
	(void)snprintf(v->domain, sizeof(v->domain), "%s", h->asked_domain);
	v->published.status = VERDICT_PUBLISHED_NONE;
	v->mx_lookup = VERDICT_LOOKUP_FOUND;
	if ((r->y & 48) == 48)
		add_name(v, r->z & 8 ? "mx2.example" : "example", (r->z & 8) == 0);
	if (r->z % 16 == 9)
		(void)snprintf(v->servername, sizeof(v->servername), "mx9.example");
	if (r->z % 16 == 15)
		return v; /* no MX: no SNI */
	add_hosts_of(h, v, r);
	if (level_is_dane(v->level))
		pick_dane(&d, v);
	if (v->level == LEVEL_DANE)
		pick_published(&d, v);
	return v;
}

/* --- what was asked for comes about, or not
 * ----------------------------------------------------------------------------- */

static inline void handshake_ends(struct harness *h, const struct record *r, bool kindly)
{
	static const char *const certs[] = { "mx1.example mx9.example mx2.example", "mx1.example", "mx9.example",
					     "mx2.example", "other.example" };
	bool ok = h->server_in.len == 0 && (kindly || r->y % 2 == 0);

	h->want_tls = false;
	(void)snprintf(h->cert, sizeof(h->cert), "%s", PICK(certs, kindly && r->z % 4 != 0 ? 0 : r->x));
	h->cert_expired = r->y % 16 == 14;
	h->tls = (struct session_tls){ .version = r->z & 1 ? CONF_TLS12 : CONF_TLS13, .weak = r->z % 8 == 7 };
	if (h->tls.version < h->wished_protocol || (h->tls.weak && !h->wished_compat))
		ok = false;
	h->in_tls = ok;
	harness_feed(h, (struct session_event){ .kind = ok ? SESSION_TLS_READY : SESSION_TLS_FAILED, .tls = &h->tls });
}

static inline bool outcome_comes(struct harness *h, const struct record *r, bool kindly)
{
	if (h->spliced) {
		harness_splice(h,
			       &(struct session_splice){ .up = r->x,
							 .down = r->z,
							 .hellos = kindly || r->x % 4 != 0,
							 .half = r->x % 8 == 7,
							 .servername = "mx.example",
							 .offered = "TLSv1.3",
							 .version = "TLSv1.2" },
			       r->y % 8 == 7 ? "it ended" : NULL);
	} else if (h->want_client_tls) {
		harness_client_tls(h, kindly || r->y % 2 == 0, &(struct session_tls){ .version_name = "TLSv1.3" });
	} else if (h->want_dial) {
		h->want_dial = false;
		h->connected = kindly || r->y % 2 == 0;
		harness_feed(h,
			     (struct session_event){ .kind = h->connected ? SESSION_CONNECTED : SESSION_NOT_CONNECTED,
						     .ours = r->y % 4 == 3 });
	} else if (h->want_tls) {
		handshake_ends(h, r, kindly);
	} else if (h->want_verdict && !kindly && r->y == 255) {
		harness_no_verdict(h);
	} else if (h->want_verdict) {
		harness_verdict_in(h, script_verdict(h, r));
	} else {
		return false;
	}
	return true;
}

/* --- steps
 * ------------------------------------------------------------------------------------------------------------ */

/* Whoever is to act does. */
static inline void script_goes_on(struct harness *h, const struct record *r)
{
	unsigned want = session_want(h->s);

	if (outcome_comes(h, r, true))
		return;
	if ((want & SESSION_WANT_CLIENT) != 0 && h->client_in.len < 500)
		client_goes_on(h, r);
	else
		server_goes_on(h, r);
}

static inline void server_goes(struct harness *h)
{
	if (!h->connected)
		return;
	harness_leg_gone(h);
	h->connected = true; /* until the machine closes it */
	harness_feed(h, (struct session_event){ .kind = SESSION_SERVER_CLOSED });
}

static inline void time_passes(struct harness *h)
{
	h->now_s += h->timer_s;
	harness_feed(h, (struct session_event){ .kind = SESSION_TIMEOUT });
}

static inline void client_goes(struct harness *h)
{
	h->client_left = true;
	harness_feed(h, (struct session_event){ .kind = SESSION_CLIENT_CLOSED });
}

/* Outcomes of what was never asked for, and the process's end. */
static inline void surprise(struct harness *h, const struct record *r)
{
	switch (r->x % 7) {
	case 0: harness_feed(h, (struct session_event){ .kind = SESSION_SHUTDOWN }); break;
	case 1:
		if (!h->want_tls)
			harness_feed(h, (struct session_event){ .kind = SESSION_TLS_READY, .tls = &h->tls });
		break;
	case 2:
		if (!h->want_dial)
			harness_feed(h, (struct session_event){ .kind = SESSION_CONNECTED });
		break;
	case 3:
		if (!h->want_verdict)
			harness_feed(h, (struct session_event){ .kind = SESSION_VERDICT });
		break;
	case 5:
		if (!h->spliced)
			harness_feed(h, (struct session_event){ .kind = SESSION_SPLICED });
		break;
	case 4:
		if (!h->want_client_tls)
			harness_feed(h, (struct session_event){ .kind = SESSION_CLIENT_TLS_READY, .tls = &h->tls });
		break;
	default:
		if (!h->connected) /* it has closed, and there was none */
			harness_feed(h, (struct session_event){ .kind = SESSION_SERVER_CLOSED });
	}
}

static inline void script_step(struct harness *h, const struct record *r)
{
	if (r->what < 160)
		script_goes_on(h, r);
	else if (r->what < 184 && h->client_in.len < 500)
		client_says(h, r);
	else if (r->what < 208 && h->connected && h->server_in.len < 500)
		bytes_add_text(&h->server_in, h->observer.asked == SAID_HELLO && r->y % 2 == 0
						      ? PICK(script_ehlos, r->x)
						      : PICK(script_replies, r->x));
	else if (r->what >= 208 && r->what < 226)
		(void)outcome_comes(h, r, false);
	else if (r->what >= 226 && r->what < 234)
		server_goes(h);
	else if (r->what >= 234 && r->what < 242)
		time_passes(h);
	else if (r->what >= 242 && r->what < 246)
		client_goes(h);
	else if (r->what >= 246 && r->what < 250)
		h->now_s += r->x;
	else if (r->what >= 250)
		surprise(h, r);
}

/* One session, until it is over or the script is; then only time passes. */
static inline unsigned script_session(struct script *script, struct harness *h)
{
	struct record r;
	size_t step;

	if (!next_record(script, &r))
		return 0;
	h->options.bare_newline_reject = r.what & 1;
	h->options.enforce = (r.what & 2) == 0;
	h->options.clear_possible = r.what & 4;
	h->options.tls_compat = r.what & 8;
	h->options.client_tls = (r.what & 16) == 0    ? CONF_CLIENT_TLS_OFF
				: (r.what & 96) == 96 ? CONF_CLIENT_TLS_PASSTHROUGH
						      : CONF_CLIENT_TLS_TERMINATE;
	h->options.reports = r.what & 128;
	harness_start(h);
	while (!h->over && next_record(script, &r)) {
		script_step(h, &r);
		step = (r.z & 128) != 0 && h->client_in.len < 1000 ? 1 : 100000; /* octet by octet */
		while (harness_server(h, step) || harness_client(h, step))
			;
	}
	harness_times_out(h);
	return h->client.ok[SPEECH_END_OF_DATA];
}

/* Returns the number of messages that came through. */
static inline unsigned run_script(const uint8_t *in, size_t len)
{
	static struct harness h;
	struct script script = { in, len, 0 };
	struct host_memory *hosts = host_memory_new(8);
	struct ehlo_memory *keywords = ehlo_memory_new(8);
	uint64_t now_s = 1000;
	unsigned messages = 0;

	for (unsigned i = 0; i < SCRIPT_SESSIONS && len - script.at > SCRIPT_RECORD; i++) {
		memset(&h, 0, sizeof(h));
		h.now_s = now_s;
		h.options.hosts = hosts;
		h.options.keywords = keywords;
		MUST_HOLD(endpoint_parse(&h.options.client, "192.0.2.200:4000", 25));
		MUST_HOLD(endpoint_parse(&h.options.destination, "192.0.2.1", 25));
		messages += script_session(&script, &h);
		now_s = h.now_s;
		harness_stop(&h);
	}
	host_memory_free(hosts);
	ehlo_memory_free(keywords);
	return messages;
}

#endif
