/* clang-format off */
/* Runs the scripted dialogues of tests/scenarios: each whole, octet by octet, and with the client pipelining.
 *
 *   === NAME                  begins a scenario; # is a comment
 *   SET key=value ...         dst, client, as_client=yes, enforce, clear_possible, compat, bare_newline=reject,
 *                             client_tls=yes or passthrough, reports=yes
 *   POLICY DOMAIN key=value   what policyd answers for it: level, source, enforce, auth, min, servername, names, mx
 *                             (name@address), status, result, lookup, floor, secure=no, strict=yes, dane (of each mx in
 *                             its order: none, failed, unusable, or WORD[+WORD][/BASE]: a CERT with WORD matches).
 *                             published=sts|list/STATUS/PATTERN,... , trouble=RESULT: what went wrong with it.
 *                             DOMAIN *: all others; -: none; @destination: the rule
 *   CERT [expired] NAME ...   of the server from now on; CERT sni=NAME NAME ...: where this SNI is asked for
 *   TLS fail|ok|weak|1.2|1.3|gate  how the next handshakes end;  CONNECT fail|ok|hold  the next dials
 *   CLIENT_TLS fail|alert|ok|hold  how the next handshakes with the client end; what it said in clear by then is a failure
 *   SPLICE early|hellos|half|end [REASON]  what is carried: no TLS yet / both sides began it / one side is done / it
 *                             is over; what either said in clear by then ends it
 *   HOLD / ANSWER / NOANSWER  keep the verdict back / give it / say that there is none
 *   C> LINE, S> LINE          client and server say it; C>> and S>>: with \r \n \0 \\ and no CRLF of their own; @close
 *   C< PATTERN, S< PATTERN    the next line either was told (fnmatch). S< @dial, @tls SNI [min13] [compat], @quit, @close
 *   L< PATTERN                a later record of the log
 *   JUDGED N                  so many times the server's certificates were judged since the session began
 *   REPORTED N                so many TLS reports were made; L< report DOMAIN: POLICY ...; ... is one
 *   TIMEOUT [N]               the timer (of N seconds) runs out;  WAIT N  time passes;  SHUTDOWN
 *   TIMEOUT unsent            likewise, and the server has not taken what it was told
 *   LEFT N                    the timer runs out N seconds from now: nothing that was said since set it anew
 *   OPEN / END                the session goes on / is over;  NEW  another session at the same worker
 *   USE open|reopen           the usual dialogue up to EHLO;  USE bind SNI [min13] [compat]
 *   BARRIER                   a pipelining client waits here;  NOPIPE  not to be pipelined at all
 *   WHOLE                     not octet by octet: what comes of a piece matters
 *
 * At the end of a scenario nothing may be left unsaid to either side. */
/* clang-format on */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fnmatch.h>
#include <cmocka.h>

#include "scenario_files.h"
#include "scenario_verdict.h"
#include "session_harness.h"

enum mode { MODE_WHOLE, MODE_OCTETS, MODE_PIPELINED, MODE_COUNT };
static const char *const mode_names[MODE_COUNT] = { "whole", "octet by octet", "pipelined" };

struct play {
	struct harness h;
	const struct line *lines;
	size_t count;
	size_t at;
	size_t loaded; /* client lines before this one are with the harness */
	enum mode mode;
	bool started, hold, hold_dial, hold_tls, connect_fails, tls_fails, hold_client_tls, client_tls_fails;
	struct {
		char domain[VERDICT_NAME_MAX];
		char text[600];
	} policies[16];
	size_t policies_count;
	struct {
		char sni[VERDICT_NAME_MAX];
		char cert[512];
	} certs[8];
	size_t certs_count;
	char cert[512];
	bool failed;
};

static void complain(struct play *p, const char *what, const char *got)
{
	const struct line *line = &p->lines[p->at < p->count ? p->at : p->count - 1];

	(void)fprintf(stderr, "%s:%u (%s): %s: %s\n  got: %s\n  state %s\n", line->file, line->number,
		      mode_names[p->mode], line->text, what, got, p->h.s != NULL ? session_state(p->h.s) : "-");
	p->failed = true;
}

/* --- the world around the machine ----------------------------------------------------------------------------------
 */

