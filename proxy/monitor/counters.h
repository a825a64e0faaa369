/* counters.h - what a worker counts: one shared memory object per worker, written by it alone and read by the monitor.
 *
 * No locks: each value has one writer, and reading is a relaxed load. The tables below are the one place that says what
 * is counted: the layout of the memory, the names in /metrics and the help texts all come from them. A page of another
 * layout (a worker of another version of the program) is refused, never misread. */
#ifndef GATE25_PROXY_MONITOR_COUNTERS_H
#define GATE25_PROXY_MONITOR_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "policy/verdict/verdict.h"
#include "proxy/base/attrib.h"
#include "proxy/base/level.h"

enum counter_type { COUNTER_TYPE_COUNTER, COUNTER_TYPE_GAUGE };

/* X(id, type, name, help): the families, in the order of /metrics. */
#define COUNTERS_FAMILIES(X)                                                                                           \
	X(SESSIONS, COUNTER, "gate25_sessions_total", "Client sessions accepted.")                                     \
	X(ACTIVE, GAUGE, "gate25_sessions_active", "Client sessions open now.")                                        \
	X(ENDS, COUNTER, "gate25_session_ends_total", "Sessions ended, by what ended them.")                           \
	X(POLICIES, COUNTER, "gate25_session_policies_total",                                                          \
	  "Sessions ended, by the policy in force for the last recipient (dane: TLSA records; none: no policy).")      \
	X(CONNECTS, COUNTER, "gate25_upstream_connects_total", "Connections to servers, by outcome.")                  \
	X(GREETINGS, COUNTER, "gate25_greetings_refused_total",                                                        \
	  "Sessions that got a refusal as their greeting, by whose refusal it was.")                                   \
	X(BINDS, COUNTER, "gate25_binds_total",                                                                        \
	  "Servers judged against the policy, by level and RFC 8460 result (none: satisfied).")                        \
	X(TLS, COUNTER, "gate25_tls_handshakes_total", "TLS handshakes with servers completed, by version.")           \
	X(TLS_FAILED, COUNTER, "gate25_tls_handshakes_failed_total", "TLS handshakes with servers that failed.")       \
	X(CLEAR, COUNTER, "gate25_clear_binds_total", "Times a policy permitted a server in clear text.")              \
	X(MESSAGES, COUNTER, "gate25_messages_total", "Messages: accepted by the server, or not.")                     \
	X(OCTETS, COUNTER, "gate25_content_bytes_total", "Octets of message content that went to servers.")            \
	X(PASSED, COUNTER, "gate25_passthrough_bytes_total",                                                           \
	  "Octets carried between clients and servers that speak TLS with each other, by direction.")                  \
	X(RECIPIENTS, COUNTER, "gate25_recipients_total", "Recipients, by outcome.")                                   \
	X(REFUSALS, COUNTER, "gate25_refusals_total", "Refusals by gate25, by RFC 8460 result.")                       \
	X(REPORTED, COUNTER, "gate25_would_refuse_total",                                                              \
	  "Refusals that enforce = no let pass (report only), by RFC 8460 result.")                                    \
	X(VERDICTS, COUNTER, "gate25_verdict_questions_total",                                                         \
	  "Policy questions, by how they were answered (cached: from the worker's own memory).")                       \
	X(CLIENT_ERRORS, COUNTER, "gate25_client_errors_total", "Commands that were none or came out of place.")       \
	X(NOTICES, COUNTER, "gate25_notices_total",                                                                    \
	  "Sessions that showed who does not fit behind the gate, by what it was (see the status page).")              \
	X(LOOPS, COUNTER, "gate25_loops_refused_total", "Connections refused because they would loop back to gate25.") \
	X(LIMITS, COUNTER, "gate25_sessions_refused_total", "Connections refused at a limit of sessions, by limit.")   \
	X(PAUSES, COUNTER, "gate25_accept_pauses_total", "Times that clients waited because files or memory ran out.") \
	X(HANDSHAKES, GAUGE, "gate25_tls_handshakes_active", "TLS handshakes that are not finished, by peer.")         \
	X(HANDSHAKES_WAIT, GAUGE, "gate25_tls_handshakes_waiting", "TLS handshakes that wait for their turn, by peer.")

