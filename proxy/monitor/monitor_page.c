/* monitor_page.c - the status page: who is refused and why. No script, nothing from elsewhere, and no text that is not
 * escaped: domains and replies are chosen by strangers. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "proxy/monitor/monitor_state.h"

#define ROWS_SHOWN 200 /* of a table; /status.json has all */

const char monitor_page_style[] =
	":root{color-scheme:light dark;--line:#8884;--soft:#8882;--bad:#b3261e;--good:#1b7a3d;--warn:#8a5a00}\n"
	"@media(prefers-color-scheme:dark){:root{--bad:#ff8a80;--good:#7bd88f;--warn:#ffcc66}}\n"
	"body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}\n"
	"h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}\n"
	"p{margin:.3rem 0}code{font:13px/1.4 ui-monospace,monospace;background:var(--soft);padding:.1rem .3rem;"
	"border-radius:.2rem;overflow-wrap:anywhere}\n"
	".bad{color:var(--bad);font-weight:600}.good{color:var(--good);font-weight:600}.warn{color:var(--warn)}\n"
	"dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.6rem;margin:1rem 0}\n"
	"dl div{border:1px solid var(--line);border-radius:.4rem;padding:.5rem .8rem}\n"
	"dt{font-size:.8rem;opacity:.75}dd{margin:0;font-size:1.3rem;font-variant-numeric:tabular-nums}\n"
	".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}\n"
	"th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--line);"
	"overflow-wrap:anywhere}\n"
	"th{font-weight:600;background:var(--soft)}td.n{text-align:right;font-variant-numeric:tabular-nums}\n"
	"td.t{white-space:nowrap}footer{margin-top:2rem;font-size:.8rem;opacity:.75}\n";

void monitor_html(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&': (void)fputs("&amp;", out); break;
		case '<': (void)fputs("&lt;", out); break;
		case '>': (void)fputs("&gt;", out); break;
		case '"': (void)fputs("&quot;", out); break;
		case '\'': (void)fputs("&#39;", out); break;
		default: (void)fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out); break;
		}
	}
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void write_time(FILE *out, int64_t time_s)
{
	time_t when = (time_t)time_s;
	struct tm tm;
	char text[32];

	/* UTC: the sandbox has no time zone file, and logs are compared in it anyway. */
	if (gmtime_r(&when, &tm) != NULL && strftime(text, sizeof(text), "%F %T", &tm) > 0)
		(void)fputs(text, out);
}

static void tile(FILE *out, const char *name, int64_t value)
{
	(void)fprintf(out, "<div><dt>%s</dt><dd>%" PRId64 "</dd></div>\n", name, value);
}

static void write_dnssec(FILE *out, const json_t *gate)
{
	const json_t *dnssec = json_object_get(gate, "dnssec");

	if (json_object_size(dnssec) == 0)
		return;
	(void)fprintf(out, "<p>DNSSEC: <span class=\"%s\">",
		      json_is_true(json_object_get(dnssec, "ok")) ? "good" : "bad");
	monitor_html(out, text_of(dnssec, "state"));
	(void)fputs("</span>, mode ", out);
	monitor_html(out, text_of(dnssec, "mode"));
	if (number_of(dnssec, "since") > 0) {
		(void)fputs(" since ", out);
		write_time(out, number_of(dnssec, "since"));
		(void)fputs(" UTC", out);
	}
	if (number_of(dnssec, "tested") > 0) {
		(void)fputs("; tested ", out);
		write_time(out, number_of(dnssec, "tested"));
		(void)fputs(" UTC: ", out);
		monitor_html(out, text_of(dnssec, "reason"));
	}
	(void)fputs("</p>\n", out);
}

static void write_reason(FILE *out, const json_t *gate)
{
	if (text_of(gate, "reason")[0] == '\0')
		return;
	(void)fputs("<p class=\"bad\">", out);
	monitor_html(out, text_of(gate, "reason"));
	(void)fputs("</p>\n", out);
}

static void write_summary(FILE *out, const json_t *status)
{
	const json_t *gate = json_object_get(status, "gate");
	bool ready = json_is_true(json_object_get(status, "ready"));
	int64_t refused = 0;
	size_t i;
	json_t *row;
	const json_t *crowding = json_object_get(status, "crowding");

	json_array_foreach(json_object_get(status, "refusals"), i, row) refused += number_of(row, "count");
	(void)fprintf(out, "<h1>gate25</h1>\n<p><span class=\"%s\">%s</span>", ready ? "good" : "bad",
		      ready ? "ready" : "not ready");
	if (json_is_false(json_object_get(gate, "enforce")))
		(void)fputs(" <span class=\"warn\">report only: nothing is refused for its TLS</span>", out);
	(void)fputs(" &middot; up since ", out);
	write_time(out, number_of(gate, "started"));
	(void)fputs(" UTC</p>\n", out);
	write_reason(out, gate);
	write_dnssec(out, gate);
	(void)fputs("<dl>\n", out);
	tile(out, "sessions now", number_of(status, "active"));
	tile(out, "sessions", number_of(status, "sessions"));
	tile(out, "messages delivered", number_of(status, "messages"));
	tile(out, "refusals listed", refused);
	tile(out, "refused at a limit",
	     number_of(crowding, "refused_all") + number_of(crowding, "refused_client") +
		     number_of(crowding, "refused_destination"));
	tile(out, "ended to make room", number_of(crowding, "shed"));
	tile(out, "workers", (int64_t)json_array_size(json_object_get(status, "workers")));
	(void)fputs("</dl>\n", out);
}

