/* conf.h - the configuration: one file, one struct, every error with file and line.
 *
 * An empty file is valid. conf_parse reads text, never a path: the parent reads the file once and every role parses the
 * same bytes. Pure data: what a value means stands with the module that uses it. gate25.conf(5) documents each key. */
#ifndef GATE25_BASE_CONF_H
#define GATE25_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"
#include "proxy/base/level.h"
#include "proxy/base/log.h"

#define CONF_DEFAULT_PATH "/etc/gate25/gate25.conf"
#define CONF_LISTEN_PORT  825
#define CONF_MONITOR_PORT 9525
#define CONF_CA_FILE      "/etc/ssl/certs/ca-certificates.crt"
#define CONF_STATE_DIR    "/var/lib/gate25"
#define CONF_BOGUS_NAME   "dnssec-failed.org" /* signed wrongly on purpose, for tests like ours */
#define CONF_NAME_MAX     254                 /* a domain name with its NUL */
#define CONF_SOCKET_MAX   108                 /* of the path of a socket, likewise */

/* The default mark bits: out of the way of what others use (the low bytes: operators and wg-quick; 0x3f00: mwan3;
 * 0xc000: Kubernetes; 0xff0000: Tailscale and OpenWrt's pbr), and of the sign bit. */
#define CONF_MARK_SEEN                0x04000000U
#define CONF_MARK_OWN                 0x08000000U
#define CONF_MARK_TPROXY              0x10000000U
#define CONF_CTMARK_APPROVED          0x20000000U
#define CONF_CTMARK_LOCAL             0x40000000U
#define CONF_ROUTE_TABLE              825
#define CONF_MAX_SESSIONS             2000
#define CONF_MAX_SESSIONS_CLIENT      1000
#define CONF_MAX_SESSIONS_DESTINATION 1000
#define CONF_MAX_HANDSHAKES           200
#define CONF_DRAIN_LIMIT_S            60
#define CONF_DRAIN_LIMIT_MAX          86400
#define CONF_HISTORY_MIB              16

struct prefix_list {
	struct prefix *items; /* in the file's order, as written */
	size_t count;
};

struct string_list {
	char **items;
	size_t count;
};

/* How the server sees the client of a forwarded session. */
enum conf_source { CONF_SOURCE_CLIENT, CONF_SOURCE_GATEWAY, CONF_SOURCE_ADDRESS };

enum conf_tls_version { CONF_TLS12, CONF_TLS13 };

/* Who proves DNSSEC. */
enum conf_dnssec {
	CONF_DNSSEC_AUTO = 0, /* TRUST_AD where every resolver is on loopback or trusted and validates; else VALIDATE */
	CONF_DNSSEC_TRUST_AD, /* the resolvers: their AD bit is believed */
	CONF_DNSSEC_VALIDATE, /* gate25-policyd itself, from the root's trust anchors */
	CONF_DNSSEC_OFF,      /* nobody: DANE never applies */
};

MUST_CHECK bool conf_dnssec_parse(enum conf_dnssec *out, const char *text); /* "auto", "trust-ad", ... */

/* What secure TLSA records are worth where the MX list was not proved; the words and meanings are Postfix's
 * (smtp_tls_dane_insecure_mx_policy). */
enum conf_insecure_mx { CONF_INSECURE_MX_DANE = 0, CONF_INSECURE_MX_ENCRYPT, CONF_INSECURE_MX_MAY };

/* What holds for a domain whose _mta-sts record could not be looked up, and of which no policy is remembered. One whose
 * signature is wrong always defers. */
enum conf_sts_lookup { CONF_STS_LOOKUP_DEFER = 0, CONF_STS_LOOKUP_IGNORE };

/* What an expired STARTTLS-Everywhere list is still good for. */
enum conf_expired { CONF_EXPIRED_IGNORE = 0, CONF_EXPIRED_ENFORCE };

/* What becomes of the client's own STARTTLS. */
enum conf_client_tls {
	CONF_CLIENT_TLS_AUTO = 0,    /* TERMINATE for clients of the network, OFF for those of this host */
	CONF_CLIENT_TLS_TERMINATE,   /* gate25 is their TLS server */
	CONF_CLIENT_TLS_OFF,         /* it is hidden from them */
	CONF_CLIENT_TLS_PASSTHROUGH, /* the server is: no mail without TLS between the two, and gate25 sees none of it
				      */
};