static struct verdict *verdict_asked(struct play *p)
{
	bool destination = p->h.asked == VERDICT_ASK_DESTINATION;
	const char *domain = destination ? "@destination" : p->h.asked_domain[0] != '\0' ? p->h.asked_domain : "-";
	const char *found = destination ? "source=none" : "level=encrypt source=default";

	for (size_t i = 0; i < p->policies_count; i++) {
		if (strcmp(p->policies[i].domain, domain) == 0 ||
		    (!destination && strcmp(p->policies[i].domain, "*") == 0))
			found = p->policies[i].text;
	}
	return verdict_from(p->h.asked_domain, found, p->h.options.enforce);
}

/* --- the world around the machine ----------------------------------------------------------------------------------
 */

static void start(struct play *p)
{
	if (p->started)
		return;
	p->started = true;
	harness_start(&p->h);
}

static void end_tls(struct play *p)
{
	bool ok = !p->tls_fails && p->h.server_in.len == 0;

	if (p->h.tls.version < p->h.wished_protocol || (p->h.tls.weak && !p->h.wished_compat))
		ok = false;
	p->h.want_tls = false;
	p->h.in_tls = ok;
	(void)snprintf(p->h.cert, sizeof(p->h.cert), "%s", p->cert);
	for (size_t i = 0; i < p->certs_count; i++) {
		if (strcmp(p->certs[i].sni, p->h.servername) == 0)
			(void)snprintf(p->h.cert, sizeof(p->h.cert), "%s", p->certs[i].cert);
	}
	(void)snprintf(p->h.tls.version_name, sizeof(p->h.tls.version_name),
		       p->h.tls.version == CONF_TLS13 ? "TLSv1.3" : "TLSv1.2");
	harness_feed(&p->h,
		     (struct session_event){ .kind = ok ? SESSION_TLS_READY : SESSION_TLS_FAILED, .tls = &p->h.tls });
}

static bool outcomes(struct play *p)
{
	struct harness *h = &p->h;

	if (h->over)
		return false;
	if (h->want_client_tls && !p->hold_client_tls) {
		harness_client_tls(h, !p->client_tls_fails, &(struct session_tls){ .version_name = "TLSv1.3" });
		return true;
	}
	if (h->want_dial && !p->hold_dial) {
		h->want_dial = false;
		h->connected = !p->connect_fails;
		harness_feed(
			h, (struct session_event){ .kind = h->connected ? SESSION_CONNECTED : SESSION_NOT_CONNECTED });
		return true;
	}
	if (h->want_tls && !p->hold_tls) {
		end_tls(p);
		return true;
	}
	if (h->want_verdict && !p->hold) {
		harness_verdict_in(h, verdict_asked(p));
		return true;
	}
	return false;
}

static void settle(struct play *p)
{
	size_t step = p->mode == MODE_OCTETS ? 1 : 60000;

	while (outcomes(p) || harness_server(&p->h, step) || harness_client(&p->h, step))
		;
}

/* --- saying and expecting ------------------------------------------------------------------------------------------
 */

static void add_raw(struct bytes *to, const char *text)
{
	for (; *text != '\0'; text++) {
		char octet = *text;
		if (octet == '\\') {
			text++;
			octet = *text == 'r' ? '\r' : *text == 'n' ? '\n' : *text == '0' ? '\0' : *text;
		}
		bytes_add(to, &octet, 1);
	}
}

static void add_line(struct bytes *to, const char *text, bool raw)
{
	if (raw) {
		add_raw(to, text);
		return;
	}
	bytes_add_text(to, text);
	bytes_add_text(to, "\r\n");
}

static const char *after(const char *text, const char *head)
{
	size_t len = strlen(head);

	if (strncmp(text, head, len) != 0)
		return NULL;
	if (text[len] == '\0')
		return text + len;
	return text[len] == ' ' ? text + len + 1 : NULL;
}

static void load_client(struct play *p, const char *text)
{
	const char *raw = after(text, "C>>");

	add_line(&p->h.client_in, raw != NULL ? raw : after(text, "C>"), raw != NULL);
}

static bool is_client_line(const char *text)
{
	return (after(text, "C>") != NULL || after(text, "C>>") != NULL) && strcmp(text, "C> @close") != 0;
}

static bool is_barrier(const char *text)
{
	return strcmp(text, "BARRIER") == 0 || strcmp(text, "NEW") == 0 || after(text, "TIMEOUT") != NULL ||
	       strcmp(text, "C> @close") == 0 || strcmp(text, "S> @close") == 0 || strcmp(text, "SHUTDOWN") == 0;
}

