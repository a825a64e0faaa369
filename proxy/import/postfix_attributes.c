/* postfix_attributes.c - the attributes of a policy (postconf(5), smtp_tls_policy_maps). */
#include "proxy/import/postfix_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proxy/base/name.h"

#define DEFERS "Postfix defers mail by such a line: correct it"

static bool add(struct string_list *list, const char *text, struct postfix_teller *teller)
{
	char **items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (items != NULL)
		list->items = items;
	if (items == NULL || (items[list->count] = strdup(text)) == NULL)
		return postfix_lost(teller, "out of memory");
	list->count++;
	return true;
}

/* --- match -------------------------------------------------------------------------------------------------------- */

static bool match_name(struct postfix_policy *out, const char *item, struct postfix_teller *teller)
{
	char name[CONF_NAME_MAX];
	const char *wrong = name_read(name, item, true);

	if (wrong != NULL)
		return postfix_lost(teller, "match: \"%s\" %s: correct it, or leave it out", item, wrong);
	if (strcmp(name, "hostname") == 0)
		out->names_hostname = true;
	if (strcmp(name, "nexthop") == 0 || strcmp(name, "dot-nexthop") == 0)
		out->names_nexthop = true;
	return add(&out->match, name, teller);
}

/* match_digest: of another algorithm it is left out: fewer certificates will do, never more. */
static bool match_digest(struct postfix_policy *out, const char *item, struct postfix_teller *teller)
{
	static const struct {
		size_t digits;
		const char *name;
	} others[] = { { 32, "MD5" }, { 40, "SHA-1" }, { 56, "SHA-224" }, { 96, "SHA-384" }, { 128, "SHA-512" } };
	char hex[130];
	size_t len = 0;

	for (const char *c = item; *c != '\0'; c++) {
		if (*c == ':')
			continue;
		if (!isxdigit((unsigned char)*c) || len == sizeof(hex) - 1)
			return postfix_lost(teller, "match: \"%s\" is no fingerprint: correct it", item);
		hex[len++] = (char)tolower((unsigned char)*c);
	}
	hex[len] = '\0';
	if (len == 64)
		return add(&out->fingerprints, hex, teller);
	for (size_t i = 0; i < COUNT(others); i++) {
		if (others[i].digits == len) {
			(void)postfix_lost(teller,
					   "match: %s is of %s, and gate25 knows SHA-256 alone: make that of the same "
					   "certificate or key and add it to fingerprints",
					   item, others[i].name);
			return true;
		}
	}
	return postfix_lost(teller, "match: \"%s\" is no fingerprint: correct it", item);
}

static bool take_match(struct postfix_policy *out, char *value, struct postfix_teller *teller)
{
	const bool digests = out->level == LEVEL_FINGERPRINT;
	char *rest = NULL;

	if (!digests && !level_is_named(out->level))
		return postfix_lost(teller, "match has no meaning at level %s; " DEFERS, level_name(out->level));
	if (value[0] == '\0')
		return postfix_lost(teller, "match is empty; " DEFERS);
	for (char *item = strtok_r(value, digests ? "|" : ":", &rest); item != NULL;
	     item = strtok_r(NULL, digests ? "|" : ":", &rest)) {
		if (!(digests ? match_digest : match_name)(out, item, teller))
			return false;
	}
	return digests || out->match.count > 0 || postfix_lost(teller, "match has no name; " DEFERS);
}

/* --- what may stand once ------------------------------------------------------------------------------------------ */

static bool is_again(bool *seen, const char *name, struct postfix_teller *teller)
{
	const bool again = *seen;

	*seen = true;
	if (again)
		(void)postfix_lost(teller, "%s is there twice; " DEFERS, name);
	return again;
}

static bool take_ciphers(const char *value, struct postfix_teller *teller)
{
	static const char *const grades[] = { "high", "medium", "low", "export", "null" };

	/* Whatever is asked for here, gate25 takes no less than high: there is nothing to carry over. */
	for (size_t i = 0; i < COUNT(grades); i++) {
		if (strcasecmp(value, grades[i]) == 0)
			return true;
	}
	return postfix_lost(teller, "ciphers=%s is no grade that Postfix knows: correct it", value);
}

