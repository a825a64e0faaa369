/* postfix_key.c - the left side of a table: a next hop as Postfix looks it up (TLS_README, "TLS policy table"). */
#include "proxy/import/postfix_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/base/name.h"

/* take_port reads ":port" or nothing. */
static bool take_port(struct postfix_key *out, const char *text, struct postfix_teller *teller)
{
	const char *port = text + 1;

	if (text[0] == '\0')
		return true;
	if (text[0] != ':' || port[0] == '\0' || strlen(port) >= sizeof(out->port) ||
	    strspn(port, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(port))
		return postfix_lost(teller, "what follows the host is no port; Postfix never looks that up: remove it");
	(void)snprintf(out->port, sizeof(out->port), "%s", strcmp(port, "smtp") == 0 ? "25" : port);
	return true;
}

static bool take_name(struct postfix_key *out, const char *text, bool dot, struct postfix_teller *teller)
{
	const char *wrong = name_read(out->name, text, dot);

	return wrong == NULL || postfix_lost(teller, "\"%s\" %s; no rule is made of it", text, wrong);
}

/* take_brackets: [name], [address] or [IPv6:address], and perhaps a port. */
static bool take_brackets(struct postfix_key *out, const char *text, struct postfix_teller *teller)
{
	const char *end = strchr(text, ']');
	char inner[CONF_NAME_MAX];
	const char *host = inner;

	if (end == NULL || (size_t)(end - text) > sizeof(inner))
		return postfix_lost(teller, "the bracket is never closed; Postfix never looks that up: remove it");
	memcpy(inner, text + 1, (size_t)(end - text - 1));
	inner[end - text - 1] = '\0';
	if (!take_port(out, end + 1, teller))
		return false;
	if (strncasecmp(host, "ipv6:", 5) == 0)
		host += 5;
	if (addr_parse(&out->addr, host)) {
		out->kind = POSTFIX_KEY_ADDRESS;
		return true;
	}
	out->kind = POSTFIX_KEY_HOST;
	return take_name(out, inner, false, teller);
}

bool postfix_key_read(struct postfix_key *out, const char *text, struct postfix_teller *teller)
{
	char host[CONF_NAME_MAX];
	const char *colon = strchr(text, ':');
	struct addr addr;

	*out = (struct postfix_key){ .kind = POSTFIX_KEY_DOMAIN };
	if (text[0] == '[')
		return take_brackets(out, text, teller);
	if (text[0] == '/')
		return postfix_lost(teller,
				    "a pattern of a regexp: or pcre: table, or a socket; write a rule for each domain");
	if (addr_parse(&addr, text))
		return postfix_lost(teller, "an address without brackets; Postfix never looks that up: write [%s]",
				    text);
	if (colon == NULL)
		return take_name(out, text, true, teller);
	if ((size_t)(colon - text) >= sizeof(host))
		return postfix_lost(teller, "is not a domain name; no rule is made of it");
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	out->kind = POSTFIX_KEY_PORT;
	return take_port(out, colon, teller) && take_name(out, host, false, teller);
}

bool postfix_key_is_smtp(const struct postfix_key *key)
{
	return key->port[0] == '\0' || strcmp(key->port, "25") == 0;
}