static void say_client(struct play *p)
{
	if (p->at < p->loaded)
		return;
	load_client(p, p->lines[p->at].text);
	p->loaded = p->at + 1;
	for (; p->mode == MODE_PIPELINED && p->loaded < p->count && !is_barrier(p->lines[p->loaded].text);
	     p->loaded++) {
		if (is_client_line(p->lines[p->loaded].text))
			load_client(p, p->lines[p->loaded].text);
	}
}

static void expect(struct play *p, struct bytes *from, const char *pattern)
{
	char got[4096];

	if (!bytes_take_line(from, got, sizeof(got)))
		complain(p, "nothing was said", from->len > 0 ? from->at : "");
	else if (fnmatch(pattern, got, 0) != 0)
		complain(p, "something else was said", got);
}

/* What is said in one mode and not in another. */
static void expect_perhaps(struct bytes *from, const char *pattern)
{
	char got[4096];
	size_t len = from->len > 0 ? strcspn(from->at, "\n") : 0;

	(void)snprintf(got, sizeof(got), "%.*s", (int)len, from->len > 0 ? from->at : "");
	if (len > 0 && fnmatch(pattern, got, 0) == 0)
		(void)bytes_take_line(from, got, sizeof(got));
}

static void expect_record(struct play *p, const char *pattern)
{
	char all[4096];
	char got[4096];

	(void)snprintf(all, sizeof(all), "%s", p->h.notes.at != NULL ? p->h.notes.at : "");
	while (bytes_take_line(&p->h.notes, got, sizeof(got))) {
		if (fnmatch(pattern, got, 0) == 0)
			return;
	}
	complain(p, "no such record", all);
}

static void expect_count(struct play *p, const char *times, const char *what, unsigned count)
{
	char got[32];

	(void)snprintf(got, sizeof(got), "%u", count);
	if (strcmp(times, got) != 0)
		complain(p, what, got);
}

/* --- directives ----------------------------------------------------------------------------------------------------
 */

static void do_set(struct play *p, const char *text)
{
	char value[600];

	if (value_of(text, "dst", value))
		MUST_HOLD(endpoint_parse(&p->h.options.destination, value, 25));
	if (value_of(text, "client", value))
		MUST_HOLD(endpoint_parse(&p->h.options.client, value, 4000));
	if (value_of(text, "as_client", value))
		p->h.options.as_client = strcmp(value, "yes") == 0;
	if (value_of(text, "enforce", value))
		p->h.options.enforce = strcmp(value, "no") != 0;
	if (value_of(text, "clear_possible", value))
		p->h.options.clear_possible = strcmp(value, "yes") == 0;
	if (value_of(text, "compat", value))
		p->h.options.tls_compat = strcmp(value, "yes") == 0;
	if (value_of(text, "reports", value))
		p->h.options.reports = strcmp(value, "yes") == 0;
	if (value_of(text, "client_tls", value))
		p->h.options.client_tls = strcmp(value, "yes") == 0           ? CONF_CLIENT_TLS_TERMINATE
					  : strcmp(value, "passthrough") == 0 ? CONF_CLIENT_TLS_PASSTHROUGH
									      : CONF_CLIENT_TLS_OFF;
	if (value_of(text, "bare_newline", value))
		p->h.options.bare_newline_reject = strcmp(value, "reject") == 0;
}

static void do_policy(struct play *p, const char *text)
{
	size_t len = strcspn(text, " ");

	MUST_HOLD(p->policies_count < COUNT(p->policies));
	(void)snprintf(p->policies[p->policies_count].domain, VERDICT_NAME_MAX, "%.*s", (int)len, text);
	(void)snprintf(p->policies[p->policies_count].text, 600, "%s", text + len);
	p->policies_count++;
}

static void do_cert(struct play *p, const char *text)
{
	const char *names = strchr(text, ' ');

	p->h.cert_expired = after(text, "expired") != NULL;
	if (strncmp(text, "sni=", 4) != 0) {
		(void)snprintf(p->cert, sizeof(p->cert), "%s", p->h.cert_expired ? after(text, "expired") : text);
		return;
	}
	MUST_HOLD(p->certs_count < COUNT(p->certs) && names != NULL);
	(void)snprintf(p->certs[p->certs_count].sni, VERDICT_NAME_MAX, "%.*s", (int)(names - text - 4), text + 4);
	(void)snprintf(p->certs[p->certs_count].cert, 512, "%s", names + 1);
	p->certs_count++;
}

