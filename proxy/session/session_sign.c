/* session_sign.c - what a session shows of its client and of who else is on the path, told and nothing else: a client
 * that judges servers by itself, another gate25, an Exchange server that takes gate25 for a peer. */
#include "proxy/session/session_private.h"

/* Alerts with which a client says that a certificate will not do (RFC 8446 s. 6.2). */
static bool is_of_certificate(uint8_t alert)
{
	switch (alert) {
	case 42:               /* bad_certificate */
	case 43:               /* unsupported_certificate */
	case 44:               /* certificate_revoked */
	case 45:               /* certificate_expired */
	case 46:               /* certificate_unknown */
	case 48:               /* unknown_ca */
	case 111:              /* certificate_unobtainable */
	case 113:              /* bad_certificate_status_response */
	case 114: return true; /* bad_certificate_hash_value */
	default: return false;
	}
}

enum session_sign sign_of_end(const struct session *s, enum session_end end)
{
	bool by_itself = end == SESSION_END_QUIT || end == SESSION_END_CLIENT_GONE;

	if (is_of_certificate(s->client_alert))
		return SESSION_SIGN_ALERT;
	if (s->mailed)
		return SESSION_SIGN_MAIL;
	if (by_itself && s->errors == 0 && (s->client_in_tls || s->starttls_hidden))
		return SESSION_SIGN_LEFT;
	return SESSION_SIGN_NONE;
}

void sign_of_hello(struct session *s)
{
	unsigned said = s->leg.ehlo.keywords | s->leg.clear.keywords;

	s->starttls_hidden = s->options.client_tls != CONF_CLIENT_TLS_TERMINATE && !passes_through(s) && !s->helo &&
			     (said & SMTP_KEYWORD_STARTTLS) != 0;
}

static void tell(struct session *s, enum session_sign sign)
{
	if ((s->signs & 1U << sign) != 0)
		return;
	s->signs |= 1U << sign;
	log_sign(s, sign);
}

void sign_of_server(struct session *s)
{
	if ((s->leg.ehlo.keywords & SMTP_KEYWORD_EXCHANGE) != 0)
		tell(s, SESSION_SIGN_EXCHANGE);
	if (leg_in_tls(s) && s->leg.tls.of_gate25)
		tell(s, SESSION_SIGN_GATE);
}