enum conf_bare_newline { CONF_BARE_NEWLINE_NORMALIZE, CONF_BARE_NEWLINE_REJECT };

/* What a recipient-domain rule and a destination rule have in common. */
struct conf_rule {
	unsigned line;            /* where its section begins in the file */
	enum level level;         /* never LEVEL_UNSET */
	enum level floor;         /* level dane: where DANE does not apply; LEVEL_UNSET: the gate's */
	bool enforce;             /* false: deliver, and report what would have been refused */
	struct string_list match; /* level verify, secure: names; "hostname", "nexthop", "dot-nexthop" as in Postfix, or
				   * a name, or .parent. Empty: the level's default */
	struct string_list
		fingerprints; /* level fingerprint: lower-case hex SHA-256, no colons, of certificate or key */
	char *servername;     /* SNI; NULL: the level's default. An A-label name */
	char *nexthop;        /* destination rules: the name whose MX or host this is; NULL: none. At levels verify and
			       * secure it is there, or every item of |match| is a name by itself */
	char *ca_file;        /* NULL: the gate's */
	enum conf_tls_version min_protocol;
	bool auth; /* destination rules: offer the server's AUTH to the client, once authenticated */
};

struct conf_domain {
	char *name; /* lower-case A-label; ".parent" covers every subdomain and not the parent itself */
	struct conf_rule rule;
};

struct conf_destination {
	struct prefix prefix;
	struct conf_rule rule;
};

/* What holds for some clients only. */
struct conf_client {
	struct prefix prefix;
	unsigned line;
	enum conf_client_tls client_tls;
};

struct conf {
	/* interception */
	bool scope_local;
	bool scope_forward;
	bool fence;                    /* forward scope: ip rules close the ports where the tables are gone */
	struct string_list interfaces; /* inside interfaces of forward scope */
	struct prefix_list sources;    /* who may speak SMTP outwards through forward scope */
	enum conf_source source;
	struct prefix_list source_addresses; /* CONF_SOURCE_ADDRESS: at most one of each family */
	struct prefix_list exempt;           /* destinations never touched */
	struct prefix_list exempt_source;
	struct string_list exempt_user; /* local users; uids are looked up by the parent */
	uint16_t *ports;                /* intercepted ports; default 25 */
	size_t ports_count;
	uint16_t listen_port;
	uint32_t mark_own;    /* packet mark bit of gate25's own upstream sockets */
	uint32_t mark_seen;   /* packet mark bit that the fence lets pass */
	uint32_t mark_tproxy; /* packet mark bit that routes to the local listener */
	uint32_t ctmark_approved;
	uint32_t ctmark_local; /* destination was local before any DNAT */
	uint32_t route_table;

	/* processes */
	unsigned workers; /* 0: by the number of cores */
	/* Each of one worker's: sessions in all, of one client (an IPv6 /64), to one destination; unfinished TLS
	 * handshakes with servers, and as many with clients. */
	unsigned max_sessions;
	unsigned max_sessions_client;
	unsigned max_sessions_destination;
	unsigned max_handshakes;
	char *user; /* worker; default gate25 */
	char *policy_user;
	char *monitor_user;
	bool monitor;
	bool log_syslog;
	struct endpoint monitor_listen; /* default 127.0.0.1:9525 */
	enum log_format log_format;
	enum log_level log_level;
	unsigned drain_limit_s; /* for sessions to finish at a stop or an upgrade */

	/* SMTP and TLS */
	enum conf_bare_newline bare_newline;
	bool tls_compat;
	enum conf_client_tls client_tls; /* the client's own leg */
	char *tls_groups;                /* NULL: the library's best */
	char *ca_file;                   /* default: Debian's bundle */
	char *client_tls_certificate;    /* PEM, chain; NULL, as the key: one made at start */
	char *client_tls_key;

	/* what is kept and told */
	char *state_dir;      /* "": nothing outlives the process */
	char *tlsrpt_socket;  /* of a TLSRPT collector, AF_UNIX; NULL: none */
	unsigned history_mib; /* of gate25 report; 0: none is kept */

