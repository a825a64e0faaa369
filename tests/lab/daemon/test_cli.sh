#!/usr/bin/env bash
# test_cli.sh - the commands, and what wrong configurations, missing rights and a host that is not ready get: every error
# with its line, one sentence that says what to do, the right exit status, and no nftables table made.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "commands and wrong configurations" || lab_done

# Another user has no way into this tree.
BIN=$LAB_DIR/bin
mkdir -p "$BIN" && cp -L "$LAB_TOP"/build/gate25 "$LAB_TOP"/build/gate25-policyd "$BIN/" || lab_die "gate25 is not built"
chmod -R go+rX "$LAB_DIR"
CONF=$LAB_DIR/gate25.conf

daemon_internet
lab_gate_users
gate25() { lab_in gw timeout 20 "$BIN/gate25" "$@"; }
# gives STATUS TEXT COMMAND...: the exit status, and that TEXT is in what was said ("" for any).
gives() {
	local want=$1 text=$2 said status
	shift 2
	said=$("$@" 2>&1)
	status=$?
	[ "$status" -eq "$want" ] && grep -qF -- "$text" <<<"$said" && return 0
	echo "exit status $status, wanted $want with \"$text\":"
	echo "$said"
	return 1
}
no_table() { ! lab_in gw nft list tables | grep -q gate25; }

# --- usage -----------------------------------------------------------------------------------------------------------

check "--version" gives 0 "gate25 " gate25 --version
check "--help" gives 0 "Every command knows --help" gate25 --help
for command in run check rules explain probe verify tlsa status stop; do
	check "$command --help" gives 0 "usage: gate25" gate25 "$command" --help
	check "$command with an option that is none" gives 2 "usage: gate25" gate25 "$command" --no-such-option
done
check "no command" gives 2 "usage: gate25" gate25
check "an unknown command is named" gives 2 "unknown command frobnicate" gate25 frobnicate
check "status without a gate" gives 3 "" gate25 status
check "stop without a gate" gives 0 "not running" gate25 stop

# --- configurations ----------------------------------------------------------------------------------------------------

# wrong NAME TEXT LINE:WORD...: every one of the lines is complained about, with the word, by check, run and explain.
wrong() {
	local name=$1 place
	printf '%s\n' "$2" >"$CONF"
	shift 2
	for command in check run "explain a.lab"; do
		# shellcheck disable=SC2086
		gate25 $command --config "$CONF" >"$LAB_DIR/said" 2>&1 </dev/null
		local status=$?
		[ "${command%% *}" = explain ] || same "$name: $command ends with status 2" 2 $status
		for place in "$@"; do
			check "$name: $command says line ${place%%:*}" \
				grep -qE "$CONF:${place%%:*}: .*${place#*:}" "$LAB_DIR/said"
		done
		same "$name: $command says no other line" $# "$(grep -cF "$CONF:" "$LAB_DIR/said")"
	done
	check "$name: no table was made" no_table
}
wrong "three mistakes" 'scope = {sideways}
listen-port = 70000
colour = green' 1:sideways 2:70000 3:colour
wrong "a key twice" 'enforce = yes

enforce = no' 3:enforce
wrong "a floor under a level that has none" 'domain "a.lab" {
	level = may
	floor = verify
}' '[13]:floor'
wrong "a rule without a level" '# a comment
domain "a.lab" {
	servername = "mx.a.lab"
}' 2:level
wrong "forward scope without interfaces and sources" 'scope = {forward}' 1:interfaces 1:sources
wrong "a section without an end" 'domain "a.lab" {
	level = may' '[12]:'
wrong "an address with bits behind its length" 'exempt = {10.1.2.3/8}
destination "192.0.2.1/24" { level = encrypt }' 1:10.1.2.3/8 2:192.0.2.1/24
wrong "a fingerprint that is none" 'domain "a.lab" {
	level = fingerprint
	fingerprints = {"12:34"}
}' 3:12:34

printf '\001\002\377 = {\n' >"$CONF"
check "binary is refused" gives 2 "$CONF:1: " gate25 check --config "$CONF"
check "a file that is not there" gives 2 "/nowhere/gate25.conf" gate25 run --config /nowhere/gate25.conf
check "a folder in its place" gives 2 "$LAB_DIR" gate25 run --config "$LAB_DIR"
echo 'ca-file = "/nowhere/ca.pem"' >"$CONF"
check "a CA file that is not there" gives 2 "/nowhere/ca.pem" gate25 run --config "$CONF"
: >"$CONF"
check "an empty file is good" gives 0 good gate25 check --config "$CONF"
check "no table was made" no_table

# --- a host that is not ready ------------------------------------------------------------------------------------------

run_as_nobody() { lab_in gw setpriv --reuid 65534 --regid 65534 --clear-groups "$BIN/gate25" run --config "$CONF"; }
check "without root: one sentence that says what to do" gives 1 "must be started as root" run_as_nobody
same "and nothing else but the end" 2 "$(run_as_nobody 2>&1 | wc -l)"
echo 'policy-user = "not-there"' >"$CONF"
check "a user that is not there: how to make it" gives 1 "adduser --system" gate25 run --config "$CONF"
check "check says so too" gives 2 "adduser --system" gate25 check --config "$CONF"
: >"$CONF"
lab_spawn taker gw python3 -c 'import socket, time
sock = socket.create_server(("::", 825), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
time.sleep(600)'
taker=$LAB_PID
lab_until 10 lab_log taker ready || lab_die "nothing takes the port"
check "the port is taken: said with its number" gives 1 825 gate25 run --config "$CONF"
lab_kill "$taker"
check "no interception was made" ! lab_in gw nft list table inet gate25
lab_in gw nft delete table inet gate25_guard 2>/dev/null

# --- one at a time ---------------------------------------------------------------------------------------------------

lab_gate_conf ""
lab_gate_start
check "a second gate with the same run folder is refused" gives 1 "" gate25 run --config "$CONF"
check "and the first one goes on" lab_in gw nft list table inet gate25
check "stop ends it" gives 0 "stays closed" gate25 stop
check "it is gone" lab_until 10 lab_gone "$LAB_GATE_PID"
check "the guard is not" lab_in gw nft list table inet gate25_guard
check "stop --open says what that means" gives 0 "THE GATE IS OPEN" gate25 stop --open
check "then there is no table" no_table

# --- explain ---------------------------------------------------------------------------------------------------------

printf '%s\n' "a.lab MX 10 mx.a.lab" "mx.a.lab A 198.51.100.1" "broken.lab fail" >"$LAB_DIR/zone"
lab_gate_conf 'domain "a.lab" { level = verify }
domain "broken.lab" { level = verify }'
check "explain: a decision" gives 0 "mx.a.lab" gate25 explain --config "$CONF" bob@a.lab
check "explain: none where the lookup fails" gives 3 "" gate25 explain --config "$CONF" bob@broken.lab
check "explain: no address" gives 2 "" gate25 explain --config "$CONF" "not an address"
lab_done
