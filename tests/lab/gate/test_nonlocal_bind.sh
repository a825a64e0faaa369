#!/usr/bin/env bash
# A gateway of a VRRP pair has ip_nonlocal_bind = 1: every address can be bound there, and mail passes all the same.
. "$(dirname "$0")/../lib.sh"
. "$LAB/internet.sh"
. "$LAB/gate.sh"

lab_internet
lab_server mx 25
mkdir -p "$LAB_DIR/pki" "$LAB_DIR/mails"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3 -subj /CN=mx.example \
	-keyout "$LAB_DIR/pki/mx.key" -out "$LAB_DIR/pki/mx.crt" 2>/dev/null || lab_die "no certificate"
lab_spawn mx mx python3 "$LAB/fake_smtp.py" --listen 198.51.100.25 --listen 2001:db8:100::25 name=mx.example \
	cert="$LAB_DIR/pki/mx.crt" key="$LAB_DIR/pki/mx.key" mail="$LAB_DIR/mails"
lab_until 10 lab_listens mx 25 || lab_die "the server does not listen"

lab_sysctl gw net.ipv4.ip_nonlocal_bind=1 net.ipv6.ip_nonlocal_bind=1
lab_gate_conf ""
lab_gate_start
check "gate25 check warns of it" grep -q "ip_nonlocal_bind is 1" \
	<(lab_in gw "$LAB_GATE" check --config "$LAB_DIR/gate25.conf" 2>&1)
for address in 198.51.100.25 2001:db8:100::25; do
	check "mail to $address passes" lab_in client python3 "$LAB/send.py" "$address" --to bob@mx.example
done
same "both mails arrived" 2 "$(find "$LAB_DIR/mails" -type f | wc -l)"
check "a connection to the listener itself is refused still" ! lab_in client python3 "$LAB/send.py" 10.25.0.1 --port 825 \
	--to bob@mx.example
lab_gate_stop
lab_done