static void do_tls(struct play *p, const char *how)
{
	p->tls_fails = strcmp(how, "fail") == 0;
	p->hold_tls = strcmp(how, "hold") == 0;
	p->h.tls.weak = strcmp(how, "weak") == 0;
	p->h.tls.of_gate25 = strcmp(how, "gate") == 0;
	if (strcmp(how, "1.2") == 0 || strcmp(how, "weak") == 0)
		p->h.tls.version = CONF_TLS12;
	if (strcmp(how, "1.3") == 0)
		p->h.tls.version = CONF_TLS13;
}

static void do_connect(struct play *p, const char *how)
{
	p->connect_fails = strcmp(how, "fail") == 0;
	p->hold_dial = strcmp(how, "hold") == 0;
}

static void do_timeout(struct play *p, const char *seconds)
{
	bool unsent = strcmp(seconds, "unsent") == 0;
	char got[32];

	(void)snprintf(got, sizeof(got), "%u", p->h.timer_s);
	if (seconds[0] != '\0' && !unsent && strcmp(seconds, got) != 0)
		complain(p, "the timer is another", got);
	if (p->h.timer_s == 0 || p->h.over)
		return;
	p->h.now_s = p->h.armed_s + p->h.timer_s;
	harness_feed(&p->h, (struct session_event){ .kind = SESSION_TIMEOUT, .unsent = unsent });
}

static void server_closes(struct play *p)
{
	harness_leg_gone(&p->h);
	p->h.connected = true; /* until the machine closes it */
	harness_feed(&p->h, (struct session_event){ .kind = SESSION_SERVER_CLOSED });
}

static void client_closes(struct play *p)
{
	p->h.client_left = true;
	harness_feed(&p->h, (struct session_event){ .kind = SESSION_CLIENT_CLOSED });
}

static void nothing_left(struct play *p)
{
	if (p->h.client_out.len > 0)
		complain(p, "more was said to the client", p->h.client_out.at);
	if (p->h.server_out.len > 0)
		complain(p, "more was said to the server", p->h.server_out.at);
}

static void do_splice(struct play *p, const char *what)
{
	const struct session_splice seen = { .up = 100,
					     .down = 200,
					     .hellos = true,
					     .half = after(what, "half") != NULL,
					     .servername = "mx.example",
					     .offered = "TLSv1.3",
					     .version = "TLSv1.2" };
	bool early = after(what, "early") != NULL;

	if (p->h.spliced)
		harness_splice(&p->h, early ? &(struct session_splice){ .up = 0 } : &seen, after(what, "end"));
	else
		complain(p, "nothing is carried", what);
}

static void another_session(struct play *p)
{
	struct session_options options = p->h.options;
	struct session_tls tls = p->h.tls;
	uint64_t now_s = p->h.now_s;

	if (!p->h.over)
		client_closes(p);
	p->h.server_out.len = 0;
	nothing_left(p);
	harness_stop(&p->h);
	memset(&p->h, 0, sizeof(p->h));
	p->h.options = options;
	p->h.tls = tls;
	p->h.now_s = now_s;
	harness_start(&p->h);
}

static bool step(struct play *p, const char *text);

static void do_all(struct play *p, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count && !p->failed; i++) {
		if (!step(p, lines[i]))
			complain(p, "no such directive", lines[i]);
	}
}

