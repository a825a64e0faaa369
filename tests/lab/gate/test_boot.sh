#!/usr/bin/env bash
# At boot: `gate25 rules --install --guard` before the network is up, and nothing else of gate25. Port 25 is closed, and
# everything else is as ever; then gate25 comes, and goes, and comes.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world
serve --port 587 submission plain $PLAIN4 $PLAIN6

exits() {
	local status=$1
	shift
	"$@" >"$LAB_DIR/log/boot" 2>&1
	[ $? -eq "$status" ]
}

for way in $WAYS; do
	gate_conf $way "exempt = {$SECURE4, \"$SECURE6\"}"
	on_wire "open-$way" try_all $way
	leaks "open-$way" "$way: without the guard the mail leaves in clear"
	check "$way: the guard is installed" gate_rules --install --guard
	same "$way: it alone" "table inet gate25_guard" "$(lab_in gw nft list tables)"
	same "$way: it is what gate25 rules --guard shows" "$(gate_rules --guard | tr -d ' \t\n')" \
		"$(lab_in gw nft -s list table inet gate25_guard | tr -d ' \t\n')"
	on_wire "guard-$way" try_all $way
	same "$way: every connection is refused at once" refused "$(tried)"
	closed "guard-$way" "$way: and nothing leaves"
	for to in $SECURE4 $SECURE6; do
		check "$way: the exempt server $to is reached" polite $way $to
	done
	for to in $PLAIN4 $PLAIN6; do
		check "$way: port 587 of $to is reached" polite $way $to --port 587
	done
	check "$way: it can be installed again" gate_rules --install --guard
	gate_start $way
	check "$way: then the gate comes and serves" polite $way $SECURE4
	lab_kill "$GATE_PID" KILL
	check "$way: killed; the next one comes" gate_rules --install --guard
	try_all $way
	same "$way: everything is refused" refused "$(tried)"
	gate_start $way
	check "$way: and serves" polite $way $SECURE6
	gate_away
	same "$way: stop --open leaves nothing" 0 "$(tables)"

	# Somebody has broken the configuration since, and the host boots.
	echo 'scope = {sideways}' >>"$GATE_CONF"
	check "$way: a broken configuration is an error at boot" exits 2 gate_rules --install --guard
	same "$way: which says what to do" "gate25: the guard of the last sound configuration is loaded: port 25 is closed. Mend \
$GATE_CONF and start gate25" "$(tail -n 1 "$LAB_DIR/log/boot")"
	on_wire "broken-$way" try_all $way
	same "$way: every connection is refused all the same" refused "$(tried)"
	closed "broken-$way" "$way: nothing leaves by a broken configuration"
	gate_rules --install >/dev/null 2>&1
	same "$way: nothing but the guard is taken from a copy" "table inet gate25_guard" "$(lab_in gw nft list tables)"
	lab_in gw "$GATE25" stop --open --run-dir "$GATE_RUN" >/dev/null
	rm -f /var/lib/gate25/last-sound.conf
done

# No sound one is known.
gate_conf local
echo 'scope = {sideways}' >>"$GATE_CONF"
check "never sound: an error too" exits 2 gate_rules --install --guard
try_all local
same "never sound: this host's own port 25 is closed" refused "$(tried)"
lab_done
