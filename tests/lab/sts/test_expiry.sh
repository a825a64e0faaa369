#!/usr/bin/env bash
# A policy that has expired is gone, though it was once enforced; and one that only memory holds goes with the process.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/web.sh"

lab_internet
lab_server servers 11
sts_hosts_begin
lab_ca
lab_cert web good mta-sts.{brief,memory}.example
lab_cert other good mx.somebody-else.example && lab_chain other
chmod 644 "$LAB_PKI"/*.pem
lab_host_records mx.all 11
STS_CLOCK=60 sts_domain brief enforce mx.all.example
sts_domain memory enforce mx.all.example
lab_records "brief MX 10 mx.all" "memory MX 10 mx.all"
lab_dns_signed
sts_hosts_start web
dane_server other {brief,memory}.example

ends() {
	lab_in client python3 "$LAB/send.py" 198.51.100.11 --to "bob@$1.example" --text canary-expiry >"$LAB_DIR/log/mail" 2>&1
	[ $? -eq "$2" ]
}

sts_gate "state-dir = $LAB_DIR/state"
began=$SECONDS
check "brief: refused by the policy" ends brief 4
sts_web_stop
check "and still, the host being down" ends brief 4
sleep $((began + 57 - SECONDS))
check "a moment before it expires" ends brief 4
sleep 4
check "until it has expired" lab_until 10 ends brief 0
check "and the log tells that nothing is remembered" sts_event sts-failed domain=brief.example remembered=nothing
dane_gate_stop

# No folder: memory alone, said once.
sts_web_start
sts_gate "state-dir = off"
check "without a state-dir the policy holds" ends memory 4
sts_web_stop
check "and goes on to" ends memory 4
dane_gate_stop
sts_gate "state-dir = off"
check "but the next process knows nothing of it" ends memory 0
lab_done