static void do_use(struct play *p, const char *what)
{
	static const char *const open[] = { "S< @dial", "S> 220 mx.example ESMTP", "C< 220 mx.example ESMTP" };
	static const char *const hello[] = { "S< EHLO c.example", "S> 250-mx.example",   "S> 250-STARTTLS",
					     "S> 250-PIPELINING", "S> 250-SIZE 1000000", "S> 250 8BITMIME" };
	static const char *const offered[] = { "C< 250-mx.example", "C< 250-*", "C< 250-*", "C< 250-*", "C< 250 *" };
	static const char *const reopen[] = { "S< @dial", "S> 220 mx.example ESMTP" };
	static const char *const starttls[] = { "S< STARTTLS", "S> 220 go ahead" };
	static const char *const bound[] = { "S< EHLO c.example", "S> 250-mx.example", "S> 250-SIZE 1000000",
					     "S> 250-SMTPUTF8",   "S> 250-DSN",        "S> 250 8BITMIME" };
	char line[400];

	if (strcmp(what, "open") == 0) {
		do_all(p, open, COUNT(open));
		bytes_add_text(&p->h.client_in, "");
		(void)step(p, "C> EHLO c.example");
		do_all(p, hello, COUNT(hello));
		do_all(p, offered, COUNT(offered));
	} else if (strcmp(what, "reopen") == 0) {
		do_all(p, reopen, COUNT(reopen));
		do_all(p, hello, COUNT(hello));
	} else if (after(what, "bind") != NULL) {
		do_all(p, starttls, COUNT(starttls));
		(void)snprintf(line, sizeof(line), "S< @tls %s", after(what, "bind"));
		(void)step(p, line);
		do_all(p, bound, COUNT(bound));
	} else {
		complain(p, "no such piece", what);
	}
}

static bool world(struct play *p, const char *text)
{
	const char *rest;

	if ((rest = after(text, "SET")) != NULL)
		do_set(p, rest);
	else if ((rest = after(text, "POLICY")) != NULL)
		do_policy(p, rest);
	else if ((rest = after(text, "CERT")) != NULL)
		do_cert(p, rest);
	else if ((rest = after(text, "TLS")) != NULL)
		do_tls(p, rest);
	else if ((rest = after(text, "CLIENT_TLS")) != NULL) {
		p->client_tls_fails = strcmp(rest, "fail") == 0 || strcmp(rest, "alert") == 0;
		p->h.client_alert = strcmp(rest, "alert") == 0 ? 48 : 0;
		p->hold_client_tls = strcmp(rest, "hold") == 0;
	} else if ((rest = after(text, "CONNECT")) != NULL)
		do_connect(p, rest);
	else if (strcmp(text, "HOLD") == 0)
		p->hold = true;
	else if (strcmp(text, "BARRIER") != 0 && strcmp(text, "NOPIPE") != 0 && strcmp(text, "WHOLE") != 0)
		return false;
	return true;
}

static bool events(struct play *p, const char *text)
{
	const char *rest;

	if (strcmp(text, "C> @close") == 0)
		client_closes(p);
	else if (strcmp(text, "S> @close") == 0)
		server_closes(p);
	else if ((rest = after(text, "S>>")) != NULL)
		add_line(&p->h.server_in, rest, true);
	else if ((rest = after(text, "S>")) != NULL)
		add_line(&p->h.server_in, rest, false);
	else if ((rest = after(text, "TIMEOUT")) != NULL)
		do_timeout(p, rest);
	else if ((rest = after(text, "WAIT")) != NULL)
		p->h.now_s += strtoul(rest, NULL, 10);
	else if ((rest = after(text, "SPLICE")) != NULL)
		do_splice(p, rest);
	else if (strcmp(text, "SHUTDOWN") == 0)
		harness_feed(&p->h, (struct session_event){ .kind = SESSION_SHUTDOWN });
	else if (strcmp(text, "NEW") == 0)
		another_session(p);
	else if (strcmp(text, "ANSWER") == 0)
		p->hold = false;
	else if (strcmp(text, "NOANSWER") == 0) {
		struct verdict *none = verdict_new();
		p->hold = false;
		p->h.want_verdict = false;
		none->source = VERDICT_SOURCE_DEFAULT;
		none->enforce = p->h.options.enforce;
		(void)snprintf(none->domain, sizeof(none->domain), "%s", p->h.asked_domain);
		harness_keep(&p->h, none);
		harness_feed(&p->h, (struct session_event){ .kind = SESSION_VERDICT });
	} else {
		return false;
	}
	return true;
}

