/* cli_verify_options.c - what `gate25 verify` is asked. */
#include "proxy/cli/cli_verify.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/cli_args.h"

#define DANE_NAMES_MAX 3 /* the base domain, the next hop, and what that is an alias of */

int verify_usage(FILE *out, int status)
{
	(void)fprintf(
		out,
		"usage: gate25 verify --chain FILE --name NAME [--name NAME...] [OPTION...]\n\n"
		"Judges certificates as a server would present them, without a network.\n"
		"  --chain FILE         PEM, the server's own certificate first\n"
		"  --name NAME          a name of the server. With TLSA records the first is the TLSA base domain\n"
		"                       (the MX host), the second the recipient's domain, the third what that is an\n"
		"                       alias of\n"
		"  --tlsa \"U S M HEX\"   a TLSA record; may be repeated\n"
		"  --match PATTERN      levels verify and secure: NAME, .NAME, hostname, nexthop, dot-nexthop, as in\n"
		"                       gate25.conf; without it each --name will do\n"
		"  --fingerprint HEX    level fingerprint: SHA-256 of the certificate or of its key\n"
		"  --level LEVEL        default: dane with --tlsa, else secure\n"
		"  --ca-file FILE       levels verify and secure; default " CONF_CA_FILE "\n"
		"  --at UNIXTIME        as if it were then\n"
		"  --json               for programs\n\n"
		"Exit status: 0 pass, or TLS without authentication is all that is demanded; 1 refuse; 2 usage, or a\n"
		"file that cannot be read; 3 could not be decided.\n");
	return status;
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static int take_name(struct verify_request *r, const char *text)
{
	if (r->names_count == VERDICT_NAMES_MAX)
		return cli_wrong("more than %d names", VERDICT_NAMES_MAX);
	if (!cli_host(r->names[r->names_count], text))
		return cli_wrong("--name: not a host name");
	r->names_count++;
	return CLI_OK;
}

static int take_tlsa(struct verify_request *r, const char *text)
{
	struct verify_record *record = &r->verify.records[r->verify.records_count];

	if (r->verify.records_count == TLSA_MAX)
		return cli_wrong("more than %d TLSA records", TLSA_MAX);
	if (!tlsa_parse(&record->tlsa, text))
		return cli_wrong("--tlsa: not of the form \"USAGE SELECTOR MTYPE HEX\", as in \"3 1 1 0123...\"");
	r->verify.records_count++;
	return CLI_OK;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* take_fingerprint: colons between octets are passed over. */
static int take_fingerprint(struct verify_request *r, const char *text)
{
	uint8_t *out;
	size_t digits = 0;

	if (r->fingerprints_count == VERDICT_FINGERPRINTS_MAX)
		return cli_wrong("more than %d fingerprints", VERDICT_FINGERPRINTS_MAX);
	out = r->fingerprints[r->fingerprints_count];
	for (; *text != '\0'; text++) {
		int digit = hex_digit(*text);
		if (*text == ':' && digits % 2 == 0)
			continue;
		if (digit < 0 || digits == 64)
			return cli_wrong("--fingerprint: not a SHA-256 in hexadecimal digits");
		out[digits / 2] = (uint8_t)(digits % 2 == 0 ? digit << 4 : out[digits / 2] | digit);
		digits++;
	}
	if (digits != 64)
		return cli_wrong("--fingerprint: not a SHA-256 in hexadecimal digits");
	r->fingerprints_count++;
	return CLI_OK;
}

static int take_match(struct verify_request *r, const char *text)
{
	if (r->match_count == VERDICT_NAMES_MAX)
		return cli_wrong("more than %d patterns", VERDICT_NAMES_MAX);
	if (text[0] == '\0' || strlen(text) >= VERDICT_NAME_MAX)
		return cli_wrong("--match: not a name");
	r->match[r->match_count++] = text;
	return CLI_OK;
}

static int take_time(struct verify_request *r, const char *text)
{
	char *end;
	long long at;

	errno = 0;
	at = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || at < 0)
		return cli_wrong("--at: not a number of seconds since 1970");
	r->verify.at = (time_t)at;
	return CLI_OK;
}

static int take_level(struct verify_request *r, const char *text)
{
	return level_parse(&r->verify.level, text) ? CLI_OK : cli_wrong("--level: no such level; see gate25.conf(5)");
}

static int take(struct verify_request *r, int option, const char *value)
{
	switch (option) {
	case 'c': r->chain_path = value; return CLI_OK;
	case 'n': return take_name(r, value);
	case 't': return take_tlsa(r, value);
	case 'm': return take_match(r, value);
	case 'f': return take_fingerprint(r, value);
	case 'l': return take_level(r, value);
	case 'a': r->ca_path = value; return CLI_OK;
	case 'w': return take_time(r, value);
	case 'j': r->json = true; return CLI_OK;
	case 'h': r->help = true; return CLI_OK;
	default: return verify_usage(stderr, CLI_USAGE);
	}
}

static int check_request(struct verify_request *r)
{
	enum level *level = &r->verify.level;

	if (r->chain_path == NULL)
		return verify_usage(stderr, CLI_USAGE);
	if (*level == LEVEL_UNSET)
		*level = r->verify.records_count > 0 ? LEVEL_DANE : LEVEL_SECURE;
	if (r->verify.records_count > 0 && !level_is_dane(*level))
		return cli_wrong("--tlsa is for levels dane and dane-only");
	if (r->match_count > 0 && !level_is_named(*level))
		return cli_wrong("--match is for levels verify and secure");
	if ((r->fingerprints_count > 0) != (*level == LEVEL_FINGERPRINT))
		return cli_wrong("--fingerprint and level fingerprint go together");
	if (r->names_count == 0 && (level_is_dane(*level) || level_is_named(*level)))
		return cli_wrong("level %s needs a --name", level_name(*level));
	if (r->names_count > DANE_NAMES_MAX && level_is_dane(*level))
		return cli_wrong(
			"at level %s there are at most %d names: the TLSA base domain, the recipient's domain and "
			"what that is an alias of",
			level_name(*level), DANE_NAMES_MAX);
	return CLI_OK;
}

int verify_parse(struct verify_request *r, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "chain", required_argument, NULL, 'c' },
		{ "name", required_argument, NULL, 'n' },
		{ "tlsa", required_argument, NULL, 't' },
		{ "match", required_argument, NULL, 'm' },
		{ "fingerprint", required_argument, NULL, 'f' },
		{ "level", required_argument, NULL, 'l' },
		{ "ca-file", required_argument, NULL, 'a' },
		{ "at", required_argument, NULL, 'w' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		int status = take(r, option, optarg);
		if (status != CLI_OK || r->help)
			return status;
	}
	return optind == argc ? check_request(r) : verify_usage(stderr, CLI_USAGE);
}