/* gate25_has: whether gate25 would ever offer what |word| stands for in OpenSSL's cipher lists. */
static bool gate25_has(const char *word)
{
	static const char *const never[] = { "aNULL",    "eNULL",  "NULL",  "ADH",          "AECDH",   "aDH",
					     "aECDH",    "MD5",    "RC2",   "RC4",          "DES",     "3DES",
					     "EXP",      "EXPORT", "LOW",   "MEDIUM",       "IDEA",    "SEED",
					     "PSK",      "SRP",    "DSS",   "aDSS",         "kRSA",    "RSA",
					     "DH",       "EDH",    "DHE",   "kEDH",         "kDHE",    "kDH",
					     "CAMELLIA", "ARIA",   "SSLv2", "DES-CBC3-SHA", "RC4-SHA", "RC4-MD5" };

	for (size_t i = 0; i < COUNT(never); i++) {
		if (strcasecmp(word, never[i]) == 0)
			return false;
	}
	return true;
}

static bool take_exclude(char *value, struct postfix_teller *teller)
{
	char *rest = NULL;

	for (char *word = strtok_r(value, ":, \t", &rest); word != NULL; word = strtok_r(NULL, ":, \t", &rest)) {
		if (gate25_has(word))
			(void)postfix_lost(teller,
					   "exclude=%s: gate25 has a list of ciphers of its own, ECDHE with AEAD where "
					   "the server must authenticate; it cannot be changed",
					   word);
	}
	return true;
}

static bool take_servername(struct postfix_policy *out, const char *value, struct postfix_teller *teller)
{
	const char *wrong;

	/* The MX host's is what the gate sends by itself, or the name that the certificate is to have. */
	if (strcasecmp(value, "hostname") == 0)
		return true;
	wrong = name_read(out->servername, value, false);
	return wrong == NULL || postfix_lost(teller, "servername: \"%s\" %s; " DEFERS, value, wrong);
}

/* --- the rest ----------------------------------------------------------------------------------------------------- */

/* is_plain: nothing that would need quoting in the configuration. */
static bool is_plain(const char *path)
{
	return strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+@=:-") == strlen(path);
}

static bool take_tafile(struct postfix_policy *out, const char *value, struct postfix_teller *teller)
{
	if (!level_is_named(out->level))
		return postfix_lost(teller, "tafile has no meaning at level %s; " DEFERS, level_name(out->level));
	if (value[0] != '/' || value[strlen(value) - 1] == '/' || !is_plain(value))
		return postfix_lost(teller,
				    "tafile=%s: ca-file needs the whole path of a file, of letters, digits and ._+@=:-",
				    value);
	if (out->ca_file != NULL)
		return postfix_lost(
			teller, "tafile is there twice, and a rule has one ca-file: put the certificates of both into "
				"one file");
	out->ca_file = strdup(value);
	return out->ca_file != NULL || postfix_lost(teller, "out of memory");
}

static bool take_switch(const char *name, const char *value, struct postfix_teller *teller)
{
	const bool reuse = strcasecmp(name, "connection_reuse") == 0;

	if (strcasecmp(value, "yes") != 0 && strcasecmp(value, "no") != 0)
		return postfix_lost(teller, "%s=%s is neither yes nor no; " DEFERS, name, value);
	if (strcasecmp(value, "yes") == 0)
		postfix_note(
			teller,
			reuse ? "connection_reuse=yes means nothing to gate25: it is Postfix that uses a session again"
			      : "enable_rpk=yes: gate25 asks for certificates and takes no raw public key");
	return true;
}

bool postfix_attribute(struct postfix_policy *out, struct postfix_seen *seen, const char *name, char *value,
		       struct postfix_teller *teller)
{
	if (strcasecmp(name, "match") == 0)
		return take_match(out, value, teller);
	if (strcasecmp(name, "tafile") == 0)
		return take_tafile(out, value, teller);
	if (strcasecmp(name, "protocols") == 0)
		return !is_again(&seen->protocols, name, teller) && postfix_protocols(out, value, teller);
	if (strcasecmp(name, "ciphers") == 0)
		return !is_again(&seen->ciphers, name, teller) && take_ciphers(value, teller);
	if (strcasecmp(name, "exclude") == 0)
		return !is_again(&seen->exclude, name, teller) && take_exclude(value, teller);
	if (strcasecmp(name, "servername") == 0)
		return !is_again(&seen->servername, name, teller) && take_servername(out, value, teller);
	if (strcasecmp(name, "connection_reuse") == 0 || strcasecmp(name, "enable_rpk") == 0)
		return take_switch(name, value, teller);
	if (strncasecmp(name, "policy_", 7) == 0 || strcasecmp(name, "mx_host_pattern") == 0) {
		(void)postfix_lost(teller,
				   "%s is what a policy service adds for reports; with mta-sts = yes gate25 finds such "
				   "policies itself",
				   name);
		return true;
	}
	return postfix_lost(teller, "%s is no attribute that Postfix knows; " DEFERS, name);
}
