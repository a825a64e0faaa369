/* record_log.h - a session's record as a log line (README, "Why was this mail refused?", names the keys). */
#ifndef GATE25_PROXY_WORKER_RECORD_LOG_H
#define GATE25_PROXY_WORKER_RECORD_LOG_H

#include "proxy/session/session_record.h"

void record_log(const struct session_record *record);

#endif
