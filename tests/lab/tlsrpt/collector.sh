# shellcheck shell=bash
# collector.sh - the TLSRPT collector of the lab, collector.py, in the node gw. What it hears goes to $LAB_DIR/log/collector.
# Sourced after gate.sh.

COLLECTOR_SOCKET=/run/tlsrpt/socket
COLLECTOR_PID=

collector_start() {
	lab_gate_users
	mkdir -p "${COLLECTOR_SOCKET%/*}"
	lab_spawn collector gw python3 "$LAB/tlsrpt/collector.py" "$COLLECTOR_SOCKET" gate25-policy
	COLLECTOR_PID=$LAB_PID
	lab_until 10 collector_is_there || lab_die "the collector does not start"
}
collector_is_there() { [ "$(stat -c %a "$COLLECTOR_SOCKET" 2>/dev/null)" = 220 ]; }

collector_stop() {
	lab_kill "$COLLECTOR_PID"
	lab_until 10 lab_gone "$COLLECTOR_PID"
	rm -f "$COLLECTOR_SOCKET"
}

collector_restart() {
	collector_stop
	collector_start
}

# reports WHAT [DOMAIN]: see reports.py.
reports() { python3 "$LAB/tlsrpt/reports.py" "$LAB_DIR/log/collector" "$@"; }

# collector_has DOMAIN COUNT: so many reports at least.
collector_has() { [ "$(reports count "$1")" -ge "$2" ]; }
