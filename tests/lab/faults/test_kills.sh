#!/usr/bin/env bash
# kill -9 of each role while clients stand still at every state of a session and a Postfix sends a stream of mail: what
# is lost, doubled, acknowledged by nobody, in clear. FAULTS_LONG=yes: each role at each state by itself.
. "$(dirname "$0")/../lib.sh"
. "$LAB/faults/faults.sh"
faults_world

again() {
	lab_until 60 [ -e "$LAB_DIR/killed" ] || return 1
	wait "$LAB_GATE_PID" 2>/dev/null
	lab_gate_start
	touch "$LAB_DIR/again"
}

# kill_role ROLE NAME [STATE...]
kill_role() {
	local role=$1 name=$2 gate=$LAB_GATE_PID run
	shift
	if [ "$role" = parent ]; then
		rm -f "$LAB_DIR"/{killed,again}
		faults_run kills parent "$gate" "$@" >"$LAB_DIR/parent" &
		run=$!
		again || not_ok "$name: the parent is not killed"
		wait $run
		while read -r line; do
			case $line in
			'not ok - '*) not_ok "${line#not ok - }" ;;
			'ok - '*) ok "${line#ok - }" ;;
			*) echo "$line" ;;
			esac
		done <"$LAB_DIR/parent"
	else
		faults_run kills "$role" "$gate" "$@"
	fi
}

if [ "${FAULTS_LONG:-}" != yes ]; then
	for role in worker policy monitor parent; do
		export FAULTS_VERDICT=$((${FAULTS_VERDICT:-0} + 1))
		faults_stream 15 stream.example
		kill_role $role "$role"
	done
	faults_done kills
	lab_done
fi

for role in worker policy monitor parent; do
	export FAULTS_VERDICT=$((${FAULTS_VERDICT:-0} + 1))
	for state in "${FAULTS_STATES[@]}"; do
		faults_stream 15 stream.example
		kill_role $role "$role-$state" "$state"
		# A role that dies often is started anew ever later.
		lab_gate_stop
		lab_gate_start
	done
	faults_done "$role"
done
lab_done
