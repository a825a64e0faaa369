#!/usr/bin/env bash
# The configuration is read again and again under a stream of connections: none leaks, none is refused.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

counted() { python3 -c 'import json, sys; print(json.loads(sys.argv[2])[sys.argv[1]])' "$1" "$(tail -n 1 "$LAB_DIR/log/hammer")"; }
# hammer WAY COMMAND...: the command while connections stream in. Its counts are the last line of the log "hammer".
hammer() {
	local way=$1
	shift
	sender_spawn hammer $way python3 "$LAB/gate/client.py" hammer $PLAIN4 $PLAIN6 --canary $CANARY --parallel 2
	local pid=$LAB_PID
	lab_until 20 lab_log hammer hammering || lab_die "the stream does not begin"
	"$@"
	lab_kill "$pid" TERM
}
reload_often() {
	local i
	for i in $(seq 2 21); do
		# Sets of another size, and back again.
		gate_conf "$1" "$([ $((i % 2)) -eq 0 ] && printf 'exempt = {203.0.113.%s, 203.0.112.0/24, "2001:db8:cafe::/48"}' "$i")"
		kill -HUP "$GATE_PID"
		lab_until 10 gate_said "reload .*configuration $i is in force" || return 1
	done
}

hammer client true
check "without the gate the stream is served" [ "$(counted greeted)" -ge 20 ]
for way in $WAYS; do
	gate_start $way
	wire_begin "reload-$way"
	hammer $way reload_often $way
	wire_end "reload-$way"
	check "$way: twenty reloads" gate_said "reload .*configuration 21 is in force"
	check "$way: while connections came ($(counted greeted))" [ "$(counted greeted)" -ge 100 ]
	for bad in refused reset timeout other; do
		same "$way: none of them: $bad" 0 "$(counted $bad)"
	done
	closed "reload-$way" "$way: and nothing leaked"

	# What cannot be read, or cannot change while it runs, changes nothing.
	before=$(lab_in gw nft -s list ruleset)
	echo "scope = {nonsense}" >"$GATE_CONF"
	kill -HUP "$GATE_PID"
	check "$way: a broken configuration is refused with file and line" lab_until 10 gate_said "configuration .*gate25.conf:1:"
	check "$way: and the old one stays" lab_until 10 gate_said "reload .*old configuration stays in force"
	gate_conf $way "listen-port = 826"
	kill -HUP "$GATE_PID"
	check "$way: so is another port" lab_until 10 gate_said "reload .*listen-port can change only by a restart"
	same "$way: the tables are as before" "$before" "$(lab_in gw nft -s list ruleset)"
	on_wire "refused-$way" try_all $way
	closed "refused-$way" "$way: and the gate is closed"
	gate_away
done

lab_done