enum counter_family {
#define X(id, type, name, help) COUNTER_FAMILY_##id,
	COUNTERS_FAMILIES(X)
#undef X
		COUNTER_FAMILY_COUNT
};

/* X(id, family, label, value): the single values; label "" for a family of one. Families with a value for each level or
 * result word follow them in the layout; see counter_bind and its neighbours. */
#define COUNTERS_SINGLE(X)                                                                   \
	X(SESSIONS, SESSIONS, "", "")                                                        \
	X(SESSIONS_ACTIVE, ACTIVE, "", "")                                                   \
	X(END_QUIT, ENDS, "cause", "quit")                                                   \
	X(END_CLIENT_GONE, ENDS, "cause", "client-gone")                                     \
	X(END_SERVER, ENDS, "cause", "server")                                               \
	X(END_REFUSED, ENDS, "cause", "refused")                                             \
	X(END_TIMEOUT, ENDS, "cause", "timeout")                                             \
	X(END_SHUTDOWN, ENDS, "cause", "shutdown")                                           \
	X(END_CLIENT_TLS, ENDS, "cause", "client-tls")                                       \
	X(END_PASSTHROUGH, ENDS, "cause", "passthrough")                                     \
	X(END_SHED, ENDS, "cause", "shed")                                                   \
	X(POLICY_NONE, POLICIES, "policy", "none")                                           \
	X(POLICY_RULE, POLICIES, "policy", "rule")                                           \
	X(POLICY_DEFAULT, POLICIES, "policy", "default")                                     \
	X(POLICY_DANE, POLICIES, "policy", "dane")                                           \
	X(POLICY_DANE_UNUSABLE, POLICIES, "policy", "dane-unusable")                         \
	X(POLICY_STS, POLICIES, "policy", "sts")                                             \
	X(POLICY_LIST, POLICIES, "policy", "list")                                           \
	X(POLICY_FLOOR, POLICIES, "policy", "floor")                                         \
	X(CONNECT_OK, CONNECTS, "outcome", "ok")                                             \
	X(CONNECT_FAILED, CONNECTS, "outcome", "failed")                                     \
	X(GREETING_REFUSED_GATE, GREETINGS, "by", "gate25")                                  \
	X(GREETING_REFUSED_SERVER, GREETINGS, "by", "server")                                \
	X(TLS12, TLS, "version", "1.2")                                                      \
	X(TLS13, TLS, "version", "1.3")                                                      \
	X(TLS_FAILED, TLS_FAILED, "", "")                                                    \
	X(CLEAR, CLEAR, "", "")                                                              \
	X(MESSAGES_ACCEPTED, MESSAGES, "outcome", "accepted")                                \
	X(MESSAGES_REFUSED, MESSAGES, "outcome", "refused")                                  \
	X(OCTETS, OCTETS, "", "")                                                            \
	X(PASSED_UP, PASSED, "direction", "to-server")                                       \
	X(PASSED_DOWN, PASSED, "direction", "to-client")                                     \
	X(RCPT_ACCEPTED, RECIPIENTS, "outcome", "accepted")                                  \
	X(RCPT_REFUSED_GATE, RECIPIENTS, "outcome", "refused-by-gate25")                     \
	X(RCPT_REFUSED_SERVER, RECIPIENTS, "outcome", "refused-by-server")                   \
	X(VERDICT_ASKED, VERDICTS, "answer", "asked")                                        \
	X(VERDICT_CACHED, VERDICTS, "answer", "cached")                                      \
	X(VERDICT_FAILED, VERDICTS, "answer", "failed")                                      \
	X(CLIENT_ERRORS, CLIENT_ERRORS, "", "")                                              \
	X(NOTICE_CLIENT, NOTICES, "notice", "client-authenticates-itself")                   \
	X(NOTICE_CLIENT_PROBABLY, NOTICES, "notice", "client-probably-authenticates-itself") \
	X(NOTICE_GATE, NOTICES, "notice", "another-gate25-on-path")                          \
	X(NOTICE_EXCHANGE, NOTICES, "notice", "exchange-peer")                               \
	X(LOOPS, LOOPS, "", "")                                                              \
	X(LIMIT_ALL, LIMITS, "limit", "all")                                                 \
	X(LIMIT_CLIENT, LIMITS, "limit", "client")                                           \
	X(LIMIT_DESTINATION, LIMITS, "limit", "destination")                                 \
	X(LIMIT_FILES, LIMITS, "limit", "files")                                             \
	X(ACCEPT_PAUSED, PAUSES, "", "")                                                     \
	X(HANDSHAKES_SERVER, HANDSHAKES, "with", "server")                                   \
	X(HANDSHAKES_CLIENT, HANDSHAKES, "with", "client")                                   \
	X(HANDSHAKES_WAIT_SERVER, HANDSHAKES_WAIT, "with", "server")                         \
	X(HANDSHAKES_WAIT_CLIENT, HANDSHAKES_WAIT, "with", "client")

