#!/usr/bin/env bash
# What the operator changes while the gate runs: the CA bundle, what may be connected to, MTA-STS altogether.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/web.sh"

lab_internet
lab_server servers 11
sts_hosts_begin
lab_ca
cp "$LAB_CA" "$LAB_PKI/first.crt"
lab_cert web good mta-sts.{one,two,three,four,five}.example
lab_ca
lab_cert other good mx.somebody-else.example && lab_chain other
chmod 644 "$LAB_PKI"/*.pem
lab_host_records mx.all 11
for name in one two three four five; do
	lab_records "$name MX 10 mx.all"
	sts_domain $name enforce mx.all.example
done
lab_dns_signed
sts_hosts_start web
dane_server other {one,two,three,four,five}.example

# ends NAME STATUS
ends() {
	lab_in client python3 "$LAB/send.py" 198.51.100.11 --to "bob@$1.example" --text canary-reload >"$LAB_DIR/log/mail" 2>&1
	[ $? -eq "$2" ]
}
# reload SED-EXPRESSION: of the configuration file.
reload() {
	local before
	before=$(grep -c '"event":"reload"' "$LAB_DIR/log/gate25")
	sed -i "$1" "$LAB_DIR/gate25.conf"
	kill -HUP "$LAB_GATE_PID"
	lab_until 10 reloaded "$before" || not_ok "the reload is not done: $1"
}
reloaded() { [ "$(grep -c '"event":"reload"' "$LAB_DIR/log/gate25")" -gt "$1" ]; }

# The mail servers' authority does not matter here: all that is asked is whether there is a policy.
sts_gate
check "a policy host of an authority that is not in ca-file: no policy" ends one 0
check "which the log tells" sts_event policy-problem domain=one.example result=sts-webpki-invalid
reload "s|^ca-file.*|ca-file = $LAB_PKI/first.crt|"
check "another ca-file, another domain: its policy is fetched" ends two 4
check "and that of the first, which had failed, at once as well" ends one 4
reload "s|^mta-sts-private.*|mta-sts-private = {10.99.0.0/16}|"
check "its address is not permitted any more: no policy" ends three 0
check "which the log tells" sts_event policy-problem domain=three.example result=sts-policy-fetch-error \
	'reason=.*is for documentation.*mta-sts-private.*'
check "a policy that is remembered holds" ends two 4
reload 's|^mta-sts-private.*|mta-sts-private = {198.51.100.0/24, "2001:db8:100::/64"}|'
check "it is permitted: fetched" ends three 4
echo "mta-sts = no" >>"$LAB_DIR/gate25.conf"
reload ''
check "MTA-STS is off: the policy does not matter" ends two 0
reload 's|^mta-sts = no||'
check "it is on again: the policy is there still" ends two 4
dane_gate_stop

# Off when the gate starts, and on later, when the sandbox is closed.
cat "$LAB_PKI/first.crt" >>"$LAB_CA"
sts_gate "mta-sts = no"
check "off from the start" ends four 0
reload 's|^mta-sts = no||'
check "and on: fetched" ends four 4
lab_done
