/* cli_status_text.c - the status of the gate in words; see cli_status.h. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "proxy/base/attrib.h"
#include "proxy/base/printable.h"
#include "proxy/cli/cli_status.h"

#define DOMAINS_SHOWN 20

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* line writes indented |text| on a line of its own, if there is any. */
static void line(FILE *out, const char *indent, const char *text)
{
	if (text[0] == '\0')
		return;
	(void)fputs(indent, out);
	printable_print(out, text);
	(void)fputc('\n', out);
}

static void write_time(FILE *out, int64_t time_s)
{
	time_t when = (time_t)time_s;
	struct tm tm;
	char text[64];

	if (localtime_r(&when, &tm) != NULL && strftime(text, sizeof(text), "%F %T %z", &tm) > 0)
		(void)fputs(text, out);
}

static void write_readiness(FILE *out, const json_t *status, const json_t *gate)
{
	(void)fputs("gate25 ", out);
	printable_print(out, text_of(gate, "version"));
	if (json_is_true(json_object_get(status, "ready"))) {
		(void)fputs(": ready", out);
	} else if (json_object_size(gate) == 0) {
		(void)fputs(": NOT READY, its parent process has said nothing yet", out);
	} else {
		(void)fputs(": NOT READY", out);
		if (number_of(gate, "roles_up") < number_of(gate, "roles"))
			(void)fprintf(out, ", %" PRId64 " of %" PRId64 " processes are up", number_of(gate, "roles_up"),
				      number_of(gate, "roles"));
	}
	if (number_of(gate, "started") > 0) {
		(void)fputs(", started ", out);
		write_time(out, number_of(gate, "started"));
	}
	(void)fputc('\n', out);
	line(out, "  ", text_of(gate, "reason"));
}

static void write_dnssec(FILE *out, const json_t *dnssec)
{
	if (json_object_size(dnssec) == 0)
		return;
	(void)fprintf(out, "  DNSSEC: %s", json_is_true(json_object_get(dnssec, "ok")) ? "" : "NOT GOOD, ");
	printable_print(out, text_of(dnssec, "state"));
	(void)fputs(", mode ", out);
	printable_print(out, text_of(dnssec, "mode"));
	if (number_of(dnssec, "since") > 0) {
		(void)fputs(" since ", out);
		write_time(out, number_of(dnssec, "since"));
	}
	if (number_of(dnssec, "tested") > 0) {
		(void)fputs("\n    last test ", out);
		write_time(out, number_of(dnssec, "tested"));
		(void)fputs(": ", out);
		printable_print(out, text_of(dnssec, "reason"));
	}
	(void)fputc('\n', out);
}

static void write_list(FILE *out, const json_t *list)
{
	if (json_object_size(list) == 0)
		return;
	(void)fprintf(out, "  list: %lld domains, %s ", (long long)number_of(list, "entries"),
		      number_of(list, "expires") <= (int64_t)time(NULL) ? "EXPIRED" : "expires");
	write_time(out, number_of(list, "expires"));
	(void)fputs(json_is_true(json_object_get(list, "copy"))
			    ? "; the last accepted copy, for list-file cannot be taken"
			    : "",
		    out);
	(void)fputc('\n', out);
}

/* write_crowding: nothing, where there never were too many at a time. */
static void write_crowding(FILE *out, const json_t *crowding)
{
	static const struct {
		const char *name;
		const char *text;
	} rows[] = {
		{ "refused_all", "connections refused at max-sessions" },
		{ "refused_client", "connections refused at max-sessions-client" },
		{ "refused_destination", "connections refused at max-sessions-destination" },
		{ "shed", "sessions ended to make room" },
		{ "accept_paused", "times clients waited for want of files or memory" },
		{ "handshakes_waiting_server", "TLS handshakes with servers wait for their turn now" },
		{ "handshakes_waiting_client", "TLS handshakes with clients wait for their turn now" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (number_of(crowding, rows[i].name) > 0)
			(void)fprintf(out, "  %s: %" PRId64 "\n", rows[i].text, number_of(crowding, rows[i].name));
	}
}

/* Programs before an upgrade, whose sessions still run. */
static void write_draining(FILE *out, const json_t *draining)
{
	if (number_of(draining, "workers") > 0)
		(void)fprintf(out,
			      "  before the upgrade: %" PRId64 " worker(s) of %" PRId64
			      " program(s) finish their sessions\n",
			      number_of(draining, "workers"), number_of(draining, "programs"));
}

static void write_summary(FILE *out, const json_t *status, const json_t *gate)
{
	line(out, "  TLS library: ", text_of(gate, "tls_library"));
	write_dnssec(out, json_object_get(gate, "dnssec"));
	write_list(out, json_object_get(gate, "list"));
	if (json_is_false(json_object_get(gate, "enforce")))
		line(out, "  ", "REPORT ONLY (enforce = no): mail that would be refused is delivered");
	if (json_is_false(json_object_get(gate, "rules")))
		line(out, "  ", "the nftables rules are not managed by this process (--no-rules)");
	if (number_of(gate, "repairs") > 0)
		(void)fprintf(out, "  nftables tables put back: %" PRId64 " times (something else alters them)\n",
			      number_of(gate, "repairs"));
	(void)fprintf(
		out, "  workers: %zu, sessions: %" PRId64 " now, %" PRId64 " in all, messages delivered: %" PRId64 "\n",
		json_array_size(json_object_get(status, "workers")), number_of(status, "active"),
		number_of(status, "sessions"), number_of(status, "messages"));
	write_draining(out, json_object_get(gate, "draining"));
	write_crowding(out, json_object_get(status, "crowding"));
}

static void write_row(FILE *out, const json_t *row)
{
	bool refused = strcmp(text_of(row, "kind"), "refused") == 0;

	(void)fprintf(out, "    %s %" PRId64 " times by way of ", refused ? "refused" : "would have been refused",
		      number_of(row, "count"));
	printable_print(out, text_of(row, "destination"));
	if (text_of(row, "mx")[0] != '\0') {
		(void)fputs(" (", out);
		printable_print(out, text_of(row, "mx"));
		(void)fputc(')', out);
	}
	(void)fputs(", last ", out);
	write_time(out, number_of(row, "time"));
	(void)fputs(":\n      ", out);
	printable_print(out, text_of(row, "result"));
	if (text_of(row, "level")[0] != '\0') {
		(void)fputs(" at level ", out);
		printable_print(out, text_of(row, "level"));
	}
	(void)fputc('\n', out);
	line(out, "      ", text_of(row, "reason"));
	line(out, "      client was told: ", text_of(row, "reply"));
}

static bool same_domain(const json_t *a, const json_t *b)
{
	return strcmp(text_of(a, "domain"), text_of(b, "domain")) == 0;
}

/* is_first: no row before |at| has its domain. */
static bool is_first(const json_t *rows, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (same_domain(json_array_get(rows, i), json_array_get(rows, at)))
			return false;
	}
	return true;
}

