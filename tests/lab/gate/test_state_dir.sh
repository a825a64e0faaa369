#!/usr/bin/env bash
# The folders of what outlives a restart: made with the rights that the service has, taken from nobody else, and never
# a reason not to start.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

STATE=$LAB_DIR/state
# The rights of the service as its unit has them.
SERVICE=$(sed -n 's/^CapabilityBoundingSet=//p' "$LAB_TOP/deploy/systemd/gate25.service")
RIGHTS=-all$(for right in $SERVICE; do right=${right#CAP_}; printf ',+%s' "${right,,}"; done)

# start [LINE...]: the gate of the service.
start() {
	gate_conf local "$@"
	GATE_STARTS=$((GATE_STARTS + 1))
	GATE_LOG=gate25-$GATE_STARTS
	lab_spawn "$GATE_LOG" gw setpriv --bounding-set "$RIGHTS" --inh-caps=-all \
		"$GATE25" run --config "$GATE_CONF" --run-dir "$GATE_RUN"
	GATE_PID=$LAB_PID
	lab_until 30 gate_settled
	check "the gate is up" gate_said 'ready '
}
stop() { lab_kill "$GATE_PID" TERM; }
warnings() { gate_said_times 'state-dir '; }
check_says() { lab_in gw "$GATE25" check --config "$GATE_CONF" 2>&1 | grep -c 'policies are forgotten\|has no history'; }
who() { stat -c '%u %g %a' "$@" | paste -sd /; }

# With nothing said: the default.
start
same "the default folder is made" "0 0 755" "$(who /var/lib/gate25)"
same "and no word of it" 0 "$(warnings)"
stop

start "state-dir = \"$STATE\""
same "the folders are their users', and the history is for the group of the control socket" \
	"0 0 755/$POLICY_UID $POLICY_UID 700/$MONITOR_UID $WORKER_UID 750" "$(who "$STATE" "$STATE"/{policy,report})"
same "with the rights of the service, and no word of it" 0 "$(warnings)"
same "check has none either" 0 "$(check_says)"
same "policyd works in its folder" "$STATE/policy" "$(readlink "/proc/$(gate_role policy)/cwd")"
same "the monitor in its own" "$STATE/report" "$(readlink "/proc/$(gate_role monitor)/cwd")"
same "and the worker in none" no "$(case $(readlink "/proc/$(gate_role worker)/cwd") in "$STATE"*) echo yes ;; *) echo no ;; esac)"
before=$(gate_role monitor)
kill -KILL "$before"
lab_until 10 lab_gone "$before"
check "a monitor that was killed comes back" lab_until 10 gate_role monitor
in_folder() { [ "$(readlink "/proc/$(gate_role monitor)/cwd")" = "$STATE/report" ]; }
check "to the same folder" lab_until 10 in_folder
sed -i "s|^state-dir = .*|state-dir = off|" "$GATE_CONF"
kill -HUP "$GATE_PID"
check "a reload does not take it away" lab_until 10 gate_said 'reload .*state-dir can change only by a restart'
stop
start "state-dir = \"$STATE\""
same "a second start finds them" 0 "$(warnings)"
stop

# What is not taken. Each: what is in place beforehand, how many warnings there are, words of one of them.
no_good() {
	rm -rf "$STATE" "$LAB_DIR/elsewhere"
	mkdir "$LAB_DIR/elsewhere"
	(cd "$LAB_DIR" && eval "$1")
	gate_conf local "state-dir = \"${4:-$STATE}\""
	check "$1: check says it" [ "$(check_says)" -eq "$2" ]
	start "state-dir = \"${4:-$STATE}\""
	same "$1: warnings" "$2" "$(warnings)"
	check "$1: it says $3" grep -q "state-dir .*$3" "$LAB_DIR/log/$GATE_LOG"
	same "$1: nothing is written behind a link" "" "$(ls "$LAB_DIR/elsewhere")"
	stop
}
no_good "ln -s elsewhere state" 1 "is a symbolic link"
no_good "mkdir -m 777 state" 1 "others can write"
no_good "mkdir state; ln -s ../elsewhere state/policy" 1 "policies are forgotten"
no_good "mkdir -p state/report; chown 9000 state/report" 1 "belongs to user 9000"
no_good "true" 1 "cannot make" "$LAB_DIR/nowhere/state"

start "state-dir = off"
same "off: nothing is made" no "$([ -e "$STATE" ] && echo yes || echo no)"
same "off: no word of it" 0 "$(warnings)"
stop

# Without root: what belongs to the one user of all.
install -d -o $WORKER_UID -g $WORKER_UID "$STATE" "$LAB_DIR/sidecar"
gate_conf local "listen-port = 2525" "state-dir = \"$STATE\""
for dir in "$STATE" "$LAB_DIR/none/state"; do
	GATE_LOG=sidecar-$([ "$dir" = "$STATE" ] && echo own || echo none)
	sed -i "s|^state-dir = .*|state-dir = \"$dir\"|" "$GATE_CONF"
	lab_spawn "$GATE_LOG" gw setpriv --reuid $WORKER_UID --regid $WORKER_UID --clear-groups --bounding-set -all \
		--inh-caps -all "$GATE25" run --no-rules --config "$GATE_CONF" --run-dir "$LAB_DIR/sidecar/run"
	GATE_PID=$LAB_PID
	check "$GATE_LOG: a sidecar is up" lab_until 20 gate_said 'ready '
	same "$GATE_LOG: warnings" "$([ "$dir" = "$STATE" ] && echo 0 || echo 1)" "$(warnings)"
	stop
done
same "a sidecar's folders are its user's" "$WORKER_UID $WORKER_UID 700/$WORKER_UID $WORKER_UID 750" \
	"$(who "$STATE"/{policy,report})"
lab_done
