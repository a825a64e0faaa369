#!/usr/bin/env bash
# A gate without root, as in a sidecar: it is replaced in the same way.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
. "$LAB/upgrade/programs.sh"
world
run=$LAB_DIR/plain
mkdir "$run" && chown $SENDER_UID "$run"
chmod o+x "$LAB_DIR" "$LAB_DIR/bin"
printf '%s\n' "scope = {local}" "listen-port = 8250" "resolvers = {127.0.0.1}" "default-level = encrypt" \
	"state-dir = off" "workers = 1" >"$run/conf"
chmod 644 "$run/conf"

lab_spawn plain gw setpriv --reuid $SENDER_UID --regid $SENDER_UID --clear-groups --inh-caps=-all --bounding-set=-all \
	"$GATE25" run --no-rules --config "$run/conf" --run-dir "$run"
# shellcheck disable=SC2034 # of world.sh
GATE_LOG=plain pid=$LAB_PID
lab_until 30 gate_said 'ready '
for round in 1 2; do
	lab_in gw setpriv --reuid $SENDER_UID --regid $SENDER_UID --clear-groups --inh-caps=-all --bounding-set=-all \
		"$GATE25" upgrade --config "$run/conf" --run-dir "$run" >>"$LAB_DIR/log/upgrade" 2>&1
	same "upgrade $round" 0 $?
done
check "both by the same process" lab_alive "$pid"
check "and logged" upgraded 2
echo "nonsense" >>"$run/conf"
lab_in gw setpriv --reuid $SENDER_UID --regid $SENDER_UID --clear-groups "$GATE25" upgrade --config "$run/conf" \
	--run-dir "$run" >"$LAB_DIR/log/upgrade" 2>&1
same "a broken configuration: refused" 1 $?
check "with file and line" lab_log upgrade "conf:7: "
lab_kill "$pid" TERM
lab_done
