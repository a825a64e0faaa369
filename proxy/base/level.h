/* level.h - the security levels, with Postfix's names and Postfix's meaning (postconf(5), smtp_tls_security_level). */
#ifndef GATE25_BASE_LEVEL_H
#define GATE25_BASE_LEVEL_H

#include <stdbool.h>

#include "proxy/base/attrib.h"

enum level {
	LEVEL_UNSET = 0,   /* nothing was decided: grants nothing, not even TLS without authentication */
	LEVEL_NONE,        /* clear text, TLS is not tried */
	LEVEL_MAY,         /* TLS where it can be had, else clear text */
	LEVEL_ENCRYPT,     /* TLS, the peer is not authenticated */
	LEVEL_FINGERPRINT, /* TLS, the leaf certificate or its key has a listed digest */
	LEVEL_DANE,        /* TLS as TLSA records demand; without them the next source decides */
	LEVEL_DANE_ONLY,   /* TLS and a usable TLSA record that matches */
	LEVEL_VERIFY,      /* TLS, a trusted chain, the MX host's name from DNS unless match says otherwise */
	LEVEL_SECURE,      /* TLS, a trusted chain, the next-hop domain's name unless match says otherwise */
	LEVEL_COUNT
};

const char *level_name(enum level level);
/* level_parse knows the names above except "unset". */
MUST_CHECK bool level_parse(enum level *out, const char *name);
/* All are false for what they do not know. */
bool level_permits_clear(enum level level); /* NONE, MAY */
bool level_authenticates(enum level level); /* FINGERPRINT, DANE_ONLY, VERIFY, SECURE, and DANE */
bool level_is_dane(enum level level);       /* DANE, DANE_ONLY: TLSA records are looked for */
bool level_is_named(enum level level);      /* VERIFY, SECURE: a trusted chain with a name that is accepted */

#endif