static bool expectations(struct play *p, const char *text)
{
	const char *rest;

	if ((rest = after(text, "C<")) != NULL)
		expect(p, &p->h.client_out, rest);
	else if ((rest = after(text, "S<")) != NULL)
		expect(p, &p->h.server_out, rest);
	else if ((rest = after(text, "S<?")) != NULL)
		expect_perhaps(&p->h.server_out, rest);
	else if ((rest = after(text, "L<")) != NULL)
		expect_record(p, rest);
	else if ((rest = after(text, "JUDGED")) != NULL)
		expect_count(p, rest, "judged so many times", p->h.judged - p->h.judged_to_check);
	else if ((rest = after(text, "REPORTED")) != NULL)
		expect_count(p, rest, "reported so many times", p->h.reported);
	else if ((rest = after(text, "LEFT")) != NULL)
		expect_count(p, rest, "the timer has so much left",
			     (unsigned)(p->h.armed_s + p->h.timer_s - p->h.now_s));
	else if (strcmp(text, "END") == 0 && !p->h.over)
		complain(p, "the session goes on", "");
	else if (strcmp(text, "OPEN") == 0 && p->h.over)
		complain(p, "the session is over", "");
	else if (strcmp(text, "END") != 0 && strcmp(text, "OPEN") != 0)
		return false;
	return true;
}

static bool step(struct play *p, const char *text)
{
	const char *rest;

	if (world(p, text))
		return true;
	start(p);
	settle(p);
	if ((rest = after(text, "USE")) != NULL) {
		do_use(p, rest);
	} else if (is_client_line(text) && strcmp(text, p->lines[p->at].text) == 0) {
		say_client(p);
	} else if (is_client_line(text)) {
		/* Of a piece: it comes before what a pipelining client has said already. */
		load_client(p, text);
	} else if (!events(p, text) && !expectations(p, text)) {
		return false;
	}
	settle(p);
	return true;
}

static bool play_one(const struct line *lines, size_t count, enum mode mode)
{
	struct play *p = calloc(1, sizeof(*p));
	bool ok;

	MUST_HOLD(p != NULL);
	p->lines = lines;
	p->count = count;
	p->mode = mode;
	p->h.options.id = 1;
	p->h.options.enforce = true;
	p->h.options.hosts = host_memory_new(8);
	p->h.options.keywords = ehlo_memory_new(8);
	p->h.tls.version = CONF_TLS13;
	(void)snprintf(p->cert, sizeof(p->cert), "mx.b.example");
	MUST_HOLD(endpoint_parse(&p->h.options.client, "192.0.2.200:4000", 25));
	MUST_HOLD(endpoint_parse(&p->h.options.destination, "192.0.2.1", 25));
	for (p->at = 0; p->at < count && !p->failed; p->at++) {
		if (!step(p, lines[p->at].text))
			complain(p, "no such directive", lines[p->at].text);
	}
	p->at = count - 1;
	if (!p->failed)
		nothing_left(p);
	ok = !p->failed;
	host_memory_free(p->h.options.hosts);
	ehlo_memory_free(p->h.options.keywords);
	harness_stop(&p->h);
	free(p);
	return ok;
}

/* --- running ------------------------------------------------------------------------------------------------------ */

static bool may_play(const struct line *lines, size_t count, enum mode mode)
{
	static const char *const against[MODE_COUNT] = { [MODE_OCTETS] = "WHOLE", [MODE_PIPELINED] = "NOPIPE" };

	for (size_t i = 0; i < count; i++) {
		if (against[mode] != NULL && strcmp(lines[i].text, against[mode]) == 0)
			return false;
	}
	return true;
}

static void run_mode(enum mode mode)
{
	unsigned played = 0;
	unsigned failed = 0;

	for (size_t at = 0; at < script.count;) {
		size_t end = at + 1;
		assert_non_null(after(script.lines[at].text, "==="));
		while (end < script.count && after(script.lines[end].text, "===") == NULL)
			end++;
		if (may_play(script.lines + at, end - at, mode)) {
			played++;
			if (!play_one(script.lines + at + 1, end - at - 1, mode)) {
				failed++;
				(void)fprintf(stderr, "  in: %s\n", script.lines[at].text);
			}
		}
		at = end;
	}
	(void)fprintf(stderr, "%u scenarios, %u failed\n", played, failed);
	assert_int_equal(failed, 0);
	assert_true(played > 60);
}

static void test_whole(void **state)
{
	(void)state;
	run_mode(MODE_WHOLE);
}

static void test_octet_by_octet(void **state)
{
	(void)state;
	run_mode(MODE_OCTETS);
}

static void test_pipelined(void **state)
{
	(void)state;
	run_mode(MODE_PIPELINED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_octet_by_octet),
		cmocka_unit_test(test_pipelined),
	};

	return cmocka_run_group_tests(tests, read_all, forget_all);
}
