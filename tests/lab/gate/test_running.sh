#!/usr/bin/env bash
# The gate runs: a server without STARTTLS gets no octet of any mail, one with STARTTLS gets it over TLS, and sees whom it
# is to see.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

declare -A SEEN4=([client]=10.25.0.10 [gateway]=192.0.2.2 [local]=192.0.2.2)
declare -A SEEN6=([client]=2001:db8:25::10 [gateway]=2001:db8:2::2 [local]=2001:db8:2::2)

for way in client local; do
	on_wire "open-$way" try_all $way
	leaks "open-$way" "$way: without the gate the mail leaves in clear"
done

for way in $WAYS; do
	gate_start $way
	wire_begin "gate-$way"
	try_all $way
	same "$way: the greeting is the server's own" "reply 220 mx.plain.example ESMTP" "$(tried)"
	same "$way: a polite client is told why" 2 "$(grep -c "reply: b'421 4.7.4" "$LAB_DIR/log/polite")"
	for to in $SECURE4 $SECURE6; do
		check "$way: mail to $to is taken over TLS" polite $way $to
	done
	wire_end "gate-$way"
	closed "gate-$way" "$way: with the gate nothing leaves in clear"
	check "$way: the gate did speak to the server" wire "gate-$way" --to $PLAIN4 --some --no-tls
	check "$way: over IPv6 too" wire "gate-$way" --to $PLAIN6 --some --no-tls
	check "$way: TLS, IPv4, from ${SEEN4[$way]}" wire "gate-$way" --to $SECURE4 --tls --from ${SEEN4[$way]}
	check "$way: TLS, IPv6, from ${SEEN6[$way]}" wire "gate-$way" --to $SECURE6 --tls --from ${SEEN6[$way]}
	check "$way: the self-test passed" gate_said 'self-test .*IPv4 reaches .*IPv6 reaches'
	gate_away
done
lab_done
