/* session_observer.h - watches one session from outside and knows only what can be seen there: the octets that were
 * taken from either side, those that were said to either side, and the operations. It has its own idea of SMTP, shares
 * no code with what it watches, and holds at each step, whatever happens:
 *
 *   - an upstream leg hears nothing in clear but EHLO with the client's own name, STARTTLS, RSET and QUIT, unless the
 *     verdict of the very recipient at hand permits it; in TLS, envelope only where that verdict is satisfied;
 *   - MAIL and RCPT upstream are those of the client's transaction, octet for octet, RCPT the one that waits; DATA only
 *     behind an accepted RCPT; content is the client's own of this message, as message_reference.h has it;
 *   - no 2xx to RCPT, to the end of a message, to EHLO or AUTH, no 220 and no 354, that is not the server's own reply
 * to just that, on this leg and in this transaction;
 *   - each command of the client gets one reply, in order; a 421 ends the session; each reply is well-formed;
 *   - after STARTTLS nothing is said in clear, and EHLO comes first in TLS; nothing happens once the session is over;
 *   - a session that is not over waits for something, and never without a timer. */
#ifndef GATE25_TESTS_SESSION_OBSERVER_H
#define GATE25_TESTS_SESSION_OBSERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/unit/proxy/message_reference.h"

#define OBSERVED_LINE_MAX    70000
#define OBSERVED_MESSAGE_MAX 200000
#define OBSERVED_PATH_MAX    1400