static void cell(FILE *out, const char *text)
{
	(void)fputs("<td>", out);
	monitor_html(out, text[0] != '\0' ? text : "-");
	(void)fputs("</td>", out);
}

/* The level in force and, where a rule does not simply say so, what it comes from. */
static void write_level(FILE *out, const json_t *row)
{
	const char *policy = text_of(row, "policy");

	(void)fputs("<td>", out);
	monitor_html(out, text_of(row, "level")[0] != '\0' ? text_of(row, "level") : "-");
	if (strcmp(policy, "dane") == 0 || strcmp(policy, "dane-unusable") == 0 || strcmp(policy, "floor") == 0) {
		(void)fputs("<br>policy ", out);
		monitor_html(out, policy);
	}
	(void)fputs("</td>", out);
}

static void write_refusal(FILE *out, const json_t *row)
{
	bool refused = strcmp(text_of(row, "kind"), "refused") == 0;

	(void)fputs("<tr>", out);
	cell(out, text_of(row, "domain"));
	(void)fputs("<td>", out);
	monitor_html(out, text_of(row, "destination"));
	if (text_of(row, "mx")[0] != '\0') {
		(void)fputs("<br>", out);
		monitor_html(out, text_of(row, "mx"));
	}
	(void)fprintf(out, "</td><td><span class=\"%s\">%s</span><br>", refused ? "bad" : "warn",
		      refused ? "refused" : "would refuse");
	monitor_html(out, text_of(row, "result"));
	(void)fputs("</td>", out);
	write_level(out, row);
	(void)fputs("<td><code>", out);
	monitor_html(out, text_of(row, "reply"));
	(void)fputs("</code><br>", out);
	monitor_html(out, text_of(row, "reason"));
	(void)fprintf(out, "</td><td class=\"n\">%" PRId64 "</td><td class=\"t\">", number_of(row, "count"));
	write_time(out, number_of(row, "time"));
	(void)fputs("</td></tr>\n", out);
}

static void write_refusals(FILE *out, const json_t *status)
{
	const json_t *rows = json_object_get(status, "refusals");
	size_t i;
	json_t *row;

	(void)fputs("<h2>Refusals</h2>\n", out);
	if (json_array_size(rows) == 0) {
		(void)fputs("<p>None since the monitor started.</p>\n", out);
		return;
	}
	(void)fputs("<div class=\"wide\"><table><thead><tr><th>Recipient domain</th><th>Server</th><th>Result</th>"
		    "<th>Level</th><th>What the client was told</th><th>Times</th><th>Last (UTC)</th></tr></thead>"
		    "<tbody>\n",
		    out);
	json_array_foreach(rows, i, row)
	{
		if (i < ROWS_SHOWN)
			write_refusal(out, row);
	}
	(void)fputs("</tbody></table></div>\n", out);
	if (json_array_size(rows) > ROWS_SHOWN)
		(void)fprintf(out, "<p>The last %d of %zu; /status.json has all.</p>\n", ROWS_SHOWN,
			      json_array_size(rows));
}

static void write_relays(FILE *out, const json_t *status)
{
	const json_t *rows = json_object_get(status, "relays");
	size_t i;
	json_t *row;

	if (json_array_size(rows) == 0)
		return;
	(void)fputs("<h2>Destinations that look like relays</h2>\n<p>They are no mail exchanger of the domains sent "
		    "through them. If you use one as your smarthost, put its name into this rule and the rule into "
		    "gate25.conf:</p>\n",
		    out);
	json_array_foreach(rows, i, row)
	{
		(void)fputs("<p><code>", out);
		monitor_html(out, text_of(row, "rule"));
		(void)fprintf(out, "</code> %" PRId64 " times, last for ", number_of(row, "count"));
		monitor_html(out, text_of(row, "domain"));
		(void)fputs("</p>\n", out);
	}
}

static void write_notices(FILE *out, const json_t *status)
{
	const json_t *rows = json_object_get(status, "notices");
	size_t i;
	json_t *row;

	if (json_array_size(rows) == 0)
		return;
	(void)fputs("<h2>Who does not fit behind the gate</h2>\n", out);
	json_array_foreach(rows, i, row)
	{
		(void)fputs("<p><code>", out);
		monitor_html(out, text_of(row, "text"));
		(void)fprintf(out, "</code> %" PRId64 " times, last by ", number_of(row, "count"));
		monitor_html(out, text_of(row, "client"));
		(void)fputs(" to ", out);
		monitor_html(out, text_of(row, "destination"));
		(void)fputs(", ", out);
		write_time(out, number_of(row, "time"));
		(void)fputs("</p>\n", out);
	}
}

bool monitor_page(const json_t *status, FILE *out)
{
	const json_t *gate = json_object_get(status, "gate");

	(void)fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>gate25</title>"
		    "<meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" "
		    "href=\"/style.css\"></head><body>\n",
		    out);
	write_summary(out, status);
	write_refusals(out, status);
	write_relays(out, status);
	write_notices(out, status);
	(void)fputs("<footer>gate25 ", out);
	monitor_html(out, text_of(gate, "version"));
	(void)fputs(" &middot; ", out);
	monitor_html(out, text_of(gate, "tls_library"));
	(void)fputs(" &middot; <a href=\"/status.json\">/status.json</a> &middot; <a href=\"/metrics\">/metrics</a>"
		    "</footer>\n</body></html>\n",
		    out);
	return fflush(out) == 0 && ferror(out) == 0;
}
