#!/usr/bin/env bash
# test_roles.sh - a role that dies, or hangs, costs its own sessions at most: nothing is acknowledged that the server did
# not acknowledge, and nothing goes out in clear meanwhile.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "deaths of roles" || lab_done

daemon_internet
lab_cert good good mx.good.lab
daemon_server good 121 name=good.lab cert="$LAB_PKI/good.crt" key="$LAB_PKI/good.key"
daemon_server mute 122 name=mute.lab cert="$LAB_PKI/good.crt" key="$LAB_PKI/good.key" hang=dot
printf '%s\n' "good.lab MX 10 mx.good.lab" "mx.good.lab A 198.51.100.121" "stuck.lab silent" >"$LAB_DIR/zone"

# A gate of its own on another host: its policyd is stopped at once, and the minute goes by meanwhile.
lab_server host 130
lab_gate_users
printf '%s\n' "resolvers = {$LAB_RESOLVER}" "ca-file = $LAB_CA" "default-level = encrypt" \
	"monitor = off" >"$LAB_DIR/host.conf"
lab_spawn host host "$LAB_GATE" run --config "$LAB_DIR/host.conf" --run-dir "$LAB_DIR/host"
host=$LAB_PID
lab_until 30 lab_log host ready || lab_die "the gate of the other host does not start"
lab_in host python3 "$DAEMON/stuck.py" "$host" >"$LAB_DIR/stuck" 2>"$LAB_DIR/stuck.errors" &
stuck=$!

lab_gate_conf 'log-format = json
domain "good.lab" { level = verify }'
lab_capture roles path gw0
lab_gate_start
daemon_run roles deaths "$LAB_GATE_PID"
daemon_run roles parent "$LAB_GATE_PID"
wait "$LAB_GATE_PID" 2>/dev/null
check "the guard stays" lab_in gw nft list table inet gate25_guard
lab_gate_start
daemon_run roles usable "$LAB_GATE_PID"
lab_gate_stop
lab_capture_stop roles client 198.51.100.1
check "in all of this nothing of any mail was in clear" wire roles --some --tls --no-leak

wait "$stuck"
same "stuck.py runs to its end" 0 $?
lab_results "$LAB_DIR/stuck"
lab_kill "$host"
lab_done
