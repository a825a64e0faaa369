#!/usr/bin/env bash
# Another program takes gate25's tables away, or changes them: they are put back, it is logged and counted, and what began
# in between is cut.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

# Sorted: sets that were made anew stand elsewhere in the listing.
ruleset() { { lab_in gw nft -s list table inet gate25_guard; lab_in gw nft -s list table inet gate25; } | sort; }
metric() {
	lab_in gw python3 -c 'import sys, urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9525/metrics", timeout=10).read().decode())' | sed -n "s/^$1 //p"
}
metric_is() { [ "$(metric "$1")" = "$2" ]; }
restored() { [ "$(gate_said_times tables-restored)" -ge "$1" ] && [ "$(ruleset)" = "$2" ]; }

# What others do: in forward scope, and where there is a choice the thing that would open most.
damages=(
	"flush ruleset"
	"delete table inet gate25_guard; delete table inet gate25"
	"delete table inet gate25"
	"delete table inet gate25_guard"
	"flush chain inet gate25_guard JUDGE"
	"flush table inet gate25"
	"insert rule inet gate25_guard HOOK accept"
	"add element inet gate25 exempt4 { $PLAIN4 }; add element inet gate25_guard exempt4 { $PLAIN4 }"
	"add chain inet gate25_guard extra"
)
declare -A JUDGE=([client]=judge_forward [gateway]=judge_forward [local]=judge_output)
declare -A HOOK=([client]=forward_guard [gateway]=forward_guard [local]=output_guard)

for way in $WAYS; do
	gate_start $way "exempt = {203.0.113.1}"
	whole=$(ruleset)
	times=0
	for damage in "${damages[@]}"; do
		damage=${damage/JUDGE/${JUDGE[$way]}}
		damage=${damage/HOOK/${HOOK[$way]}}
		times=$((times + 1))
		check "$way: somebody says: $damage" lab_nft gw "$damage"
		check "$way: it is put back and logged" lab_until 10 restored $times "$whole"
	done
	check "$way: and counted" lab_until 10 metric_is gate25_rules_repaired_total $times
	on_wire "restored-$way" try_all $way
	closed "restored-$way" "$way: afterwards nothing leaves in clear"

	# The window: gate25 is held still while the tables are gone, so that it is there to be looked at.
	kill -STOP "$GATE_PID"
	wire_begin "window-$way"
	lab_nft gw "flush ruleset"
	sender_spawn drip4 $way python3 "$LAB/gate/client.py" drip $PLAIN4 --canary $CANARY --timeout 60
	drip4=$LAB_PID
	sender_spawn drip6 $way python3 "$LAB/gate/client.py" drip $PLAIN6 --canary $CANARY --timeout 60
	drip6=$LAB_PID
	# The server may be behind with the connections of before: a SYN that it drops is sent again after seconds.
	lab_until 60 lab_log drip4 dripping && lab_until 60 lab_log drip6 dripping || not_ok "$way: nobody gets through"
	wire_end "window-$way"
	leaks "window-$way" "$way: with the tables flushed and gate25 held still, mail leaves in clear"
	kill -CONT "$GATE_PID"
	check "$way: going on, it puts the tables back" lab_until 10 restored $((times + 1)) "$whole"
	check "$way: what began in between is cut, IPv4" lab_until 60 lab_log drip4 "cut"
	check "$way: and IPv6" lab_until 60 lab_log drip6 "cut"
	lab_kill $drip4
	lab_kill $drip6

	# Somebody flushes over and over under a stream of mail: how much gets through while gate25 is quick?
	wire_begin "race-$way"
	sender_spawn hammer $way python3 "$LAB/gate/client.py" hammer $PLAIN4 $PLAIN6 --canary $CANARY --timeout 2
	hammer=$LAB_PID
	lab_until 20 lab_log hammer hammering
	for i in 1 2 3 4 5; do
		times=$(gate_said_times tables-restored)
		lab_nft gw "flush ruleset"
		lab_until 10 restored $((times + 1)) "$whole" || not_ok "$way: flush $i is not repaired"
	done
	lab_kill $hammer TERM
	wire_end "race-$way"
	note "$way: five times nft flush ruleset under a stream of mail: $(clear_octets "race-$way") octets in clear," \
		"connections: $(tail -n 1 "$LAB_DIR/log/hammer")"
	on_wire "after-$way" try_all $way
	closed "after-$way" "$way: afterwards nothing leaves in clear"
	gate_away
done
lab_done