static void write_domain(FILE *out, const json_t *rows, size_t first)
{
	const char *domain = text_of(json_array_get(rows, first), "domain");

	line(out, "  ", domain[0] != '\0' ? domain : "(before any recipient)");
	for (size_t i = first; i < json_array_size(rows); i++) {
		if (same_domain(json_array_get(rows, first), json_array_get(rows, i)))
			write_row(out, json_array_get(rows, i));
	}
}

static void write_refusals(FILE *out, const json_t *status)
{
	const json_t *rows = json_object_get(status, "refusals");
	unsigned domains = 0;

	if (json_array_size(rows) == 0) {
		(void)fputs("\nRefusals: none since the monitor started\n", out);
		return;
	}
	(void)fputs("\nRefusals by recipient domain, latest first\n", out);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		if (!is_first(rows, i))
			continue;
		if (domains < DOMAINS_SHOWN)
			write_domain(out, rows, i);
		domains++;
	}
	if (domains > DOMAINS_SHOWN)
		(void)fprintf(out, "  ... and %u domains more; --json has them\n", domains - DOMAINS_SHOWN);
}

static void write_relays(FILE *out, const json_t *status)
{
	const json_t *rows = json_object_get(status, "relays");
	size_t i;
	json_t *row;

	if (json_array_size(rows) == 0)
		return;
	(void)fputs("\nDestinations that look like relays. Is one your smarthost? Put its name into the rule and the "
		    "rule into gate25.conf:\n",
		    out);
	json_array_foreach(rows, i, row)
	{
		line(out, "  ", text_of(row, "rule"));
		(void)fprintf(out, "    %" PRId64 " times, last for ", number_of(row, "count"));
		printable_print(out, text_of(row, "domain"));
		(void)fputc('\n', out);
	}
}

/* write_host: what is over by now is left out; the parent tells the monitor a moment later. */
static void write_host(FILE *out, const json_t *host)
{
	int64_t now = (int64_t)time(NULL);

	if (number_of(host, "until") <= now)
		return;
	(void)fputs("  ", out);
	printable_print(out, text_of(host, "destination"));
	if (text_of(host, "client")[0] != '\0') {
		(void)fputs(" for ", out);
		printable_print(out, text_of(host, "client"));
	}
	(void)fputs(": ", out);
	printable_print(out, text_of(host, "failure"));
	(void)fputs(" since ", out);
	write_time(out, number_of(host, "since"));
	(void)fputs(", held until ", out);
	write_time(out, number_of(host, "until"));
	if (number_of(host, "reset_until") > now) {
		(void)fputs(", connections reset until ", out);
		write_time(out, number_of(host, "reset_until"));
	}
	(void)fputc('\n', out);
}

static void write_hosts(FILE *out, const json_t *hosts)
{
	const json_t *list = json_object_get(hosts, "list");
	const char *failure;
	json_t *value;
	int64_t held = 0;
	size_t i;

	json_object_foreach(json_object_get(hosts, "held"), failure, value)
	{
		held += json_integer_value(value);
	}
	if (held == 0)
		return;
	(void)fprintf(out, "\nHosts that failed, %" PRId64 " in all, latest first\n", held);
	json_array_foreach(list, i, value)
	{
		write_host(out, value);
	}
	if ((int64_t)json_array_size(list) < held)
		(void)fputs("  ... and others\n", out);
}

static void write_notices(FILE *out, const json_t *status)
{
	const json_t *rows = json_object_get(status, "notices");
	size_t i;
	json_t *row;

	if (json_array_size(rows) == 0)
		return;
	(void)fputs("\nWho does not fit behind the gate\n", out);
	json_array_foreach(rows, i, row)
	{
		line(out, "  ", text_of(row, "text"));
		(void)fprintf(out, "    %" PRId64 " times, last by ", number_of(row, "count"));
		printable_print(out, text_of(row, "client"));
		(void)fputs(" to ", out);
		printable_print(out, text_of(row, "destination"));
		(void)fputs(", ", out);
		write_time(out, number_of(row, "time"));
		(void)fputc('\n', out);
	}
}

void status_text(const json_t *status, FILE *out)
{
	const json_t *gate = json_object_get(status, "gate");

	write_readiness(out, status, gate);
	write_summary(out, status, gate);
	write_hosts(out, json_object_get(gate, "hosts"));
	write_refusals(out, status);
	write_relays(out, status);
	write_notices(out, status);
}