#define OBSERVE(condition)                                                                              \
	do {                                                                                            \
		if (!(condition)) {                                                                     \
			(void)fprintf(stderr, "%s:%d: observed: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                        \
		}                                                                                       \
	} while (0)

enum said {
	SAID_NOTHING = 0,
	SAID_OTHER,
	SAID_HELLO,
	SAID_MAIL,
	SAID_RCPT,
	SAID_DATA,
	SAID_END, /* of a message */
	SAID_RSET,
	SAID_QUIT,
	SAID_STARTTLS,
	SAID_AUTH, /* and the lines of its exchange */
};

struct said_line {
	char text[OBSERVED_LINE_MAX];
	size_t len;
};

struct observer {
	/* Whether |domain|'s verdict permits clear text; whether the peer, in TLS, satisfies it. */
	bool (*permits_clear)(void *arg, const char *domain);
	bool (*peer_satisfies)(void *arg, const char *domain);
	void *arg;
	bool reject; /* bare newlines are not repaired */

	/* the client */
	struct said_line from_client, to_client;
	enum said pending; /* waits for its reply */
	bool greeted, hello, sasl, gone;
	char hello_said[2100], hello_name[2100];
	unsigned reply_code; /* of the lines of a reply so far */
	char rcpt[OBSERVED_PATH_MAX], rcpt_domain[OBSERVED_PATH_MAX], rcpt_params[2100];
	char mail_said[OBSERVED_PATH_MAX], mail_said_params[2100];
	bool offered_auth, offered_starttls, offered_requiretls; /* by the last EHLO reply */
	bool mail;                                               /* it was told 250 */
	char mail_path[OBSERVED_PATH_MAX], mail_params[2100];
	unsigned accepted; /* RCPTs it was told 2xx */
	bool content;
	char message[OBSERVED_MESSAGE_MAX]; /* as it was taken, and behind that what is offered */
	size_t message_len, offered_len;
	size_t must_take; /* of what is offered */
	bool client_more; /* octets follow that */

	/* the server's leg */
	struct said_line to_server;
	bool connected, in_tls, shaking, leg_greeted;
	bool leg_hello;                /* EHLO was accepted, in TLS where TLS is */
	enum said asked;               /* of the server, without its reply */
	enum said answered;            /* its last reply: to this */
	unsigned answer;               /* and so; 0: passed on already */
	bool server_more;              /* octets follow it */
	bool hello_asked, hello_taken; /* of the server, by it: since the client's EHLO */
	bool server_mail, server_content, server_sasl;
	unsigned server_rcpts;
	size_t server_message_len;
	bool quit_said;
};

/* --- lines ----------------------------------------------------------------------------------------------------------
 */

static inline enum said said_of(const char *line)
{
	static const struct {
		const char *verb;
		enum said said;
	} verbs[] = { { "EHLO", SAID_HELLO }, { "HELO", SAID_HELLO }, { "MAIL", SAID_MAIL },
		      { "RCPT", SAID_RCPT },  { "DATA", SAID_DATA },  { "RSET", SAID_RSET },
		      { "QUIT", SAID_QUIT },  { "AUTH", SAID_AUTH },  { "STARTTLS", SAID_STARTTLS } };
	size_t len = strcspn(line, " \t");

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strlen(verbs[i].verb) == len && strncasecmp(line, verbs[i].verb, len) == 0)
			return verbs[i].said;
	}
	return SAID_OTHER;
}

/* Blanks between words become one, those at the end none. */
static inline void words_of(char *out, size_t cap, const char *in)
{
	size_t len = 0;

	for (; *in != '\0'; in++) {
		if (*in == ' ' && (len == 0 || out[len - 1] == ' '))
			continue;
		if (len + 1 < cap)
			out[len++] = *in;
	}
	out[len - (len > 0 && out[len - 1] == ' ')] = '\0';
}

/* The path between < and > of MAIL or RCPT, its source route cut, and the words behind it; false: there is none. */
static inline bool path_of(const char *line, char path[OBSERVED_PATH_MAX], char params[2100])
{
	const char *at = strchr(line, '<');
	bool quoted = false;
	bool literal = false;
	size_t len = 0;

	if (at == NULL)
		return false;
	for (at++; *at != '\0' && (quoted || *at != '>'); at++) {
		bool routed = len > 0 && path[0] == '@';
		literal = !quoted && (literal ? *at != ']' : *at == '[');
		if (len + 2 >= OBSERVED_PATH_MAX)
			return false;
		if (*at == '"' && !routed)
			quoted = !quoted;
		path[len++] = *at;
		if (quoted && *at == '\\' && at[1] != '\0')
			path[len++] = *++at;
		if (routed && !literal && *at == ':')
			len = 0;
	}
	path[len] = '\0';
	if (*at == '\0')
		return false;
	words_of(params, 2100, at + 1);
	return true;
}

/* What stands behind the last @ outside quotes, in lower case. */
static inline void path_domain(const char *path, char out[OBSERVED_PATH_MAX])
{
	const char *domain = "";
	bool quoted = false;
	size_t len = 0;

	for (const char *at = path; *at != '\0'; at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (quoted && *at == '\\' && at[1] != '\0')
			at++;
		else if (!quoted && *at == '@')
			domain = at + 1;
	}
	for (; domain[len] != '\0'; len++)
		out[len] = (char)(domain[len] >= 'A' && domain[len] <= 'Z' ? domain[len] + 32 : domain[len]);
	out[len] = '\0';
}

/* Adds an octet; true: a line with CRLF is complete, and |line->text| has it without. */
static inline bool line_add(struct said_line *line, char c)
{
	OBSERVE(line->len + 1 < sizeof(line->text));
	line->text[line->len++] = c;
	if (line->len < 2 || c != '\n' || line->text[line->len - 2] != '\r')
		return false;
	line->text[line->len - 2] = '\0';
	line->len = 0;
	return true;
}

/* A bounce may lose its REQUIRETLS (RFC 8689 s. 5), and nothing else may lose anything. */
static inline bool same_params(const struct observer *o, const char *params)
{
	const char *word = strcasestr(o->mail_params, "REQUIRETLS");
	size_t before = word != NULL ? (size_t)(word - o->mail_params) : 0;
	char without[2100];

	if (strcmp(params, o->mail_params) == 0)
		return true;
	if (word == NULL || o->mail_path[0] != '\0')
		return false;
	(void)snprintf(without, sizeof(without), "%.*s%s", (int)before, o->mail_params, word + strlen("REQUIRETLS"));
	words_of(without, sizeof(without), without);
	return strcmp(params, without) == 0;
}

/* --- the client speaks
 * ------------------------------------------------------------------------------------------------ */

static inline void transaction_over(struct observer *o)
{
	o->mail = false;
	o->accepted = 0;
}

static inline void client_line(struct observer *o, const char *line)
{
	OBSERVE(o->greeted && o->pending == SAID_NOTHING);
	o->pending = o->sasl ? SAID_AUTH : said_of(line);
	o->sasl = false;
	if (o->pending == SAID_HELLO) {
		words_of(o->hello_said, sizeof(o->hello_said), line + 4);
		o->hello_asked = o->hello_taken = false;
		o->offered_auth = o->offered_starttls = o->offered_requiretls = false;
	} else if (o->pending == SAID_MAIL) {
		(void)path_of(line, o->mail_said, o->mail_said_params);
	} else if (o->pending == SAID_RCPT) {
		o->rcpt[0] = '\0';
		if (path_of(line, o->rcpt, o->rcpt_params))
			path_domain(o->rcpt, o->rcpt_domain);
	}
}

/* observer_client_offers: the session is about to be given these octets; where one line or the message ends, it has to
 * stop. */
static inline void observer_client_offers(struct observer *o, const char *in, size_t len)
{
	static char out[3 * OBSERVED_MESSAGE_MAX];
	struct message_reference r;

	o->must_take = 0;
	o->offered_len = 0;
	if (!o->content) {
		while (o->must_take < len && !line_add(&o->from_client, in[o->must_take++]))
			;
		o->client_more = o->must_take < len;
		if (o->must_take > 0 && o->from_client.len == 0)
			client_line(o, o->from_client.text);
		return;
	}
	OBSERVE(o->message_len + len <= sizeof(o->message));
	memcpy(o->message + o->message_len, in, len);
	r = message_reference(out, o->message, o->message_len + len);
	o->must_take = r.taken - o->message_len;
	o->offered_len = o->must_take;
	if (!r.ended)
		return;
	o->content = false;
	OBSERVE(o->pending == SAID_NOTHING);
	o->pending = SAID_END;
}

/* observer_client_took: of these the session took so many. */
static inline void observer_client_took(struct observer *o, size_t taken)
{
	bool all = taken == o->must_take;

	if (o->offered_len == 0) {
		OBSERVE(all || o->gone);
		return;
	}
	o->message_len += taken;
	o->offered_len = 0;
	/* It stops at a bare newline that it does not take, and goes on to look for the end. */
	OBSERVE(all || (o->reject && taken < o->must_take));
	if (all || o->pending != SAID_END)
		return;
	o->content = true;
	o->pending = SAID_NOTHING;
}

/* --- the client hears
 * ------------------------------------------------------------------------------------------------- */

/* It is the server's own reply to this, and is passed on once. */
static inline bool is_servers_own(struct observer *o, enum said said, unsigned code)
{
	bool own = o->answered == said && o->answer == code;

	o->answer = 0;
	return own;
}

static inline void client_hears(struct observer *o, unsigned code)
{
	enum said said = o->pending;

	if (!o->greeted) {
		OBSERVE(code != 220 || is_servers_own(o, SAID_NOTHING, 220));
		OBSERVE(code == 220 || code >= 400);
		o->greeted = true;
		o->gone = code != 220;
		return;
	}
	OBSERVE(said != SAID_NOTHING || code == 421);
	o->pending = SAID_NOTHING;
	o->gone = code == 421;
	if (said == SAID_RCPT && code < 400) {
		OBSERVE(code < 300 && is_servers_own(o, SAID_RCPT, code));
		o->accepted++;
		OBSERVE(o->accepted == o->server_rcpts);
	} else if (said == SAID_DATA && code < 400) {
		OBSERVE(code == 354 && is_servers_own(o, SAID_DATA, code) && o->accepted > 0);
		o->content = true;
		o->message_len = 0;
	} else if (said == SAID_END) {
		OBSERVE(code >= 400 || (code < 300 && is_servers_own(o, SAID_END, code)));
		transaction_over(o);
	} else if (said == SAID_AUTH && code < 400) {
		OBSERVE(is_servers_own(o, SAID_AUTH, code));
		o->sasl = code == 334;
	} else if (said == SAID_HELLO) {
		OBSERVE(code >= 400 || (code == 250 && o->hello_taken));
		o->hello = code < 400 || (o->hello && !o->hello_asked);
	} else if (said == SAID_MAIL && code < 400) {
		OBSERVE(code == 250 && o->hello && !o->mail);
		o->mail = true;
		memcpy(o->mail_path, o->mail_said, sizeof(o->mail_path));
		memcpy(o->mail_params, o->mail_said_params, sizeof(o->mail_params));
	} else if (said == SAID_RSET) {
		OBSERVE(code == 250 || code >= 400);
		if (code == 250)
			transaction_over(o);
	} else if (said == SAID_QUIT && code < 400) {
		OBSERVE(code == 221);
		o->gone = true;
	} else if (said == SAID_STARTTLS) {
		OBSERVE(code == 220 || code >= 400);
	} else if (said == SAID_OTHER) {
		OBSERVE(code >= 400 || code == 250 || code == 252 || code == 214);
	}
}

/* observer_client_hears: the session said these octets. */
static inline void observer_client_hears(struct observer *o, const char *in, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char *line = o->to_client.text;
		unsigned code;
		if (!line_add(&o->to_client, in[i]))
			continue;
		code = (unsigned)strtoul(line, NULL, 10);
		OBSERVE(strspn(line, "0123456789") == 3 && code >= 200 && code < 600);
		OBSERVE(line[3] == ' ' || line[3] == '-');
		OBSERVE(code == 334 || strlen(line) <= 510);
		OBSERVE(strpbrk(line, "\r\n") == NULL && (o->reply_code == 0 || o->reply_code == code));
		if (o->pending == SAID_HELLO && code == 250) {
			o->offered_auth |= strncmp(line + 4, "AUTH ", 5) == 0;
			o->offered_starttls |= strcmp(line + 4, "STARTTLS") == 0;
			o->offered_requiretls |= strcmp(line + 4, "REQUIRETLS") == 0;
		}
		o->reply_code = line[3] == '-' ? code : 0;
		if (o->reply_code == 0)
			client_hears(o, code);
	}
}

