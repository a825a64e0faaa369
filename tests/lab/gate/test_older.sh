#!/usr/bin/env bash
# Sessions in clear that are older than the gate, and what dead processes left in the kernel's queues: cut when the gate
# comes, whether the gateway tracked connections before or not.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

drip() { sender_spawn "drip-$2" "$1" python3 "$LAB/gate/client.py" drip "$2" --canary $CANARY; }
track() { lab_nft gw 'table inet tracking { chain c { type filter hook prerouting priority 0; ct state new counter; }; }'; }

# old_sessions WAY WHAT: sessions run, the gate comes, they are cut.
old_sessions() {
	local way=$1 what=$2 pids=() to
	wire_begin "before-$way"
	for to in $PLAIN4 $PLAIN6; do
		drip $way $to
		pids+=("$LAB_PID")
		check "$what: a session in clear to $to runs" lab_until 10 lab_log "drip-$to" dripping
	done
	wire_end "before-$way"
	leaks "before-$way" "$what: it leaks before the gate comes"
	gate_start $way
	for to in $PLAIN4 $PLAIN6; do
		check "$what: the gate up, the session to $to is cut" lab_until 10 lab_log "drip-$to" "cut"
	done
	on_wire "after-$way" try_all $way
	closed "after-$way" "$what: from then on nothing leaves in clear"
	lab_kill "${pids[0]}"
	lab_kill "${pids[1]}"
}

for way in $WAYS; do
	old_sessions $way "$way, not tracked before"
	gate_away
done
track
for way in $WAYS; do
	old_sessions $way "$way, tracked"
	check "$way: it is logged how many" gate_said 'gate-closed .*[1-9][0-9]* connection'
	gate_away
done
lab_nft gw 'table ip masq { chain c { type nat hook postrouting priority srcnat; oifname "wan0" masquerade; }; }'
old_sessions client "client, masqueraded"
gate_away
# The guard alone, as at boot.
drip client $PLAIN4
check "a session in clear runs" lab_until 10 lab_log drip-$PLAIN4 dripping
gate_conf client
check "the guard is installed" gate_rules --install --guard
check "the guard alone cuts it" lab_until 10 lab_log drip-$PLAIN4 "cut"
gate_away

# Orphans: the process is gone, the kernel still has octets for a server that does not read.
lab_server deaf 16
DEAF4=198.51.100.16 DEAF6=2001:db8:100::16
orphans() { lab_in gw ss -Htn state fin-wait-1 "dport = :25" | awk '$2 > 0' | wc -l; }
two_orphans() { [ "$(orphans)" -eq 2 ]; }
no_orphans() { [ "$(orphans)" -eq 0 ]; }
# leave UID: two processes fill their queues and end.
leave() {
	local to
	: >"$LAB_DIR/log/deaf"
	lab_spawn deaf deaf python3 "$LAB/gate/deaf.py" $DEAF4 $DEAF6
	deaf=$LAB_PID
	lab_until 10 eval '[ "$(grep -c ready "$LAB_DIR/log/deaf")" -eq 2 ]' || lab_die "the deaf server does not start"
	for to in $DEAF4 $DEAF6; do
		lab_in gw setpriv --reuid "$1" --regid "$1" --clear-groups \
			python3 "$LAB/gate/client.py" fill $to --canary $CANARY >>"$LAB_DIR/log/fill"
	done
	lab_until 10 two_orphans
}
# hear: the server reads all that comes, and both connections end.
heard() { [ "$(grep -c '^octets' "$LAB_DIR/log/deaf")" -eq 2 ]; }
hear() { kill -USR1 "$deaf"; lab_until "$1" heard; }

leave $SENDER_UID
check "two orphans hold octets" two_orphans
on_wire orphan-open hear 20
leaks orphan-open "without the gate the orphans' octets arrive"
lab_kill "$deaf"
leave $SENDER_UID
check "two orphans hold octets, and the gate comes" two_orphans
gate_start local
wire_begin orphan-closed
kill -USR1 "$deaf"
lab_until 10 lab_log deaf hearing
check "the server reads again, and the orphans come to nothing" lab_until 10 no_orphans
wire_end orphan-closed
check "behind the gate not one octet of theirs passes" wire orphan-closed --to $DEAF4 --to $DEAF6 --no-payload
lab_kill "$deaf"
gate_away

# An exempt user's orphan keeps its right: all of it arrives.
gate_start local "exempt-user = {\"9100\"}"
leave 9100
check "an exempt user leaves two orphans behind the gate" two_orphans
hear 20
same "all their octets arrive" "eof eof" "$(sed -n 's/^octets [0-9]* [0-9]* //p' "$LAB_DIR/log/deaf" | paste -sd ' ')"
lab_done
