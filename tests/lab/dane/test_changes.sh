#!/usr/bin/env bash
# What changes under the gate's hands: the domain within a session, and the records of a host while it runs.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/servers.sh"

lab_internet
lab_server servers 11
lab_ca
for name in leaf old new; do
	lab_cert $name self-signed mx.somebody-else.example
	lab_chain $name
done
lab_cert ta good mx.ta.example && lab_chain ta ca.crt
chmod 644 "$LAB_PKI"/*.pem
for name in one ta wrong open; do
	lab_host_records mx.$name 11
	lab_records "$name MX 10 mx.$name"
done
lab_records "two MX 10 mx.one" "_25._tcp.mx.one TLSA $(tlsa 3 1 1 leaf)" "_25._tcp.mx.ta TLSA $(tlsa 2 1 1 ca)" \
	"_25._tcp.mx.wrong TLSA $(tlsa 3 1 1 new)"
lab_zone roll.example ed25519 nsec3
OLD=$(tlsa 3 1 1 old) NEW=$(tlsa 3 1 1 new)
records=("\$TTL 2" "@ MX 10 mx" "mx A 198.51.100.11")
lab_zone_records roll.example "${records[@]}" "_25._tcp.mx TLSA $OLD"
lab_dns_signed
dane_shows ta mx.ta.example
dane_shows old mx.roll.example
dane_server leaf {one,two,ta,wrong,open,roll}.example
dane_gate "floor = may" "dnssec = validate"

lab_capture sessions path gw0
lab_in client python3 "$LAB/dane/sessions.py" 198.51.100.11 >"$LAB_DIR/results" 2>"$LAB_DIR/errors"
same "sessions.py runs to its end" 0 $?
lab_results "$LAB_DIR/results" || note "$(cat "$LAB_DIR/errors")"
lab_capture_stop sessions gw 198.51.100.1
check "on the wire: nothing in clear" wire sessions --no-leak --some --tls --canary canary-

# The records change, and live for two seconds.
# ends STATUS [POLICY]: whether a mail comes to that end now, see send.py, under that policy.
ends() {
	local status
	lab_in client python3 "$LAB/send.py" 198.51.100.11 --to bob@roll.example --text canary-rolling >"$LAB_DIR/log/rolling" 2>&1
	status=$?
	[ $status -eq "$1" ] && lab_until 3 last_is "${2:-dane}" || { sleep 0.3; false; }
}
last_is() { grep '"session-end".*"roll.example"' "$LAB_DIR/log/gate25" | tail -n 1 | grep -q "\"policy\":\"$1\""; }

lab_capture rolling path gw0
check "the host shows the key of its record" ends 0
lab_zone_change roll.example "${records[@]}" "_25._tcp.mx TLSA $NEW"
check "another key in the record: refused before long" lab_until 30 ends 4
check "because no record matches" grep -q '451 4.7.5 no TLSA record' "$LAB_DIR/log/rolling"
lab_zone_change roll.example "${records[@]}" "_25._tcp.mx TLSA $NEW" "_25._tcp.mx TLSA $OLD"
check "both keys in the records: delivered" lab_until 30 ends 0
lab_zone_change roll.example "${records[@]}"
check "no record any more: the floor" lab_until 30 ends 0 floor
lab_capture_stop rolling gw 198.51.100.1
check "on the wire: nothing in clear, whatever the records were" wire rolling --no-leak --some --canary canary-
lab_done