/* --- the server hears
 * ------------------------------------------------------------------------------------------------- */

static inline void server_forgets(struct observer *o)
{
	o->server_mail = false;
	o->server_rcpts = 0;
}

/* The envelope at hand may be heard on this leg as it is. */
static inline bool leg_will_do(const struct observer *o)
{
	if (!o->in_tls)
		return o->permits_clear(o->arg, o->rcpt_domain);
	return o->peer_satisfies(o->arg, o->rcpt_domain);
}

static inline void envelope_line(const struct observer *o, enum said said, const char *line)
{
	char path[OBSERVED_PATH_MAX];
	char params[2100];

	OBSERVE(o->pending == SAID_RCPT && o->mail && o->leg_hello);
	OBSERVE(path_of(line, path, params) && leg_will_do(o));
	OBSERVE(strchr(line, '<')[1] != '@'); /* no source route goes on: the server might take it */
	if (said == SAID_MAIL) {
		OBSERVE(!o->server_mail && o->accepted == 0);
		OBSERVE(strcmp(path, o->mail_path) == 0 && same_params(o, params));
	} else {
		OBSERVE(o->server_mail && o->accepted == o->server_rcpts);
		OBSERVE(strcmp(path, o->rcpt) == 0 && strcmp(params, o->rcpt_params) == 0);
	}
}

