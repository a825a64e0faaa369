#!/usr/bin/env bash
# Programs that will not do, configurations that a new program refuses, upgrades at the wrong moment: whatever it is, the
# program that runs goes on with its sessions, or port 25 is closed.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
. "$LAB/upgrade/programs.sh"
world
cp "$GATE25" "$LAB_DIR/bin/tool"
stand_in knows-nothing 'int main(void) { return 0; }'
stand_in crashes 'int main(int argc, char **argv) { if (argc == 2 && strcmp(argv[1], "--upgrade-check") == 0) {
	puts("ok 9.9"); return 0; } abort(); }'
stand_in mute 'int main(int argc, char **argv) { if (argc == 2 && strcmp(argv[1], "--role") != 0) {
	puts("ok 9.9"); return 0; } return 1; }'
# Its parent is good, and none of its roles is.
cat >"$LAB_DIR/bin/bad-policyd" <<'SH'
#!/bin/sh
exit 1
SH
chmod 755 "$LAB_DIR/bin/bad-policyd"

gate_start client "drain-limit = 3"
sender_spawn hold client python3 "$LAB/gate/client.py" stay --timeout 120 $SECURE4 --canary $CANARY
hold=$LAB_PID
lab_until 20 lab_log hold held || lab_die "no session begins"
before=$(pgrep -P "$GATE_PID" | sort)

# refused NAME PATTERN [STATUS]: gate25 upgrade ends so, the log says why, and nothing else happened.
refused() {
	local name=$1 pattern=$2 status
	: >"$LAB_DIR/log/upgrade"
	upgrade
	status=$?
	same "$name: refused" "${3:-1}" "$status"
	check "$name: with the reason" lab_log upgrade "$pattern"
	same "$name: no process was replaced" "$before" "$(pgrep -P "$GATE_PID" | sort)"
}

head -c 20000 "$LAB_DIR/bin/tool" >"$LAB_DIR/bin/cut"
lay "$LAB_DIR/bin/cut"
refused "half a program" "refused"
echo "no program" >"$LAB_DIR/bin/text"
lay "$LAB_DIR/bin/text"
refused "a text" "Exec format error"
lay "$LAB_DIR/bin/knows-nothing"
refused "another program" "does not answer as a gate25"
rm "$GATE25"
refused "no program" "No such file"
fresh
chmod 777 "$GATE25"
refused "one that others can write" "others can write"
chmod 755 "$GATE25"
chown 9000 "$GATE25"
refused "one of another user's" "belongs to user 9000"
chown 0 "$GATE25"
chmod 775 "$LAB_DIR/bin/gate25-policyd"
refused "a policyd that others can write" "gate25-policyd: take that right away"
chmod 755 "$LAB_DIR/bin/gate25-policyd"

echo "nonsense" >>"$GATE_CONF"
refused "a broken configuration" "is not good for this program" 2
# The check of the command's own is not the last one.
kill -USR2 "$GATE_PID"
check "and by the signal alone: refused with file and line" lab_until 20 gate_said "upgrade .*refused: .*gate25.conf:[0-9]+: "
gate_conf client "drain-limit = 3" "listen-port = 826"
refused "another port to listen on" "listen-port can change only by a restart"
kill -HUP "$GATE_PID"
check "which a reload says too" lab_until 20 gate_said "reload .*listen-port can change only by a restart"
gate_conf client "drain-limit = 3"
sed -i 's/^workers = 1$/workers = 2/' "$GATE_CONF"
kill -HUP "$GATE_PID"
check "a reload says what an upgrade could do" lab_until 20 gate_said "reload .*workers can change only by gate25 upgrade or a restart"
gate_conf client "drain-limit = 3"

# The new program's roles do not come up: the one before takes over again, with what it ran with. The file is the new
# program's.
gate_conf client "drain-limit = 3" "ports = {25, 587}"
cp "$LAB_DIR/bin/gate25-policyd" "$LAB_DIR/bin/good-policyd"
mv "$LAB_DIR/bin/bad-policyd" "$LAB_DIR/bin/gate25-policyd"
: >"$LAB_DIR/log/upgrade"
upgrade
same "a policyd that does not start: refused" 1 $?
check "with the reason" lab_log upgrade "did not get ready"
check "the program before runs again" gate_said "upgrade .*takes over again"
check "and serves" polite client $SECURE4
mv "$LAB_DIR/bin/good-policyd" "$LAB_DIR/bin/gate25-policyd"
same "its tables were those of before" 0 "$(gate_said_times 'gate-closed .*not those of before')"
has_587() { lab_in gw nft -s list table inet gate25 | grep -qw 587; }
check "and are" ! has_587

