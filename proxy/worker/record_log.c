/* record_log.c - see record_log.h. */
#include "proxy/worker/record_log.h"

#include <inttypes.h>

#include "proxy/base/log.h"

static const char *event_name(const struct session_record *record)
{
	switch (record->kind) {
	case SESSION_RECORD_NOTICED: return session_notice_name(record->notice);
	case SESSION_RECORD_SIGN: break;
	case SESSION_RECORD_REFUSED: return "refused";
	case SESSION_RECORD_REPORTED: return "would-refuse";
	case SESSION_RECORD_NOTED: return "policy-problem";
	case SESSION_RECORD_CLIENT_ERROR: return "client-error";
	case SESSION_RECORD_END:
	case SESSION_RECORD_MESSAGE:
	case SESSION_RECORD_COUNT: break;
	}
	return "session-end";
}

static void add_text(struct log_line *line, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		log_add(line, key, "%s", value);
}

static enum log_level log_level(enum session_record_kind kind)
{
	return kind == SESSION_RECORD_END || kind == SESSION_RECORD_CLIENT_ERROR ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
}

static void add_decision(struct log_line *line, const struct session_record *record)
{
	add_text(line, "domain", record->domain);
	add_text(line, "mx", record->mx);
	add_text(line, "sni", record->servername);
	if (record->decided) {
		log_add(line, "source", "%s", verdict_source_name(record->source));
		log_add(line, "level", "%s", level_name(record->level));
		log_add(line, "policy", "%s", demand_basis_name(record->policy));
	}
	add_text(line, "verdict", record->verdict);
	add_text(line, "tls", record->tls_version);
	add_text(line, "cipher", record->cipher);
	if (record->decided)
		log_add(line, "authenticated", "%s", record->authenticated ? "yes" : "no");
	add_text(line, "matched", record->matched);
	add_text(line, "tlsa", record->tlsa);
	if (record->tlsa[0] != '\0')
		log_add(line, "depth", "%d", record->depth);
	if (record->mx_known)
		log_add(line, "mx-secure", "%s", record->mx_secure ? "yes" : "no");
}

static void add_totals(struct log_line *line, const struct session_record *record)
{
	log_add(line, "end", "%s", session_end_name(record->end));
	log_add(line, "messages", "%u", record->messages);
	log_add(line, "rcpts", "%u", record->rcpts_accepted);
	log_add(line, "rcpts-refused", "%u", record->rcpts_refused);
	log_add(line, "octets", "%" PRIu64, record->octets);
	if (record->passed_up > 0 || record->passed_down > 0) {
		log_add(line, "passed-up", "%" PRIu64, record->passed_up);
		log_add(line, "passed-down", "%" PRIu64, record->passed_down);
	}
	log_add(line, "seconds", "%" PRIu64, record->duration_s);
}

void record_log(const struct session_record *record)
{
	struct log_line line;
	char client[ENDPOINT_TEXT_MAX];
	char destination[ENDPOINT_TEXT_MAX];

	if (record->kind == SESSION_RECORD_SIGN ||
	    record->kind == SESSION_RECORD_MESSAGE) /* its session's end says how many */
		return;
	log_open(&line, log_level(record->kind), event_name(record));
	log_add(&line, "session", "%016" PRIx64, record->id);
	log_add(&line, "client", "%s", endpoint_format(&record->client, client));
	log_add(&line, "destination", "%s", endpoint_format(&record->destination, destination));
	add_text(&line, "client-tls", record->client_tls);
	add_text(&line, "tls-offered", record->tls_offered);
	if (record->kind != SESSION_RECORD_CLIENT_ERROR && record->kind != SESSION_RECORD_NOTICED)
		add_decision(&line, record);
	if (record->command_len > 0)
		log_add_octets(&line, "command", record->command, record->command_len);
	if (record->kind == SESSION_RECORD_END)
		add_totals(&line, record);
	if (record->testing)
		log_add(&line, "testing", "yes");
	if (record->result != RESULT_NONE)
		log_add(&line, "result", "%s", result_word_name(record->result));
	add_text(&line, "reply", record->reply);
	add_text(&line, "reason", record->reason);
	log_close(&line);
}
