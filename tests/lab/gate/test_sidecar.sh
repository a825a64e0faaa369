#!/usr/bin/env bash
# A sidecar: the rules are loaded by an init container, `gate25 run --no-rules` then runs as an unprivileged user without a
# capability. Local mail goes through it and leaves over TLS or not at all.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

PORT=2525
unprivileged() { lab_in gw setpriv --reuid $WORKER_UID --regid $WORKER_UID --clear-groups --bounding-set -all --inh-caps -all "$@"; }
gate_stops() { kill -TERM "$GATE_PID" && lab_until 20 lab_gone "$GATE_PID"; }
gate_conf local "listen-port = $PORT"
mkdir -m 777 "$LAB_DIR/sidecar"
GATE_RUN=$LAB_DIR/sidecar/run

on_wire open try_all local
leaks open "without the gate the mail leaves in clear"
check "the rules are loaded" gate_rules --install --sidecar
on_wire loaded try_all local
same "before gate25 is there everything is refused" refused "$(tried)"
closed loaded "and nothing leaves"

GATE_LOG=sidecar
lab_spawn sidecar gw setpriv --reuid $WORKER_UID --regid $WORKER_UID --clear-groups --bounding-set -all --inh-caps -all \
	"$GATE25" run --no-rules --config "$GATE_CONF" --run-dir "$GATE_RUN"
GATE_PID=$LAB_PID
check "gate25 comes up without privileges" lab_until 20 gate_said 'ready '
for pid in "$GATE_PID" $(pgrep -P "$GATE_PID"); do
	same "process $pid has no capability and no way to one" "0000000000000000 1 $WORKER_UID" \
		"$(awk '/^CapEff:|^NoNewPrivs:/ { print $2 } /^Uid:/ { uid = $2 } END { print uid }' "/proc/$pid/status" | sort -r | sort -k1,1 | paste -sd ' ')"
done
wire_begin sidecar
try_all local
for to in $SECURE4 $SECURE6; do
	check "local mail to $to is taken" polite local $to
done
wire_end sidecar
closed sidecar "nothing leaves in clear"
check "mail goes over TLS" wire sidecar --to $SECURE4 --tls
check "over IPv6 too" wire sidecar --to $SECURE6 --tls
check "a server without STARTTLS gets nothing" wire sidecar --to $PLAIN4 --some --no-tls
for to in 127.0.0.1 ::1; do
	same "a direct connection to $to is refused" refused "$(push local $to --port $PORT)"
done
check "it leaves the tables as they were when it is told to stop" gate_stops
same "they are still there" 2 "$(tables)"
on_wire stopped try_all local
same "and everything is refused" refused "$(tried)"
closed stopped "and nothing leaves"
check "without rights gate25 run says what it needs" grep -q 'must be started as root' \
	<(unprivileged "$GATE25" run --config "$GATE_CONF" --run-dir "$LAB_DIR/sidecar/run2" 2>&1)
check "and so does rules --install" ! unprivileged "$GATE25" rules --config "$GATE_CONF" --install --sidecar
lab_done
