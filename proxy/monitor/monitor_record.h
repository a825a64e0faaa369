/* monitor_record.h - what a worker tells the monitor: one message for each record of a session, so that the status page
 * can say who is refused and why, and gate25 report what there was. Best effort: a full queue loses the message, never
 * the session. */
#ifndef GATE25_PROXY_MONITOR_MONITOR_RECORD_H
#define GATE25_PROXY_MONITOR_MONITOR_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/verdict/demand.h"
#include "proxy/base/addr.h"
#include "proxy/base/ipc.h"
#include "proxy/base/level.h"
#include "proxy/base/wire.h"
#include "proxy/report/history.h"
#include "proxy/session/session_record.h"

enum monitor_message { MONITOR_MSG_RECORD = 1 };

#define MONITOR_REPLY_MAX 514 /* RFC 5321 s. 4.5.3.1.5, with a NUL */

/* A plain value. Texts are peer text: whoever shows them escapes them. */
struct monitor_record {
	enum session_record_kind kind;
	enum history_outcome outcome;
	enum session_notice notice; /* NOTICED: |reason| has the words */
	uint64_t time_s;            /* of day, seconds since 1970 */
	struct endpoint client;
	struct endpoint destination;
	bool looks_like_relay; /* the destination is no MX of the domain, or wants AUTH: a destination rule is missing
				*/
	bool enforce;
	bool decided; /* source and level mean something */
	enum verdict_source source;
	enum level level;         /* in force */
	enum demand_basis policy; /* what it comes from */
	enum result_word result;
	char domain[VERDICT_NAME_MAX];
	char mx[VERDICT_NAME_MAX];
	char tls_version[16];
	char reply[MONITOR_REPLY_MAX]; /* code and text, without CRLF */
	char reason[VERDICT_REASON_MAX];
};

#define MONITOR_RECORD_BYTES_MAX 2048 /* of a message's body */

/* monitor_record_of takes from |record| what the monitor wants; too long a text is cut. */
void monitor_record_of(struct monitor_record *out, const struct session_record *record, uint64_t time_s);
/* monitor_record_send: false where nothing was sent. |ipc| NULL: there is no monitor. */
bool monitor_record_send(struct ipc *ipc, const struct monitor_record *record);

void monitor_record_put(struct wire_writer *w, const struct monitor_record *record);
MUST_CHECK bool monitor_record_get(struct wire_reader *r, struct monitor_record *out);

/* monitor_record_row makes what is counted of |record| in the history. */
void monitor_record_row(struct history_row *out, const struct monitor_record *record);

#endif