enum counter {
#define X(id, family, label, value) COUNTER_##id,
	COUNTERS_SINGLE(X)
#undef X
		COUNTER_SINGLE_COUNT,
	COUNTER_BINDS = COUNTER_SINGLE_COUNT, /* by level and result */
	COUNTER_REFUSALS = COUNTER_BINDS + (int)LEVEL_COUNT * (int)RESULT_COUNT,
	COUNTER_REPORTED = COUNTER_REFUSALS + (int)RESULT_COUNT,
	COUNTER_COUNT = COUNTER_REPORTED + (int)RESULT_COUNT,
};

struct session_record;
struct counters; /* one worker's memory */

/* counters_create makes the memory and closes it: after this call nobody can map it writable, grow or shrink it.
 * |*out_fd| (close-on-exec, the caller's) is for the monitor. NULL with errno. */
MUST_CHECK struct counters *counters_create(int *out_fd);
/* counters_map maps another process's memory read-only; |fd| stays the caller's. NULL with errno: EPROTO for what is no
 * counters page, is not sealed against shrinking, or is of another version. */
MUST_CHECK const struct counters *counters_map(int fd);
void counters_unmap(const struct counters *counters); /* either kind; NULL is fine */

/* Writers: only the process that called counters_create. NULL counters and numbers outside the table do nothing. */
void counters_add(struct counters *counters, enum counter which, uint64_t n);
void counters_sub(struct counters *counters, enum counter which, uint64_t n); /* gauges */
/* counters_session counts what a session's record says: refusals and the client's errors as they are made and, at the
 * session's end, its cause, messages, recipients and octets. The worker counts the rest as it happens. */
void counters_session(struct counters *counters, const struct session_record *record);

uint64_t counters_get(const struct counters *counters, enum counter which);

/* The places in the families with many values. What is out of range counts as LEVEL_UNSET, RESULT_NONE. */
enum counter counter_bind(enum level level, enum result_word result); /* RESULT_NONE: satisfied */
enum counter counter_refusal(enum result_word result);
enum counter counter_reported(enum result_word result);

/* What a value is called. */
#define COUNTER_LABELS_MAX 96
enum counter_family counter_family(enum counter which);
enum counter_type counter_family_type(enum counter_family family);
const char *counter_family_name(enum counter_family family);
const char *counter_family_help(enum counter_family family);
/* counter_labels writes for instance {level="encrypt",result="none"}, or "", and returns |buf|. */
const char *counter_labels(enum counter which, char buf[COUNTER_LABELS_MAX]);

#endif
