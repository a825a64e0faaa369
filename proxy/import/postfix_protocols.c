/* postfix_protocols.c - the attribute protocols: which versions of TLS Postfix would speak, and what of it gate25 can
 * say, which speaks TLS 1.2 and 1.3 (postconf(5), smtp_tls_mandatory_protocols). */
#include "proxy/import/postfix_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SSL2, SSL3, TLS10, TLS11, TLS12, TLS13, VERSIONS };

#define ALL ((1U << VERSIONS) - 1)

static int version_of(const char *text, bool number_allowed)
{
	static const char *const names[VERSIONS] = { "SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3" };
	char *end;
	long number;

	for (int i = 0; i < VERSIONS; i++) {
		if (strcasecmp(text, names[i]) == 0)
			return i;
	}
	number = strtol(text, &end, 16);
	if (!number_allowed || *end != '\0' || number < 0x300 || number > 0x304)
		return -1;
	return (int)(number - 0x300) + SSL3;
}

struct versions {
	unsigned included; /* a bit each; 0: all */
	unsigned excluded;
};

static bool take_item(struct versions *out, const char *item)
{
	const bool bound = (item[0] == '>' || item[0] == '<') && item[1] == '=';
	const bool no = item[0] == '!';
	const int version = version_of(item + (bound ? 2 : no ? 1 : 0), bound);

	if (version < 0)
		return false;
	if (bound && item[0] == '>')
		out->excluded |= (1U << version) - 1;
	else if (bound)
		out->excluded |= ALL & ~((2U << version) - 1);
	else if (no)
		out->excluded |= 1U << version;
	else
		out->included |= 1U << version;
	return true;
}

/* spoken: what is above a gap is not spoken either: OpenSSL has one range. */
static unsigned spoken(const struct versions *versions)
{
	unsigned left = (versions->included != 0 ? versions->included : ALL) & ~versions->excluded;
	unsigned range = 0;

	for (int i = 0; i < VERSIONS && (range == 0 || (left & 1U << i) != 0); i++)
		range |= left & 1U << i;
	return range;
}

bool postfix_protocols(struct postfix_policy *out, char *value, struct postfix_teller *teller)
{
	struct versions versions = { 0 };
	char whole[256];
	char *rest = NULL;
	unsigned range;

	(void)snprintf(whole, sizeof(whole), "%s", value);
	for (char *item = strtok_r(value, ":, \t", &rest); item != NULL; item = strtok_r(NULL, ":, \t", &rest)) {
		if (!take_item(&versions, item))
			return postfix_lost(
				teller,
				"protocols=%s: \"%s\" is no version of TLS, and Postfix opens no session by "
				"such a line: correct it",
				whole, item);
	}
	range = spoken(&versions);
	out->tls13 = range == 1U << TLS13;
	if (out->tls13 || (range & 1U << TLS13) != 0)
		return true;
	if ((range & 1U << TLS12) != 0)
		(void)postfix_lost(teller,
				   "protocols=%s: gate25 has no latest version and offers TLS 1.3 too; where a server "
				   "chokes on that, ask its operator to mend it",
				   whole);
	else
		(void)postfix_lost(
			teller,
			"protocols=%s: gate25 speaks TLS 1.2 and later; a server that has only older versions "
			"is refused until it has a later one",
			whole);
	return true;
}
