# shellcheck shell=bash
# gate.sh - gate25 itself in the node gw of the small internet. Sourced after internet.sh.

LAB_GATE=${LAB_GATE:-$LAB_TOP/build/gate25}
LAB_GATE_PID=
LAB_GATE_SCOPE="scope = {forward}
interfaces = {lan0}
sources = {10.25.0.0/24, \"2001:db8:25::/64\"}"

# lab_gate_users: the users of gate25's roles, in the box's own /etc.
lab_gate_users() {
	local user uid=25101
	for user in gate25 gate25-policy gate25-monitor; do
		getent passwd $user >/dev/null || {
			echo "$user:x:$uid:" >>/etc/group
			echo "$user:x:$uid:$uid::/nonexistent:/usr/sbin/nologin" >>/etc/passwd
		}
		uid=$((uid + 1))
	done
}

# lab_gate_conf TEXT: the configuration file; scope, resolvers (LAB_GATE_RESOLVERS), the lab's authority and a state-dir
# stand in it already, and where TEXT names no default-level, one that needs no DNSSEC.
lab_gate_conf() {
	printf '%s\n' "$LAB_GATE_SCOPE" "resolvers = {${LAB_GATE_RESOLVERS:-$LAB_RESOLVER}}" "$1" >"$LAB_DIR/gate25.conf"
	grep -q '^[[:space:]]*default-level' <<<"$1" || echo "default-level = encrypt" >>"$LAB_DIR/gate25.conf"
	grep -q '^[[:space:]]*state-dir' <<<"$1" || echo "state-dir = \"$LAB_DIR/state\"" >>"$LAB_DIR/gate25.conf"
	[ ! -f "${LAB_CA:-}" ] || echo "ca-file = $LAB_CA" >>"$LAB_DIR/gate25.conf"
}

# lab_gate_start: in the foreground of the node gw, log in $LAB_DIR/log/gate25. Returns when port 25 is gated and the
# gate's own test connections are over, so that no capture begun after this sees them.
lab_gate_start() {
	local before
	lab_gate_users
	[ -x "$LAB_GATE" ] || lab_die "no $LAB_GATE: make it first"
	before=$(lab_gate_readies) before=${before:-0}
	lab_spawn gate25 gw "$LAB_GATE" run --config "$LAB_DIR/gate25.conf"
	LAB_GATE_PID=$LAB_PID
	lab_until 30 lab_gate_is_up_or_dead "$before"
	lab_alive "$LAB_GATE_PID" && lab_gate_is_up "$before" || lab_die "gate25 does not start"
}

lab_gate_readies() { grep -csE '^gate25: ready |"event":"ready"' "$LAB_DIR/log/gate25" || true; }
lab_gate_is_up() {
	lab_gate_listens && lab_in gw nft list table inet gate25 >/dev/null 2>&1 && [ "$(lab_gate_readies)" -gt "${1:-0}" ]
}
lab_gate_is_up_or_dead() { lab_gone "$LAB_GATE_PID" || lab_gate_is_up "$1"; }

lab_gate_listens() { lab_listens gw 825; }

# lab_gate_processes: the ids of every process of gate25 in the box.
lab_gate_processes() { pgrep -x 'gate25|gate25-policyd|gate25-.*' || true; }
lab_gate_is_gone() { [ -z "$(lab_gate_processes)" ]; }

# lab_gate_kill: all its processes at once, with no chance to tidy up.
lab_gate_kill() {
	# shellcheck disable=SC2046
	kill -KILL $(lab_gate_processes)
	lab_until 10 lab_gate_is_gone || lab_die "gate25 cannot be killed"
	wait "$LAB_GATE_PID" 2>/dev/null
}

# lab_gate_stop: as a service manager would; sets LAB_GATE_STATUS to its exit status.
lab_gate_stop() {
	kill -TERM "$LAB_GATE_PID" 2>/dev/null
	lab_until 30 lab_gone "$LAB_GATE_PID" || lab_die "gate25 does not stop"
	wait "$LAB_GATE_PID"
	LAB_GATE_STATUS=$?
}