static inline void server_line(struct observer *o, const char *line)
{
	enum said said = o->server_sasl ? SAID_AUTH : said_of(line);
	char name[2100];

	o->server_sasl = false;
	o->quit_said = said == SAID_QUIT;
	if (said == SAID_QUIT)
		return;
	OBSERVE(o->leg_greeted && o->asked == SAID_NOTHING);
	o->asked = said;
	o->answer = 0;
	switch (said) {
	case SAID_HELLO:
		if (o->pending == SAID_HELLO) {
			memcpy(o->hello_name, o->hello_said, sizeof(o->hello_name));
			o->hello_asked = true;
			o->hello = false;
			transaction_over(o);
		}
		words_of(name, sizeof(name), line + 4);
		OBSERVE(strcmp(name, o->hello_name) == 0);
		break;
	case SAID_STARTTLS: OBSERVE(!o->in_tls && o->leg_hello && !o->server_mail); break;
	case SAID_MAIL:
	case SAID_RCPT: envelope_line(o, said, line); break;
	case SAID_DATA:
		OBSERVE(o->pending == SAID_DATA && o->server_rcpts > 0 && o->accepted == o->server_rcpts);
		break;
	case SAID_RSET: OBSERVE(o->pending == SAID_RSET); break;
	case SAID_AUTH: OBSERVE(o->in_tls && o->leg_hello && o->pending == SAID_AUTH); break;
	default: OBSERVE(said == SAID_NOTHING);
	}
}

