#!/usr/bin/env bash
# test_flood.sh - hundreds of TLS handshakes that never end, with clients and with servers, and a backlog that fills up:
# honest mail has its turn, nothing crashes, nothing is left over.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "floods" || lab_done

daemon_internet
lab_cert good good mx.good.lab
daemon_server good 121 name=good.lab cert="$LAB_PKI/good.crt" key="$LAB_PKI/good.key"
daemon_server mute 122 name=mute.lab cert="$LAB_PKI/good.crt" key="$LAB_PKI/good.key" hang=tls
printf '%s\n' "good.lab MX 10 mx.good.lab" "mx.good.lab A 198.51.100.121" "mute.lab MX 10 mx.mute.lab" \
	"mx.mute.lab A 198.51.100.122" >"$LAB_DIR/zone"
for n in 11 12 13 14; do lab_addr client eth0 "10.25.0.$n/24"; done
lab_gate_conf 'log-format = json
client-tls = terminate
workers = 1
max-handshakes = 100
default-level = verify'
lab_gate_start
worker=$(pgrep -f 'role worker' | head -n 1)
lab_in client python3 "$LAB/load/flood.py" "$worker" >"$LAB_DIR/results" 2>"$LAB_DIR/errors"
same "flood.py runs to its end" 0 $?
lab_results "$LAB_DIR/results" || note "$(tail -n 15 "$LAB_DIR/errors")"
check "the worker is the same as before" lab_alive "$worker"
lab_gate_stop
lab_done