# The new program cannot listen where its configuration says, of which check knows nothing.
lab_spawn taken gw python3 -m http.server --bind 127.0.0.1 9526
taken=$LAB_PID
lab_until 20 lab_listens gw 9526 || lab_die "nobody takes port 9526"
gate_conf client "drain-limit = 3" "monitor = 127.0.0.1:9526"
: >"$LAB_DIR/log/upgrade"
upgrade
same "an address of the monitor that is taken: refused" 1 $?
check "with the reason" lab_log upgrade "did not get ready"
check "and the program before serves" polite client $SECURE4
lab_kill "$taken"
check "its monitor answers where it did" status '"draining"'
upgrade
same "free again: an upgrade takes it" 0 $?
check "the monitor listens there" lab_listens gw 9526
check "and no more where it did" ! lab_listens gw 9525
check "and answers" status '"draining"'
gate_conf client "drain-limit = 3"

# Two in quick succession, and one during the self-test: one after the other.
done_before=$(gate_said_times 'upgrade .*done: version')
kill -USR2 "$GATE_PID"
lab_until 30 upgraded $((done_before + 1)) || note "no upgrade"
kill -USR2 "$GATE_PID"
kill -USR2 "$GATE_PID"
check "two at once are done" lab_until 30 upgraded $((done_before + 2))
takes() { [ "$(gate_said_times 'upgrade .*takes over$|upgrade .*takes over"')" -gt "$1" ]; }
count=$(gate_said_times 'upgrade .*takes over$|upgrade .*takes over"')
kill -USR2 "$GATE_PID"
lab_until 30 takes "$count"
kill -USR2 "$GATE_PID"
check "one while another starts waits for it" lab_until 30 upgraded $((done_before + 4))
stand_in slow "int main(int argc, char **argv) { if (argc == 2) sleep(3); execv(\"$LAB_DIR/bin/tool\", argv); return 1; }"
lay "$LAB_DIR/bin/slow"
upgrade &
first=$!
lab_until 20 grep -q under-way "$GATE_RUN/upgrade"
upgrade
same "one that is asked for while another is, too" 0 $?
wait "$first"
same "and that other" 0 $?
fresh
check "and the gate serves" polite client $SECURE4
check "the process is the same" lab_alive "$GATE_PID"

# The session from the beginning is told 421 when drain-limit is over, not sooner.
check "who stays longer than drain-limit is told so" lab_until 30 lab_log hold "told 421 4.3.2"
check "and it is counted in the log" gate_said "drain-limit .*1 session"
lab_until 10 lab_gone "$hold" || lab_kill "$hold"
check "the programs before are over" lab_until 30 drained

# It says that it will do, and crashes: port 25 is closed, until a supervisor starts the gate again.
lay "$LAB_DIR/bin/crashes"
wire_begin crashed
: >"$LAB_DIR/log/upgrade"
upgrade
same "a program that crashes: told so" 1 $?
check "with what follows" lab_log upgrade "port 25 stays closed"
check "no process of the gate is left" lab_until 20 lab_gone "$GATE_PID"
try_all client
check "port 25 is closed" lab_until 20 refused_now client
wire_end crashed
closed crashed "nothing was in clear"
fresh
gate_start client
check "a start serves again" polite client $SECURE4

# In a stop there is no upgrade.
sender_spawn hold client python3 "$LAB/gate/client.py" hold --timeout 120 $SECURE4 --canary $CANARY
hold=$LAB_PID
lab_until 20 lab_log hold held
kill -TERM "$GATE_PID"
lab_until 20 gate_said "stop "
kill -USR2 "$GATE_PID"
check "in a stop it is refused" lab_until 20 gate_said "upgrade .*refused: the gate is stopping"
kill -USR1 "$hold"
check "and the session finishes" lab_until 20 lab_log hold "reply 250"
check "and so does the gate" lab_until 20 lab_gone "$GATE_PID"
GATE_PID=
lab_done