/* The content is the client's own, of this message, as far as it got. */
static inline void server_content(struct observer *o, const char *in, size_t len)
{
	static char out[3 * OBSERVED_MESSAGE_MAX];
	struct message_reference r = message_reference(out, o->message, o->message_len + o->offered_len);
	size_t most = o->reject ? r.clean_len : r.len;

	OBSERVE(len <= most - o->server_message_len && memcmp(out + o->server_message_len, in, len) == 0);
	o->server_message_len += len;
	if (!r.ended || o->server_message_len < most || (o->reject && r.repaired))
		return;
	o->server_content = false;
	o->asked = SAID_END;
	o->answer = 0;
}

/* observer_server_hears: the session said these octets. What the client says was offered before. */
static inline void observer_server_hears(struct observer *o, const char *in, size_t len)
{
	OBSERVE(o->connected && !o->shaking && !o->quit_said);
	if (o->server_content) {
		server_content(o, in, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (line_add(&o->to_server, in[i]))
			server_line(o, o->to_server.text);
	}
}

/* --- the server speaks, or goes
 * ----------------------------------------------------------------------------------------- */

/* observer_server_said: one whole reply stands before the session; |more|: and octets behind it. */
static inline void observer_server_said(struct observer *o, unsigned code, bool more)
{
	enum said said = o->asked;

	o->server_more = more;
	o->answered = said;
	o->answer = code;
	o->asked = SAID_NOTHING;
	o->server_sasl = said == SAID_AUTH && code == 334;
	if (said == SAID_NOTHING)
		o->leg_greeted = true;
	else if (said == SAID_HELLO && code < 300)
		o->leg_hello = o->hello_taken = true;
	else if (said == SAID_MAIL && code < 300)
		o->server_mail = true;
	else if (said == SAID_RCPT && code < 300)
		o->server_rcpts++;
	else if (said == SAID_DATA && code == 354)
		o->server_content = true;
	o->server_message_len = said == SAID_DATA ? 0 : o->server_message_len;
	if ((said == SAID_HELLO || said == SAID_RSET) && code < 300)
		server_forgets(o);
	if (said == SAID_END)
		server_forgets(o);
}

static inline void observer_leg(struct observer *o, bool connected)
{
	o->connected = connected;
	o->in_tls = o->shaking = o->leg_greeted = o->leg_hello = false;
	o->server_content = o->server_sasl = o->quit_said = false;
	o->asked = o->answered = SAID_NOTHING;
	o->answer = 0;
	o->to_server.len = 0;
	server_forgets(o);
}

static inline void observer_start_tls(struct observer *o)
{
	OBSERVE(o->answered == SAID_STARTTLS && o->answer == 220 && o->asked == SAID_NOTHING && !o->in_tls);
	OBSERVE(!o->server_more);
	o->shaking = true;
}

static inline void observer_tls_is_up(struct observer *o)
{
	o->shaking = false;
	o->in_tls = true;
	o->leg_hello = false;
}

/* What the client said in clear behind its STARTTLS is never taken for what it says in TLS. */
static inline void observer_start_client_tls(const struct observer *o)
{
	OBSERVE(!o->client_more && o->pending == SAID_NOTHING && o->hello && !o->mail);
}

/* The client is as it was after the greeting (RFC 3207 s. 4.2). */
static inline void observer_client_tls_is_up(struct observer *o)
{
	OBSERVE(o->from_client.len == 0 && o->pending == SAID_NOTHING);
	o->hello = false;
	transaction_over(o);
}

/* --- at rest
 * ------------------------------------------------------------------------------------------------------------ */

struct observed { /* after each event */
	bool over, client_left;
	bool wants_client, wants_server;
	bool waits; /* for an outcome: dial, TLS, verdict, splice */
	unsigned timer_s;
};

static inline void observer_rests(const struct observer *o, const struct observed *now)
{
	OBSERVE(o->reply_code == 0 && o->to_client.len == 0);
	if (now->over) {
		OBSERVE(!now->wants_client && !now->wants_server && !now->waits && now->timer_s == 0 && !o->connected);
		OBSERVE(o->pending == SAID_NOTHING || now->client_left);
		return;
	}
	OBSERVE(!o->gone);
	OBSERVE(now->timer_s > 0 && now->timer_s <= 660);
	OBSERVE(now->wants_client || now->wants_server || now->waits);
	OBSERVE(!now->wants_client || (o->pending == SAID_NOTHING && !now->waits));
	OBSERVE(!now->wants_server || (o->connected && !o->shaking));
	OBSERVE(o->to_server.len == 0);
}

#endif