	/* policy */
	bool enforce;
	enum level default_level; /* LEVEL_ENCRYPT until told otherwise */
	enum level floor;         /* of level dane, where DANE does not apply: may, encrypt, verify or secure */
	enum conf_dnssec dnssec;
	enum conf_insecure_mx insecure_mx;
	enum conf_sts_lookup sts_lookup;
	enum conf_expired list_expired;
	bool strict_mx;                       /* an MX host without DANE is only believed where none has DANE */
	bool recursion;                       /* validate: ask the name servers themselves, not |resolvers| */
	bool mta_sts;                         /* MTA-STS, at level dane */
	struct prefix_list trusted_resolvers; /* whose AD bit is believed though they are not on loopback */
	char *trust_anchor_file;              /* NULL: the root's */
	struct prefix_list root_servers;      /* recursion: instead of the root's; addresses */
	struct string_list bogus_names;       /* names whose lookup must fail where DNSSEC is validated */
	struct prefix_list sts_private;       /* addresses inside one's own network that a policy may be fetched from */
	char *list_file;                      /* STARTTLS-Everywhere's; NULL: none */
	struct endpoint *resolvers;
	size_t resolvers_count; /* 0: those of resolv.conf, filled in by the parent */
	struct conf_domain *domains;
	size_t domains_count;
	struct conf_destination *destinations;
	size_t destinations_count;
	struct conf_client *clients;
	size_t clients_count;
	struct string_list ca_files; /* of the rules; see conf_ca_file */
};

/* Told of each error or warning, in the file's order: |line| 0, told first, where one has none. */
typedef void conf_error_fn(void *arg, const char *file, unsigned line, const char *message);

/* conf_parse fills |out|, which the caller cleans up whatever is returned. |name| is for messages. All errors are told
 * before it returns false. */
MUST_CHECK bool conf_parse(struct conf *out, const char *name, const char *text, conf_error_fn *error, void *arg);
/* conf_print_error and conf_log_error are told of errors, with |arg| unused: "FILE:LINE: error: MESSAGE" on standard
 * error for a command, an event "configuration" in the log for a role. conf_print is of any |kind|, as "warning". */
void conf_print(const char *kind, const char *file, unsigned line, const char *message);
void conf_print_error(void *arg, const char *file, unsigned line, const char *message);
void conf_log_error(void *arg, const char *file, unsigned line, const char *message);
/* conf_cleanup leaves a zeroed struct behind; a zeroed one is fine. */
void conf_cleanup(struct conf *conf);
/* conf_warnings tells what is allowed and probably not meant, as far as the text alone can show it. */
void conf_warnings(const struct conf *conf, const char *name, conf_error_fn *warning, void *arg);

/* The distinct ca-files of the rules, numbered from 1 in the file's order; NULL past the last. */
const char *conf_ca_file(const struct conf *conf, unsigned index);
unsigned conf_ca_index(const struct conf *conf, const char *path); /* 0 for NULL and for what no rule has */
/* conf_floor: the floor of |rule| (NULL: the default level) where its level is dane. */
enum level conf_floor(const struct conf *conf, const struct conf_rule *rule);
/* conf_may_permit_clear: whether any session at all could end in clear text: a level that permits it, or enforce = no.
 */
bool conf_may_permit_clear(const struct conf *conf);
/* conf_client_tls_for: what holds for the client |addr|, by its section or the gate's key; never AUTO. |forwarded|: it
 * is of the network, not of this host. */
enum conf_client_tls conf_client_tls_for(const struct conf *conf, const struct addr *addr, bool forwarded);
/* conf_may_terminate: whether conf_client_tls_for can be TERMINATE for any client: a certificate is needed. */
bool conf_may_terminate(const struct conf *conf);
/* conf_trusts_resolver: whether its AD bit is believed: it is on loopback, or among trusted-resolvers. */
bool conf_trusts_resolver(const struct conf *conf, const struct addr *addr);
/* conf_files_wanted: open files of a process that has |max_sessions|: two for each, those of connections that are being
 * closed, and its own. */
unsigned conf_files_wanted(unsigned max_sessions);
/* conf_wants_dane: whether DNSSEC matters to any mail: the default or a rule is dane or dane-only. */
bool conf_wants_dane(const struct conf *conf);

/* conf_read_file reads a whole file of at most 1 MiB; NULL with errno (EFBIG; EILSEQ: a NUL in it). The caller frees
 * it. A missing file is ENOENT.
 */
char *conf_read_file(const char *path);
/* conf_read reads the configuration in the same way; a missing one at CONF_DEFAULT_PATH is an empty one. */
char *conf_read(const char *path);

#endif
