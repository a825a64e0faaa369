#!/usr/bin/env bash
# test_smuggling.sh - a message ends where the client's own CRLF.CRLF is, and every server sees that end and no other.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "smuggling through a running gate" || lab_done

daemon_internet
lab_cert raw good mx.raw.lab
mkdir "$LAB_DIR/raw"
lab_server raw 120
lab_spawn raw raw python3 "$DAEMON/recorder.py" "$LAB_DIR/raw" "$LAB_PKI/raw.crt" "$LAB_PKI/raw.key" 198.51.100.120
lab_until 10 lab_log raw ready || lab_die "the recorder does not start"
printf '%s\n' "raw.lab MX 10 mx.raw.lab" "mx.raw.lab A 198.51.100.120" >"$LAB_DIR/zone"

lab_gate_conf 'domain "raw.lab" { level = verify }'
lab_capture smuggling path gw0
lab_gate_start
daemon_run smuggling normalize
lab_gate_conf 'domain "raw.lab" { level = verify }
bare-newline = reject'
kill -HUP "$LAB_GATE_PID"
check "bare-newline = reject by a reload" lab_until 10 lab_log gate25 'configuration 2 is in force'
daemon_run smuggling reject
lab_gate_stop
lab_capture_stop smuggling client 198.51.100.1
check "all of it went over TLS" wire smuggling --some --tls --no-leak
lab_done
