#!/usr/bin/env bash
# Another table rewrites ports: 25 to another one behind which the server listens too, or another one to 25. Port 25 is what
# the client dialled or what the server sees, so neither is a way past the gate.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world
serve --port 26 plain26 plain $PLAIN4 $PLAIN6

declare -A HOOK=([client]=prerouting [gateway]=prerouting [local]=output)
# rewrite WAY: an operator's table: 2525 becomes 25, and 25 becomes 26.
rewrite() {
	lab_nft gw "table inet rewrite {
		chain c {
			type nat hook ${HOOK[$1]} priority -100;
			ip daddr $PLAIN4 tcp dport 2525 dnat ip to $PLAIN4:25
			ip6 daddr $PLAIN6 tcp dport 2525 dnat ip6 to [$PLAIN6]:25
			ip daddr $PLAIN4 tcp dport 25 dnat ip to $PLAIN4:26
			ip6 daddr $PLAIN6 tcp dport 25 dnat ip6 to [$PLAIN6]:26
		}
	}"
}
attempts() {
	local to port
	for port in 25 2525; do
		: >"$LAB_DIR/log/tried-$port"
		for to in $PLAIN4 $PLAIN6; do
			push "$1" $to --timeout 3 --port $port >>"$LAB_DIR/log/tried-$port"
		done
	done
}
refused() { same "$2" refused "$(sort -u "$LAB_DIR/log/tried-$1")"; }

for way in $WAYS; do
	rewrite $way
	on_wire "open-$way" attempts $way
	leaks "open-$way" "$way: without the gate, 2525 written to 25 leaks"
	check "$way: and so does 25 written to 26" wire "open-$way" --port 26 --leak --canary $CANARY

	gate_conf $way
	gate_rules --install --guard
	on_wire "guard-$way" attempts $way
	refused 2525 "$way: the guard alone refuses 2525 written to 25"
	refused 25 "$way: and 25 written to 26"
	closed "guard-$way" "$way: nothing leaves to port 25"
	check "$way: and nothing to port 26" wire "guard-$way" --port 26 --no-payload

	gate_start $way
	on_wire "gate-$way" attempts $way
	refused 2525 "$way: with the gate 2525 written to 25 is refused"
	# By tproxy the gate finds 26 as the port that was dialled, and refuses.
	[ $way = client ] || same "$way: and 25 goes through the gate" "reply 220 mx.plain.example ESMTP" \
		"$(sort -u "$LAB_DIR/log/tried-25")"
	closed "gate-$way" "$way: nothing leaves in clear to port 25"
	check "$way: nor to port 26" wire "gate-$way" --port 26 --no-leak --canary $CANARY
	gate_away
	lab_nft gw "delete table inet rewrite"
done
lab_done
