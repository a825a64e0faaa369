#!/usr/bin/env bash
# gate25 probe under DANE: what it says of each kind of record, certificate and lookup; the same where this host's own
# port 25 goes through the gate.
. "$(dirname "$0")/../lib.sh"
. "$LAB/internet.sh"
. "$LAB/dnssec.sh"
. "$LAB/mail.sh"
. "$LAB/gate.sh"
. "$LAB/dane/chains.sh"

BIN=$LAB_DIR/bin
CONF=$LAB_DIR/gate25.conf
export LAB_GATE=$BIN/gate25 LAB_GATE_SCOPE="scope = {local}"

# DOMAIN (.example) | chain shown | TLSA records, as in test_records.sh | further words for the server
table() {
	cat <<-'TABLE'
		ee|stale|3 1 1 stale|
		ta|leaf|2 0 1 ca|
		wrong|leaf|3 1 1 stale|
		outdone|leaf|3 1 1 leaf, 3 1 2 stale|
		rollover|leaf|3 1 1 stale, 3 1 1 leaf|
		ta-name|stranger|2 0 1 ca|
		ta-full|lone|2 0 0 ca|
		unusable|leaf|1 1 1 leaf, 3 1 3 leaf|
		open|leaf||
		clear|leaf|3 1 1 leaf|no-starttls=yes
		busy|leaf|3 1 1 leaf|greeting=421 4.3.2 busy
	TABLE
}

lab_internet
lab_ca
names=()
while IFS='|' read -r name _ <&3; do names+=("mx.$name.example"); done 3< <(table)
lab_cert_expired_self stale mx.stranger.example
lab_cert leaf good "${names[@]}"
cat "$LAB_PKI/leaf.crt" >"$LAB_PKI/lone.crt" && cp "$LAB_PKI/leaf.key" "$LAB_PKI/lone.key"
lab_cert stranger good mx.stranger.example
for chain in leaf stranger; do cat "$LAB_CA" >>"$LAB_PKI/$chain.crt"; done

