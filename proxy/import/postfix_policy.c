/* postfix_policy.c - the right side of a table: a level, and attributes name=value, parted by white space and commas,
 * or { name = value } (Postfix 3.0). */
#include "proxy/import/postfix_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SEPARATORS ", \t\r\n\v\f"

/* What Postfix does by a table that it cannot read is defer the mail; the gate must not be asked for less. */
#define DEFERS "Postfix defers mail by such a line: correct it"

/* next_token: as the table has it, with its braces. NULL: no more. */
static char *next_token(char **at)
{
	char *token = *at + strspn(*at, SEPARATORS);
	char *c = token;
	int depth = 0;

	if (*token == '\0')
		return NULL;
	for (; *c != '\0' && (depth > 0 || strchr(SEPARATORS, *c) == NULL); c++)
		depth += *c == '{' ? 1 : *c == '}' && depth > 0 ? -1 : 0;
	*at = c + (*c != '\0' ? 1 : 0);
	*c = '\0';
	return token;
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, SEPARATORS);
	for (len = strlen(text); len > 0 && strchr(SEPARATORS, text[len - 1]) != NULL; len--)
		text[len - 1] = '\0';
	return text;
}

/* split takes "name=value", or the same in braces with spaces around each, apart. */
static bool split(char *token, char **out_name, char **out_value)
{
	const size_t len = strlen(token);
	const bool braces = token[0] == '{';
	char *equals;

	if (braces && (len < 2 || token[len - 1] != '}'))
		return false;
	if (braces)
		token[len - 1] = '\0';
	token = braces ? trim(token + 1) : token;
	equals = strchr(token, '=');
	if (equals == NULL || equals == token)
		return false;
	*equals = '\0';
	*out_name = trim(token);
	*out_value = braces ? trim(equals + 1) : equals + 1;
	return (*out_name)[0] != '\0';
}

static bool read_level(struct postfix_policy *out, const char *word, struct postfix_teller *teller)
{
	if (word == NULL)
		return postfix_lost(teller, "no policy at all; " DEFERS);
	for (enum level level = LEVEL_NONE; level < LEVEL_COUNT; level++) {
		if (strcasecmp(word, level_name(level)) == 0) {
			out->level = level;
			return true;
		}
	}
	if (strcasecmp(word, "half-dane") == 0)
		return postfix_lost(
			teller,
			"half-dane is a word of Postfix's log and no level to ask for: write dane or dane-only");
	return postfix_lost(teller, "%s is no level; " DEFERS, word);
}

/* check: what the level needs and the attributes did not bring. */
static bool check(struct postfix_policy *policy, struct postfix_teller *teller)
{
	if (policy->level == LEVEL_FINGERPRINT && policy->fingerprints.count == 0)
		return postfix_lost(teller,
				    "fingerprint without a SHA-256 digest: add match= with it; gate25 probe shows the "
				    "certificate, openssl x509 -noout -fingerprint -sha256 makes it");
	return true;
}

bool postfix_policy_read(struct postfix_policy *out, const char *text, struct postfix_teller *teller)
{
	struct postfix_seen seen = { 0 };
	char *copy = strdup(text);
	char *at = copy;
	char *token;
	bool ok;

	*out = (struct postfix_policy){ 0 };
	if (copy == NULL)
		return postfix_lost(teller, "out of memory");
	ok = read_level(out, next_token(&at), teller);
	while (ok && (token = next_token(&at)) != NULL) {
		char *name;
		char *value;
		if (out->level == LEVEL_NONE)
			postfix_note(teller, "%s has no meaning at level none, in Postfix neither", token);
		else if (!split(token, &name, &value))
			ok = postfix_lost(teller, "%s is not of the form name=value; " DEFERS, token);
		else
			ok = postfix_attribute(out, &seen, name, value, teller);
	}
	ok = ok && check(out, teller);
	free(copy);
	return ok;
}

static void strings_free(struct string_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

void postfix_policy_cleanup(struct postfix_policy *policy)
{
	strings_free(&policy->match);
	strings_free(&policy->fingerprints);
	free(policy->ca_file);
	*policy = (struct postfix_policy){ 0 };
}
