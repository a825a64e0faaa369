#!/usr/bin/env bash
# gate25 explain of domains with an MTA-STS policy: record, fetch, policy, which MX hosts it allows, the demand; what the
# running gate remembers of it, and who may know.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/web.sh"

GATE25=$LAB_TOP/build/gate25
CONF=$LAB_DIR/explain.conf

lab_internet
lab_server servers 11 12
sts_hosts_begin
lab_ca
lab_cert web good mta-sts.{held,tested,weak,two}.example
lab_cert mx good mx.held.example && lab_chain mx
chmod 644 "$LAB_PKI"/*.pem
lab_host_records mx.all 11
lab_host_records mx.other 12
for name in held tested weak two lost; do
	lab_records "$name MX 10 mx.all.example."
done
lab_records "two MX 20 mx.other.example."
sts_domain held enforce "*.all.example" mx.held.example
sts_domain tested testing mx.elsewhere.example
sts_domain weak none
sts_domain two enforce mx.all.example
sts_txt lost
sts_at lost 33
lab_dns_signed
sts_hosts_start web
dane_server mx {held,tested,weak,two,lost}.example

conf() {
	printf '%s\n' "resolvers = {\"$LAB_RESOLVER\"}" "trusted-resolvers = {\"$LAB_RESOLVER\"}" "ca-file = \"$LAB_CA\"" \
		"mta-sts-private = {198.51.100.0/24}" "state-dir = \"$LAB_DIR/state\"" "$@" >"$CONF"
}
# says NAME STATUS PATTERN COMMAND...: the exit status, and a pattern in what is said on one line.
says() {
	local name=$1 status=$2 pattern=$3 got said
	shift 3
	said=$(lab_in gw timeout 60 "$@" 2>&1)
	got="$? $(tr -s '\n ' ' ' <<<"$said")"
	if [ "${got%% *}" = "$status" ] && grep -qE -- "$pattern" <<<"$got"; then
		ok "$name"
	else
		not_ok "$name"
		note "$got"
	fi
}
explains() {
	local name=$1 status=$2 pattern=$3
	shift 3
	says "$name" "$status" "$pattern" "$GATE25" explain --config "$CONF" "$@"
}

conf
explains "record, fetch and policy" 0 'MTA-STS yes: mode enforce .*TXT _mta-sts\.held\.example \([0-9]+s\) "v=STSv1; id=1;" [a-z]+ A mta-sts\.held\.example \([0-9]+s\) 198\.51\.100\.31 .*MTA-STS record _mta-sts\.held\.example: [a-z]+, id 1 policy mode enforce, id 1, max_age 86400, fetched now from 198\.51\.100\.31, until 20[^ ]+Z mx \*\.all\.example, mx\.held\.example ' held.example
explains "the MX host, and the demand" 0 'the policy allows it .*demand DANE does not decide, so MTA-STS: TLS 1\.2 or newer, and a certificate, trusted by the gate.s CA bundle, for mx\.all\.example; else the mail is refused' held.example
explains "a host that the policy does not allow" 0 'mx\.all\.example .*the policy allows it demand: .* mx\.other\.example .*the policy does not allow it demand: refused: mx\.other\.example is not an MX host that the MTA-STS policy of two\.example allows' two.example
explains "at its address: refused" 1 'which is mx\.other\.example.*demand refused: .*\(451 4\.7\.5\)' --destination 198.51.100.12 two.example
explains "testing: what it would demand" 0 'MTA-STS yes: mode testing.*demand DANE does not apply, so the floor.*the MTA-STS policy in testing would demand: refused: mx\.all\.example is not an MX host that .*; a failure is reported, and the mail goes on' tested.example
explains "mode none" 0 'MTA-STS no: mode none, as if there were no policy.*policy mode none, id 1.*the floor' weak.example
explains "nobody at the policy host's address" 0 'MTA-STS no: no policy: .*A mta-sts\.lost\.example \([0-9]+s\) 198\.51\.100\.33 .*policy none: the policy host was asked.*sts-policy-fetch-error: .*the floor' lost.example
explains "JSON" 0 '"published": "enforce", "published_by": "sts", "mta_sts": \{ .*"record": "valid", "record_id": "1", "policy": \{ "mode": "enforce", "id": "1", "max_age": 86400, "mx": \[ "\*\.all\.example", "mx\.held\.example" \], .*"fetched_now": true, "fetched_from": "198\.51\.100\.31", "result": "none"' --json held.example
conf "mta-sts = no"
explains "mta-sts = no: nothing is asked" 0 'MTA-STS no: mta-sts = no.*the floor' held.example
conf
check "none of this is remembered" [ ! -e "$LAB_DIR/state/policy" ]

# What the gate remembers is said by who may read it.
sts_gate "state-dir = $LAB_DIR/state"
lab_in client python3 "$LAB/send.py" 198.51.100.11 --to bob@held.example --text canary >"$LAB_DIR/log/mail" 2>&1
check "a mail" grep -q '451 4\.7\.5' "$LAB_DIR/log/mail"
asked=$(sts_asked held)
explains "the gate remembers the policy" 0 'policy mode enforce, id 1, max_age 86400, remembered since 20[^ ]+Z, until 20[^ ]+Z mx ' held.example
check "and the policy host is not asked" [ "$(sts_asked held)" -eq "$asked" ]
cat "$LAB_DIR"/state/policy/* | sha256sum >"$LAB_DIR/before"
explains "another policy, in passing" 0 'fetched now' two.example
check "nothing of it is written" cmp -s "$LAB_DIR/before" <(cat "$LAB_DIR"/state/policy/* | sha256sum)
chmod 755 "$LAB_DIR"
says "who may not read it is told, and the policy is fetched" 0 'fetched now.*what the service remembers is not looked at: .*/policy: Permission denied \(root may\)' \
	setpriv --reuid=65534 --regid=65534 --clear-groups "$LAB_TOP/build/gate25-policyd" --ask --config "$CONF" held.example
sts_web_stop
explains "without its host it is known to the gate alone" 0 'MTA-STS yes: mode enforce.*remembered since' held.example
lab_done