lab_zone nodenials.example p256 nsec no-denials
lab_zone unsigned.example none none
lab_zone_records nodenials.example "@ MX 10 mx" "mx A 198.51.100.101"
lab_zone_records unsigned.example "@ MX 10 mx.ee.example."
N=100 addresses=()
while IFS='|' read -r name chain records want <&3; do
	N=$((N + 1))
	addresses+=("$N")
	lab_records "$name MX 10 mx.$name" "mx.$name A 198.51.100.$N"
	while IFS= read -r record; do
		read -ra fields <<<"$record"
		[ ${#fields[@]} -ne 4 ] || lab_records "_25._tcp.mx.$name TLSA $(tlsa "${fields[@]}")"
	done < <(tr ',' '\n' <<<"$records")
done 3< <(table)
lab_records "both MX 10 mx.nodenials" "both MX 20 mx.ta" "alias MX 10 mx.alias" "mx.alias CNAME mx.ee" \
	"port MX 10 mx.port" "mx.port A 198.51.100.101" "_25._tcp.mx.port TLSA $(tlsa 3 1 1 leaf)" \
	"_2525._tcp.mx.port TLSA $(tlsa 3 1 1 stale)" "strict MX 10 mx.open"
lab_server server "${addresses[@]}"
lab_dns_signed
lab_gate_users
mkdir "$BIN" "$LAB_DIR/mails" && cp -L "$LAB_TOP"/build/gate25 "$LAB_TOP"/build/gate25-policyd "$BIN/" || lab_die "gate25 is not built"

# fake NAME N PORT CHAIN WANT
fake() {
	local wants=()
	[ -z "$5" ] || wants=("$5")
	lab_spawn "fake-$1" server python3 "$LAB/fake_smtp.py" --listen "198.51.100.$2" --port "$3" "name=mx.$1.example" \
		"mail=$LAB_DIR/mails" "cert=$LAB_PKI/$4.crt" "key=$LAB_PKI/$4.key" "${wants[@]}"
	lab_until 10 lab_log "fake-$1" '"ready"' || lab_die "the server $1 does not start"
}
N=100
while IFS='|' read -r name chain _ want <&3; do
	N=$((N + 1))
	fake "$name" $N 25 "$chain" "$want"
done 3< <(table)
fake port 101 2525 stale ""

lab_gate_conf "default-level = dane
	dnssec = trust-ad
	trusted-resolvers = {$LAB_RESOLVER}
	trust-anchor-file = $LAB_ANCHORS
	bogus-names = {$LAB_BOGUS}
	domain strict.example { level = dane-only }"

# says NAME STATUS DOMAIN [OPTION...] -- PATTERN...: probe's exit status, and what must be in what it says.
says() {
	local name=$1 status=$2 got pattern bad="" arguments=()
	shift 2
	while [ "$1" != -- ]; do arguments+=("$1") && shift; done
	shift
	lab_in gw timeout 100 "$LAB_GATE" probe --config "$CONF" "${arguments[@]}" >"$LAB_DIR/said" 2>&1 </dev/null
	got=$?
	for pattern in "$@"; do
		grep -qE -- "$pattern" "$LAB_DIR/said" || bad+=" [$pattern]"
	done
	if [ $got -eq "$status" ] && [ -z "$bad" ]; then
		ok "$name"
	else
		not_ok "$name"
		note "status $got, wanted $status; missing:$bad"
		note "$(cat "$LAB_DIR/said")"
	fi
}
# mx NAME REST: the line of the server NAME.
mx() { echo "^MX mx\.$1\.example 198\.51\.100\.[0-9]+ $2\$"; }
nothing='match="-" depth=-'

kinds() {
	says "$1: usage 3, and nothing else about the certificate" 0 ee.example -- \
		'^DOMAIN ee\.example source=default level=dane floor=encrypt mx=found mx-secure=yes$' \
		"$(mx ee 'verdict=pass result=none tls=TLSv1.3 match="3 1 1" depth=0')" '^    demand +dane, by dane$' \
		'^    SNI +mx\.ee\.example$' 'EXPIRED 1 day ago, by itself$' '^    TLSA +of mx\.ee\.example$' \
		'^ +matched +3 1 1 [0-9a-f]{64}$' '^1 address: 1 pass$'
	says "$1: usage 2" 0 ta.example -- "$(mx ta 'verdict=pass result=none tls=TLSv1.3 match="2 0 1" depth=1')" \
		'^    matched +mx\.ta\.example$' '^ +matched +2 0 1 '
	says "$1: another certificate" 1 wrong.example -- "$(mx wrong "verdict=refuse result=tlsa-invalid tls=TLSv1.3 $nothing")" \
		'^ +unmatched 3 1 1 ' 'they can +the TLSA records of mx\.wrong\.example must' 'you can +do not lower the level'
	says "$1: a weaker digest does not count" 1 outdone.example -- \
		"$(mx outdone "verdict=refuse result=tlsa-invalid tls=TLSv1.3 $nothing")" '^ +outdone +3 1 1 ' '^ +unmatched 3 1 2 '
	says "$1: one of two" 0 rollover.example -- "$(mx rollover 'verdict=pass result=none tls=TLSv1.3 match="3 1 1" depth=0')"
	same "$1: which is named" "1 1" "$(grep -cE '^ +matched +3 1 1' "$LAB_DIR/said") $(grep -cE '^ +unmatched +3 1 1' "$LAB_DIR/said")"
	says "$1: the authority is right, the name is not" 1 ta-name.example -- \
		"$(mx ta-name "verdict=refuse result=certificate-host-mismatch tls=TLSv1.3 $nothing")" '^ +present +2 0 1 '
	says "$1: the authority stands in the DNS alone" 0 ta-full.example -- \
		"$(mx ta-full 'verdict=pass result=none tls=TLSv1.3 match="2 0 0" depth=1')" '^ +matched +2 0 0 [0-9a-f]+\.\.\.$'
	says "$1: no record can be used" 0 unusable.example -- \
		"$(mx unusable "verdict=unauthenticated result=none tls=TLSv1.3 $nothing")" '^    demand +encrypt, by dane-unusable$' \
		'they can +the TLSA records of mx\.unusable\.example must be of usage 3 or 2' '^1 address: 1 unauthenticated$'
	says "$1: no records" 0 open.example -- "$(mx open "verdict=pass result=none tls=TLSv1.3 $nothing")" \
		'^    demand +encrypt, by floor$' '^    TLSA +of mx\.open\.example: none: DANE does not apply$'
	says "$1: no STARTTLS" 1 clear.example -- \
		"$(mx clear "verdict=refuse result=starttls-not-supported tls=none $nothing")" '^ +untried +3 1 1 '
	says "$1: busy" 3 busy.example -- "$(mx busy "verdict=unreachable result=none tls=none $nothing")"
	says "$1: the TLSA lookup fails" 1 nodenials.example -- \
		"$(mx nodenials "verdict=refuse result=dnssec-invalid tls=TLSv1.3 $nothing")" 'demand +no server can meet it' \
		'TLSA +of mx\.nodenials\.example: could not be looked up' 'you can +.gate25 explain nodenials\.example'
	says "$1: one sick host says nothing of the other" 1 both.example -- "$(mx nodenials 'verdict=refuse .*')" \
		"$(mx ta 'verdict=pass .* match="2 0 1" depth=1')" '^2 addresses: 1 pass, 1 refuse$'
	says "$1: the MX list is not signed" 0 unsigned.example -- 'mx-secure=no$' \
		"$(mx ee 'verdict=pass result=none tls=TLSv1.3 match="3 1 1" depth=0')" 'note +the MX list is not signed'
	says "$1: records at the end of an alias" 0 alias.example -- \
		"$(mx alias 'verdict=pass result=none tls=TLSv1.3 match="3 1 1" depth=0')" '^    SNI +mx\.ee\.example$' \
		'^    TLSA +of mx\.ee\.example$'
	says "$1: dane-only and no records" 1 strict.example -- \
		"$(mx open "verdict=refuse result=dane-required tls=TLSv1.3 $nothing")" 'you can +level = dane in the rule'
	says "$1: another port has records of its own" 0 port.example --port 2525 -- \
		'^MX mx\.port\.example 198\.51\.100\.101:2525 verdict=pass result=none tls=TLSv1.3 match="3 1 1" depth=0$'
	says "$1: and port 25 its own" 1 port.example -- "$(mx port "verdict=refuse result=tlsa-invalid tls=TLSv1.3 $nothing")"
}

kinds "no gate"
lab_gate_start
sessions=$(grep -c 'session-end' "$LAB_DIR/log/gate25")
kinds "intercepted"
same "none of it met the gate" "$sessions" "$(grep -c 'session-end' "$LAB_DIR/log/gate25")"

lab_in gw timeout 100 "$LAB_GATE" probe --config "$CONF" --json outdone.example >"$LAB_DIR/said" 2>&1
same "JSON" "1 refuse tlsa-invalid true outdone=3_1_1 unmatched=3_1_2" "$(python3 - "$LAB_DIR/said" <<'PY' 2>&1
import json, sys
said = json.load(open(sys.argv[1]))
one, = said["addresses"]
host, = one["tlsa"]
states = sorted(record["state"] + "=" + "_".join(record["record"].split()[:3]) for record in host["records"])
print(said["status"], one["verdict"], one["result"], str(said["mx_secure"]).lower(), *reversed(sorted(states, reverse=True)))
PY
)"

sed -i '/trusted-resolvers/d; s/dnssec = .*/dnssec = validate/' "$CONF"
says "validated here: usage 3" 0 ee.example -- "$(mx ee 'verdict=pass result=none tls=TLSv1.3 match="3 1 1" depth=0')" mx-secure=yes
says "validated here: the TLSA lookup fails" 1 nodenials.example -- "$(mx nodenials 'verdict=refuse result=dnssec-invalid .*')"

same "only EHLO, STARTTLS and QUIT were said" "EHLO QUIT STARTTLS" \
	"$(cat "$LAB_DIR"/log/fake-* | sed -nE 's/.*"command": "([A-Z]+).*/\1/p' | sort -u | tr '\n' ' ' | sed 's/ $//')"
lab_done
