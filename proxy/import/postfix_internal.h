/* postfix_internal.h - what the postfix_*.c files share. Nobody else includes it. */
#ifndef GATE25_PROXY_IMPORT_POSTFIX_INTERNAL_H
#define GATE25_PROXY_IMPORT_POSTFIX_INTERNAL_H

#include "proxy/base/addr.h"
#include "proxy/base/conf.h"
#include "proxy/import/postfix_map.h"

/* --- lines (postfix_lines.c) ------------------------------------------------------------------------------------- */

struct postfix_entry {
	unsigned line; /* on which it begins */
	char *key;     /* lower case */
	char *value;   /* of one line, spaces for what parted its lines */
};

struct postfix_lines {
	const char *at;
	unsigned line; /* of |at| */
};

enum postfix_read { POSTFIX_READ_END, POSTFIX_READ_ENTRY, POSTFIX_READ_WRONG, POSTFIX_READ_NO_MEMORY };

/* postfix_lines_next reads one entry, which postfix_entry_cleanup frees whatever is returned. WRONG: |*out_why| says
 * why Postfix passes over this one. */
enum postfix_read postfix_lines_next(struct postfix_lines *lines, struct postfix_entry *out, const char **out_why);
void postfix_entry_cleanup(struct postfix_entry *entry);

/* --- whom to tell ------------------------------------------------------------------------------------------------ */

struct postfix_teller {
	postfix_tell_fn *fn;
	void *arg;
	unsigned line;   /* of the entry at hand */
	const char *key; /* and what it is about */
	bool lost;       /* anything at all */
};

void postfix_note(struct postfix_teller *teller, const char *format, ...) PRINTF_LIKE(2, 3);
/* postfix_lost returns false. */
bool postfix_lost(struct postfix_teller *teller, const char *format, ...) PRINTF_LIKE(2, 3);

/* --- keys (postfix_key.c) ---------------------------------------------------------------------------------------- */

enum postfix_key_kind {
	POSTFIX_KEY_DOMAIN,  /* name or .name: recipient domains, and next hops that are MX domains */
	POSTFIX_KEY_ADDRESS, /* [ADDRESS] */
	POSTFIX_KEY_HOST,    /* [name]: a next hop without a look at MX records */
	POSTFIX_KEY_PORT,    /* name:port: a next hop that is an MX domain, with a port */
};

#define POSTFIX_PORT_MAX 32

struct postfix_key {
	enum postfix_key_kind kind;
	char name[CONF_NAME_MAX]; /* ADDRESS: "" */
	struct addr addr;
	char port[POSTFIX_PORT_MAX]; /* as written, "25" for smtp; "": none */
};

/* postfix_key_read: false: |teller| was told why no rule can come of it. */
MUST_CHECK bool postfix_key_read(struct postfix_key *out, const char *text, struct postfix_teller *teller);
bool postfix_key_is_smtp(const struct postfix_key *key); /* port 25, written or not */

/* --- policies (postfix_policy.c, postfix_attributes.c) ----------------------------------------------------------- */

struct postfix_policy {
	enum level level;
	bool tls13;                         /* nothing before it */
	bool names_hostname, names_nexthop; /* match has the words; or the level's default does */
	struct string_list match;
	struct string_list fingerprints;
	char servername[CONF_NAME_MAX]; /* "nexthop": the next hop's; "": the gate's choice */
	char *ca_file;
};

/* postfix_policy_read: false: |teller| was told why there is no policy. True: what attributes lost was told. */
MUST_CHECK bool postfix_policy_read(struct postfix_policy *out, const char *text, struct postfix_teller *teller);
void postfix_policy_cleanup(struct postfix_policy *policy);

/* What of a policy may stand once only. */
struct postfix_seen {
	bool ciphers, protocols, exclude, servername;
};

/* postfix_attribute takes one attribute over; false: the whole policy is lost, and |teller| was told why. */
MUST_CHECK bool postfix_attribute(struct postfix_policy *out, struct postfix_seen *seen, const char *name, char *value,
				  struct postfix_teller *teller);
MUST_CHECK bool postfix_protocols(struct postfix_policy *out, char *value, struct postfix_teller *teller);

/* --- rules (postfix_rule.c) -------------------------------------------------------------------------------------- */

/* postfix_rule_print writes the rule, or tells why it is not there or only behind # signs. |origin| is the comment
 * before it; |taken|: the same destination has a rule already. Returns whether the rule is in force. */
bool postfix_rule_print(FILE *out, const char *origin, const struct postfix_key *key,
			const struct postfix_policy *policy, bool taken, struct postfix_teller *teller);

#endif
