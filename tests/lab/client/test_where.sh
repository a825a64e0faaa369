#!/usr/bin/env bash
# Whose STARTTLS is whose: forwarded clients and those of this host by default, for both families, by tproxy and by redirect;
# without rules of gate25's own; by sections for prefixes. And what stands in clear where TLS should begin, under each.
. "$(dirname "$0")/../mail/fakes.sh"

fake_internet 3
fake_start
fake_start no-starttls=yes
fake_start "keywords=SIZE 10240000,X-EXPS GSSAPI NTLM"
ADDRESSES="198.51.100.101 2001:db8:100::101"
talk() { local node=$1 address=$2; shift 2; lab_in "$node" python3 "$LAB/mail/talk.py" "$address" "$@" >"$LAB_DIR/log/talk" 2>&1; }
said() { grep -qE -- "$1" "$LAB_DIR/log/talk"; }
logged() { grep -qE -- "$1" "$LAB_DIR/log/gate25"; }

# mode_is NAME NODE off|terminate|passthrough: what that node meets at the server, over both families.
mode_is() {
	local name=$1 node=$2 mode=$3 address
	for address in $ADDRESSES; do
		talk "$node" "$address" --starttls 'EHLO again.example' QUIT
		case $mode in
		off) check "$name ($address): off" said '^< 502 5\.5\.1' ;;
		terminate) check "$name ($address): terminate" said '^tls TLSv1\.3 subject DNS:gate25\.invalid$' ;;
		passthrough) check "$name ($address): passthrough" said '^tls TLSv1\.3 subject DNS:mx\.c1\.example$' ;;
		esac || note "$(cat "$LAB_DIR/log/talk")"
	done
}

LAB_GATE_SCOPE="scope = {forward, local}
interfaces = {lan0}
sources = {10.25.0.0/24, \"2001:db8:25::/64\"}"
for source in client gateway; do
	lab_gate_conf "source = $source"
	lab_gate_start
	mode_is "source = $source: a client of the network" client terminate
	mode_is "source = $source: a program of this host" gw off
	lab_gate_stop
done

lab_gate_conf 'client-tls = terminate
	client "10.25.0.0/24" { client-tls = off }
	client "10.25.0.10" { client-tls = passthrough }
	client "2001:db8:25::/64" { client-tls = passthrough }
	client "192.0.2.0/24" { client-tls = auto }
	client "2001:db8:2::/48" { client-tls = off }
	client "2001:db8:2::2" { client-tls = auto }'
lab_gate_start
mode_is "the longest prefix" client passthrough
mode_is "auto in a section" gw off

# --- what stands in clear where TLS should begin ---------------------------------------------------------------------

evil='MAIL FROM:<evil@lan.example>\r\nRCPT TO:<user@c1.example>\r\n'
lab_capture words path gw0
talk client 198.51.100.101 --starttls --behind "$evil"
check "passthrough: commands behind STARTTLS in one piece end the session" said '^< 421 4\.7\.0 data in clear behind STARTTLS'
talk client 198.51.100.101 --starttls --instead "$evil"
same "passthrough: commands in place of the handshake end it" 3 $?
check "without an answer" ! said '^< (250 2|530)'
check "which the log says" lab_until 5 logged 'end=passthrough .*what the client sent where TLS should begin: this is not TLS'
lab_in client python3 - <<-'PY' >"$LAB_DIR/log/talk" 2>&1
	import socket, time
	sock = socket.create_connection(("198.51.100.101", 25), 30)
	file = sock.makefile("rwb")
	def reply():
	    while (line := file.readline()) and line[3:4] == b"-":
	        pass
	    return line
	reply()
	file.write(b"EHLO c.example\r\n"), file.flush(), reply()
	sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	sock.sendall(b"STARTTLS\r\n")
	sock.sendall(b"MAIL FROM:<evil@lan.example>\r\n")
	try:
	    while (line := file.readline()):
	        print("<", line.decode().strip())
	except OSError as error:
	    print("broken off", error)
PY
check "passthrough: nor in the next segment" ! said '^< (250|530)'
talk client 198.51.100.101 'EHLO c.example' 'MAIL FROM:<evil@lan.example>' 'RCPT TO:<user@c1.example>' DATA 'AUTH PLAIN AHUAcA==' QUIT
same "passthrough: no mail in clear" 4 "$(grep -c '^< 530 5\.7\.0 Must issue a STARTTLS command first' "$LAB_DIR/log/talk")"
talk client 198.51.100.102 'EHLO c.example'
check "passthrough: a server without STARTTLS is refused" said '^< 421 4\.7\.4 the server does not offer STARTTLS'
lab_capture_stop words gw 198.51.100.1
check "not a word of it went to a server" wire words --some --no-leak --canary evil
same "nor is a mail there" 0 "$(find "$LAB_DIR/mail" -type f | wc -l)"
check "levels have no say in that" lab_in gw sh -c "'$LAB_GATE' check --config '$LAB_DIR/gate25.conf' 2>&1 |
	grep -F 'warning: client 10.25.0.10: client-tls = passthrough: the gate ensures that TLS happens'"
lab_gate_stop

lab_gate_conf "client-tls = off"
lab_gate_start
fake_send client 198.51.100.103
same "mail to a server that lists X-EXPS is delivered" 0 $SENT
check "and the server is named" lab_until 5 logged 'exchange-peer .*destination=198\.51\.100\.103:25 .*reason="exchange-peer: exempt this destination \(exempt = 198\.51\.100\.103\)'
for n in 1 2 3 4 5; do talk client 198.51.100.102 'EHLO check.example' QUIT; done
check "a health check at a server without STARTTLS is not named" ! logged 'authenticates-itself'
for n in 1 2 3 4 5; do fake_send client 198.51.100.101 || break; talk client 198.51.100.101 'EHLO check.example' QUIT; done
check "nor one of a client that sends mail there" ! logged 'authenticates-itself'
talk client 198.51.100.101 --starttls --behind "$evil"
check "off: STARTTLS is no command, and what follows is answered in clear" said '^< 502 5\.5\.1'
check "as a mail in clear" ! said '^< 220 .*TLS'
lab_gate_stop

# --- a sidecar: the rules are there already --------------------------------------------------------------------------

LAB_GATE_SCOPE="scope = {local}"
lab_gate_conf ""
lab_in gw "$LAB_GATE" stop --open >/dev/null 2>&1
lab_gate_users
check "rules --install" lab_in gw "$LAB_GATE" rules --install --config "$LAB_DIR/gate25.conf"
lab_spawn gate25 gw "$LAB_GATE" run --no-rules --config "$LAB_DIR/gate25.conf"
LAB_GATE_PID=$LAB_PID
lab_until 30 lab_gate_listens
mode_is "with --no-rules" gw off
lab_gate_stop
lab_done
