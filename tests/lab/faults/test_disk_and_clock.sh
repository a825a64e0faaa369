#!/usr/bin/env bash
# The disk of state-dir is full, and the gate's clocks jump: mail goes on, what cannot be written is said, and is written
# when there is room again. (The clocks are moved for gate25's processes alone, see clock.c: that shows what it makes of
# them, not what its servers and resolvers do.)
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$LAB/faults/faults.sh"

FAULTS_CONF="list-file = \"$LAB_DIR/list.json\"
log-level = info
domain \"verdict1.example\" { level = verify }"
# list SECONDS: the list as of so many seconds from now.
list() {
	printf '{"timestamp": %d, "expires": %d, "version": "0.1", "policy-aliases": {}, "policies": {%s}}\n' \
		$(($(date +%s) + $1)) $(($(date +%s) + 86400)) \
		'"nobody.example": {"mode": "testing", "mxs": ["mx.nobody.example"]}' >"$LAB_DIR/list.json.new"
	mv "$LAB_DIR/list.json.new" "$LAB_DIR/list.json"
}
# ahead WALL MONOTONIC: seconds.
ahead() { python3 -c 'import struct, sys
with open(sys.argv[1], "r+b") as file:
    file.write(struct.pack("=qq", int(sys.argv[2]), int(sys.argv[3])))' "$LAB_DIR/clock" "$@"; }
faults_before_gate() {
	list -3600
	mkdir "$LAB_DIR/state"
	mount -t tmpfs -o size=256k,mode=755 tmpfs "$LAB_DIR/state" || lab_die "no small file system"
	dd if=/dev/zero of="$LAB_DIR/state/filler" bs=4k 2>/dev/null
	head -c 16 /dev/zero >"$LAB_DIR/clock"
	chmod 644 "$LAB_DIR/clock"
	${CC:-cc} -shared -fPIC -O1 -o "$LAB_DIR/clock.so" "$FAULTS/clock.c" || lab_die "no compiler for clock.c"
	# In front of gate25 alone.
	printf '#!/bin/sh\nLD_PRELOAD=%s LAB_CLOCK=%s exec "%s" "$@"\n' "$LAB_DIR/clock.so" "$LAB_DIR/clock" "$LAB_GATE" \
		>"$LAB_DIR/gate"
	chmod 755 "$LAB_DIR/gate"
	LAB_GATE=$LAB_DIR/gate
}
faults_world
before=$(pgrep -P "$LAB_GATE_PID" | sort | paste -sd ' ')

# The disk was full when the gate started, and is now; folders need no room in this file system.
said() { grep -q "\"event\":\"$1\".*$2" "$LAB_DIR/log/gate25"; }
copy_is_new() { cmp -s "$LAB_DIR/list.json" "$LAB_DIR/state/list.json"; }
same "the disk is full" 0 "$(df --output=avail "$LAB_DIR/state" | tail -n 1 | tr -d ' ')"
check "that the list is not kept is said" said list "cannot be written"
faults_stand disk content mail idle
faults_probe "disk full"
list -60
kill -HUP "$LAB_GATE_PID"
check "a new list is taken all the same" lab_until 20 said reload "configuration 2 is in force"
check "what becomes of the history is said" lab_until 30 said history "cannot be written"
rm "$LAB_DIR/state/filler"
faults_go_on
faults_probe "room again"
check "the history is written again" lab_until 30 said history "written again"
list -30
kill -HUP "$LAB_GATE_PID"
check "and the next list is kept" lab_until 20 copy_is_new
check "the history has what was sent meanwhile" grep -q stream.example -r "$LAB_DIR/state/report"

# The clock on the wall. DANE-EE has no use for it (RFC 7671 s. 5.1), certificates by authorities have.
# deferred JUMP: a certificate that is over, or not begun.
deferred() {
	local why="is not yet valid\|not-yet-valid\|not trusted\|certificate-not"
	[ "$1" -lt 0 ] || why="expired"
	grep '"domain":"verdict1.example"' "$LAB_DIR/log/gate25" | grep '"reply":"451 4.7.5' | grep -q "$why"
}
only_waits() { ! grep -lr stream.example "${LAB_ROOT_OF[sender]}"/var/spool/postfix/{incoming,active,deferred}; }
years=$((10 * 365 * 86400))
faults_stand wall content mail idle
for jump in $years -$years; do
	ahead "$jump" 0
	faults_stream 3 stream.example
	check "wall clock $jump s: what DANE decides is delivered" lab_until 60 only_waits
	faults_stream 1 verdict1.example
	check "wall clock $jump s: what a certificate's dates decide waits" lab_until 20 deferred "$jump"
done
ahead 0 0
faults_go_on
faults_flows "wall clock right again"

# The clock that timers use: a machine that was suspended, and its gate with it.
faults_stand monotonic content mail idle rcpt data
ahead 0 100
faults_probe "100 s that nobody lived through"
faults_go_on
same "no process was replaced" "$before" "$(pgrep -P "$LAB_GATE_PID" | sort | paste -sd ' ')"

# policyd and the monitor stand still: after a minute of that clock, which goes in small steps now, they are replaced. (A
# signal wakes the parent at each step, a reload the roles: they sleep by the machine's clock.)
role() { pgrep -P "$LAB_GATE_PID" -f -- "--role $1"; }
policy=$(role policy) monitor=$(role monitor) worker=$(role worker)
faults_stand still content mail idle
kill -STOP "$policy" "$monitor"
replaced() { lab_gone "$policy" && lab_gone "$monitor" && [ -n "$(role policy)" ] && [ -n "$(role monitor)" ]; }
sleeps() { awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$worker/status"; }
turned() { [ "$(sleeps)" -gt "$1" ]; }
minute() {
	local step reloads slept
	for step in $(seq 9 9 90); do
		reloads=$(faults_said_times reload) slept=$(sleeps)
		ahead 0 $((100 + step))
		kill -HUP "$LAB_GATE_PID"
		# The parent has looked, and the worker has said that it lives.
		lab_until 20 faults_said reload "$reloads" && lab_until 20 turned "$slept" || return 1
		sleep 0.2
		! replaced || return 0
	done
}
minute
check "policyd and the monitor, stopped for a minute: both are replaced" lab_until 20 replaced
same "the worker is not" "$worker" "$(role worker)"
faults_go_on
faults_probe "after they stood still"
faults_done disk-and-clock
lab_done
