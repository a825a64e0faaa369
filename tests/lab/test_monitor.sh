#!/usr/bin/env bash
# test_monitor.sh - the monitor of a running gate: readiness, metrics, `gate25 status`, and what the death of a role does
# to them.
. "$(dirname "$0")/lib.sh"

# The roles run as other users, who need not be able to look into this tree.
BIN=$LAB_DIR/bin
mkdir -p "$BIN" && cp -L "$LAB_TOP"/build/gate25 "$LAB_TOP"/build/gate25-policyd "$BIN/" || lab_die "gate25 is not built"
chmod -R go+rX "$LAB_DIR"
n=25100
for user in gate25 gate25-policy gate25-monitor; do
	grep -q "^$user:" /etc/passwd || echo "$user:x:$n:$n::/:/usr/sbin/nologin" >>/etc/passwd
	grep -q "^$user:" /etc/group || echo "$user:x:$n:" >>/etc/group
	n=$((n + 1))
done
lab_needs_root "the monitor of a running gate" || lab_done

lab_node gw
echo "default-level = encrypt" >"$LAB_DIR/gate25.conf"

get() { # PATH: the body; fails unless 200
	lab_in gw python3 -c 'import sys, urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9525" + sys.argv[1], timeout=10).read().decode(), end="")' "$1"
}
metric() { get /metrics | sed -n "s/^$1 //p"; }
metric_is() { [ "$(metric "$1")" = "$2" ]; }
status() { lab_in gw "$BIN/gate25" status "$@"; }
role() { pgrep -P "$GATE" -f -- "--role $1"; }
replaced() { local now; now=$(role "$1") && [ "$now" != "$2" ] && status; }
speak() { # to the listener, without having been intercepted
	lab_in gw python3 -c 'import socket
print(socket.create_connection(("127.0.0.1", 825), 10).makefile().readline())'
}

same "without a gate status says so with exit status 3" 3 "$(status >/dev/null 2>&1; echo $?)"
lab_spawn gate gw "$BIN/gate25" run --no-rules --config "$LAB_DIR/gate25.conf"
GATE=$LAB_PID
check "the gate comes up and status says it is ready" lab_until 20 status
check "/healthz" get /healthz
check "/readyz" get /readyz
check "status in words" grep -q "^gate25 .*: ready" <(status)
check "status as JSON" python3 -c 'import json, sys; assert json.load(sys.stdin)["ready"] is True' < <(status --json)
check "another user may not ask the control socket" \
	! lab_in gw setpriv --reuid 65534 --regid 65534 --clear-groups "$BIN/gate25" status
same "nobody but this host is served" "127.0.0.1:9525" "$(lab_in gw ss -Hltn 'sport = :9525' | awk '{ print $4 }')"
for name in NoNewPrivs:1 Seccomp:2 CapEff:0000000000000000; do
	same "the monitor's ${name%%:*}" "${name#*:}" "$(awk -v k="${name%%:*}:" '$1 == k { print $2 }' \
		"/proc/$(role monitor)/status")"
done

check "a connection that nobody redirected is refused" grep -q "^421 " <(speak)
check "and counted" lab_until 5 metric_is gate25_loops_refused_total 1

was=$(role worker)
kill -KILL "$was"
check "a worker that was killed is replaced" lab_until 20 replaced worker "$was"
check "the gate is ready again" lab_until 20 get /readyz
check "what the dead worker counted still counts" metric_is gate25_loops_refused_total 1
check "a second refusal" grep -q "^421 " <(speak)
check "adds to it" lab_until 5 metric_is gate25_loops_refused_total 2

was=$(role monitor)
kill -KILL "$was"
check "a monitor that was killed is replaced" lab_until 20 replaced monitor "$was"
check "and knows that the gate is ready" lab_until 20 get /readyz
check "and has the counters of all workers, the dead one's too" metric_is gate25_loops_refused_total 2

lab_kill "$GATE"
same "after the end status says so" 3 "$(status >/dev/null 2>&1; echo $?)"
lab_done
