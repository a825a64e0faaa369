#!/usr/bin/env bash
# The judge of the wire must see a leak, or it proves nothing. And the fake server must be as bad as it is told to be.
. "$(dirname "$0")/lib.sh"

lab_node client
lab_node server
lab_link client eth0 server eth0
lab_addr client eth0 192.0.2.1/24 2001:db8::1/64
lab_addr server eth0 192.0.2.2/24 2001:db8::2/64
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=server -addext subjectAltName=DNS:server \
	-keyout "$LAB_DIR/key" -out "$LAB_DIR/cert" 2>/dev/null

canary=canary-of-the-wire-test
# session NAME ADDRESS [WANT...] -- [SEND OPTION...]: a fake server, one mail to it, the capture of it. Sets sent.
session() {
	local name=$1 address=$2 wants=()
	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do wants+=("$1"); shift; done
	shift
	lab_capture "$name" server eth0
	lab_spawn "server-$name" server python3 "$LAB/fake_smtp.py" --listen "$address" name=server "${wants[@]}"
	lab_until 10 lab_log "server-$name" '"ready"' || lab_die "the fake server does not start"
	lab_in client python3 "$LAB/send.py" "$address" --to bob@server.example --text "$canary" "$@" \
		>"$LAB_DIR/log/client-$name" 2>&1
	sent=$?
	lab_kill "$LAB_PID"
	lab_capture_stop "$name" client "$address"
}
tls=(cert="$LAB_DIR/cert" key="$LAB_DIR/key")

for address in 192.0.2.2 2001:db8::2; do
	session clear-$address $address --
	same "a mail in clear to $address is taken" 0 $sent
	check "its leak is seen" wire clear-$address --leak --canary $canary --no-tls --from ${address%2}1
	check "and fails the condition" ! wire clear-$address --no-leak
	session tls-$address $address "${tls[@]}" -- --starttls server
	same "a mail over TLS to $address is taken" 0 $sent
	check "it leaks nothing" wire tls-$address --no-leak --canary $canary --tls --sni server
done
check "wire.py's own cases" python3 "$LAB/wire_test.py"

# The fake server (Python's client does not notice what is injected): what it is told | what the client sees (0 taken, 4, 5 refused, 3 broken off) | what its log says
while IFS='|' read -r name want tlsname expected said; do
	eval "wants=($want)"
	session "$name" 192.0.2.2 "${tls[@]}" "${wants[@]}" -- --timeout 2 ${tlsname:+--starttls $tlsname} </dev/null
	same "fake server, $name" "$expected" $sent
	check "fake server, $name: in its log" lab_log "server-$name" "$said"
done <<-'TABLE'
	greeting|greeting="554 5.3.2 no"||5|"open"
	busy|greeting="421 4.3.2 busy"||4|"open"
	silent|hang=greeting||3|"open"
	no-starttls|no-starttls=yes|server|3|"command": "ehlo
	starttls-454|starttls="454 4.7.0 not now"|server|4|"STARTTLS"
	starttls-hang|hang=tls|server|3|"STARTTLS"
	injected|inject="250 injected\\r\\n"|server|0|"early": 0
	garbage|garbage=yes|server|3|"STARTTLS"
	old-tls|tls=1.1|server|3|"handshake": "failed"
	tls12|tls=1.2|server|0|"TLSv1.2"
	mail-refused|mail-from="452 4.3.1 full"||4|"mail FROM
	tls-rcpt|tls-rcpt="550 5.1.1 unknown"|server|5|"rcpt TO
	clear-rcpt|tls-rcpt="550 5.1.1 unknown"||0|"octets"
	dot-lost|close=dot||3|"data"
	dot-refused|dot="554 5.7.1 spam"||5|"data"
	later|after=2 greeting="554 no"||0|"octets"
TABLE
lab_done
