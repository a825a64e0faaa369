/* session_requiretls.c - MAIL ... REQUIRETLS (RFC 8689): offered to a client in TLS, held to at each RCPT before the
 * server hears of the message, forwarded as it is. It is the sender's demand: no level and no report-only lowers it.
 * A header TLS-Required is content, and nothing here reads content. */
#include <stdio.h>
#include <string.h>

#include "policy/verdict/requiretls.h"
#include "proxy/session/session_private.h"

struct lack { /* of the leg, for the message at hand */
	const char
		*code; /* "5.7.30" no extension, "5.7.10" no TLS that is good enough, "4.4.3" unknown; NULL: nothing */
	enum result_word word;
	char reason[VERDICT_REASON_MAX];
};

bool requiretls_offered(const struct session *s)
{
	const struct smtp_ehlo *remembered;

	if (!s->client_in_tls)
		return false;
	if (s->bound)
		return leg_in_tls(s) && (s->leg.ehlo.keywords & SMTP_KEYWORD_REQUIRETLS) != 0;
	/* What was said in clear somebody may have changed, and servers say this in TLS only. Where that is not known,
	 * a client that is not offered it would give its message up; one that is, hears at RCPT how it stands. */
	remembered = ehlo_memory_find(s->options.keywords, &s->options.destination, s->now_s);
	if (remembered != NULL)
		return (remembered->keywords & SMTP_KEYWORD_REQUIRETLS) != 0;
	return (s->leg.ehlo.keywords & SMTP_KEYWORD_STARTTLS) != 0;
}

bool requiretls_demanded(const struct session *s)
{
	/* Bounces are not held up by it (s. 4.2.1, 5). */
	return s->tx.mail.requiretls && s->tx.mail.path.text[0] != '\0';
}

/* --- whether the leg will do -------------------------------------------------------------------------------------- */

static bool lacks(struct lack *out, const char *code, enum result_word word, const char *reason)
{
	out->code = code;
	out->word = word;
	(void)snprintf(out->reason, sizeof(out->reason), "%.*s", (int)sizeof(out->reason) - 1, reason);
	return true;
}

/* The certificates are held against what the message demands; what the policy found of them stays in the leg. */
static bool lacks_proof(struct session *s, struct lack *out)
{
	struct requiretls demand;
	struct judgement judgement = { 0 };

	requiretls_of(&demand, s->verdict, &s->options.destination.addr);
	switch (demand.status) {
	case REQUIRETLS_UNKNOWN: return lacks(out, "4.4.3", RESULT_NONE, demand.reason);
	case REQUIRETLS_IMPOSSIBLE: return lacks(out, "5.7.10", RESULT_NONE, demand.reason);
	case REQUIRETLS_JUDGE: break;
	}
	s->ops->judge(s->arg, &demand.verdict, SESSION_JUDGE_FOR_SENDER, &judgement);
	if (!judgement.satisfied || !judgement.authenticated)
		return lacks(out, "5.7.10", judgement.result,
			     judgement.reason[0] != '\0' ? judgement.reason : "the server could not be authenticated");
	if (s->leg.tls.weak || s->leg.tls.version < demand.verdict.min_protocol)
		return lacks(out, "5.7.10", RESULT_VALIDATION_FAILURE, "the session's cipher or version is too weak");
	return false;
}

/* leg_lacks fills |out| where something is wanting; false: nothing is. */
static bool leg_lacks(struct session *s, struct lack *out)
{
	*out = (struct lack){ 0 };
	if (!leg_in_tls(s))
		return lacks(out, "5.7.10", RESULT_STARTTLS_NOT_SUPPORTED, "the server is not reached over TLS");
	if (lacks_proof(s, out))
		return true;
	if ((s->leg.ehlo.keywords & SMTP_KEYWORD_REQUIRETLS) == 0)
		return lacks(out, "5.7.30", RESULT_NONE, "the server does not support REQUIRETLS");
	return false;
}

bool requiretls_wants_another_leg(struct session *s)
{
	struct lack lack;

	if (!s->bound || !requiretls_demanded(s) || s->tx.open || !leg_lacks(s, &lack) ||
	    strcmp(lack.code, "5.7.10") != 0)
		return false;
	bind_candidates(s);
	return !leg_in_tls(s) || another_handshake_helps(s);
}

/* RFC 8689 s. 4.2.1 has the sender try each MX host, and fail for good then. Which one, the client chooses: it is told
 * to go on where there is another, and is told no where there is none. */
static enum state refuse_lack(struct session *s, const struct lack *lack)
{
	bool later = lack->code[0] == '4' || requiretls_has_others(s->verdict, &s->options.destination.addr);
	char line[SMTP_REPLY_LINE_MAX + 1];

	(void)snprintf(line, sizeof(line), "%s %c%s REQUIRETLS: %s", later ? "451" : "550", later ? '4' : '5',
		       lack->code + 1, lack->reason);
	log_refusal(s, SESSION_RECORD_REFUSED, lack->word, line, lack->reason);
	return rcpt_refused(s, line);
}

bool requiretls_refuses(struct session *s, enum state *out_next)
{
	struct lack lack;

	if (!requiretls_demanded(s) || !leg_lacks(s, &lack))
		return false;
	*out_next = refuse_lack(s, &lack);
	return true;
}

/* --- forwarding --------------------------------------------------------------------------------------------------- */

/* A bounce goes on to a server without the extension too, which would not take the parameter: s. 5 would rather have it
 * delivered than lost. Nothing else ever loses it, and nothing gets it that had it not. */
void requiretls_forwarded(const struct session *s, struct smtp_envelope *out)
{
	bool known = leg_in_tls(s) && (s->leg.ehlo.keywords & SMTP_KEYWORD_REQUIRETLS) != 0;

	*out = s->tx.mail;
	if (out->requiretls && !requiretls_demanded(s) && !known)
		smtp_envelope_drop_requiretls(out);
}
