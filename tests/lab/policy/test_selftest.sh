#!/usr/bin/env bash
# The DNSSEC self-test over real resolvers: what it makes of each kind, what a start and a reload come to, and what a gate
# does whose resolver appears late, stops validating, or comes back.
. "$(dirname "$0")/../lib.sh"
. "$LAB/internet.sh"
. "$LAB/dnssec.sh"
. "$LAB/mail.sh"
. "$LAB/gate.sh"

POLICYD=${POLICYD:-$LAB_TOP/build/gate25-policyd}
CONF=$LAB_DIR/gate25.conf
DANE="default-level = dane
trust-anchor-file = $LAB_ANCHORS"
BOGUS=$LAB_BOGUS

# One server, whose key is in its TLSA record and whose certificate nobody vouches for; a domain for each mail to it.
lab_internet
lab_server server 11
lab_ca
lab_cert server self-signed mx.example
KEY=$(openssl x509 -in "$LAB_PKI/server.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)
lab_host_records mx 11
lab_records "_25._tcp.mx TLSA 3 1 1 $KEY"
for name in proved unproved again other without; do lab_records "$name MX 10 mx"; done
lab_dns_signed
lab_gate_users
mkdir "$LAB_DIR/mails"
lab_spawn server server python3 "$LAB/fake_smtp.py" --listen 198.51.100.11 name=mx.example mail="$LAB_DIR/mails" \
	cert="$LAB_PKI/server.crt" key="$LAB_PKI/server.key"
lab_until 10 lab_log server '"ready"' || lab_die "the server does not start"

# conf LINE...: the configuration: level dane, the lab's anchors, and these lines.
conf() { printf '%s\n' "$LAB_GATE_SCOPE" "$DANE" "bogus-names = {$BOGUS}" "$@" >"$CONF"; }

# local_resolver validates|blind: Unbound on the gateway's loopback, in place of the one before.
LOCAL=
local_resolver() {
	[ -z "$LOCAL" ] || lab_kill "$LOCAL"
	LOCAL=
	[ "$1" = none ] && return
	lab_unbound local gw 127.0.0.1 "$1"
	LOCAL=$LAB_PID
}

# finds NAME STATUS TEXT LINE...: what the self-test says of a configuration with these lines.
finds() {
	local name=$1 status=$2 text=$3 said got
	shift 3
	conf "$@"
	said=$(lab_in gw timeout 60 "$POLICYD" --self-test --config "$CONF" 2>&1)
	got=$?
	if [ $got -eq "$status" ] && grep -qF -- "$text" <<<"$said" && [ "$(wc -l <<<"$said")" -eq 1 ]; then
		ok "$name"
	else
		not_ok "$name"
		note "status $got: $said"
	fi
}

local_resolver validates
LOOP="resolvers = {127.0.0.1}"
BLIND="resolvers = {$LAB_RESOLVER_BLIND}"
TRUST_BLIND="trusted-resolvers = {$LAB_RESOLVER_BLIND}"
finds "a validating resolver on loopback" 0 "mode trust-ad: 127.0.0.1 proves the root" "$LOOP"
finds "told to trust it" 0 "mode trust-ad" "$LOOP" "dnssec = trust-ad"
finds "told to validate over it" 0 "mode validate" "$LOOP" "dnssec = validate"
finds "one that is not on loopback is not believed" 0 "mode validate: validation over $LAB_RESOLVER proves the root" \
	"resolvers = {$LAB_RESOLVER}"
finds "unless it is declared trusted" 0 "mode trust-ad" "resolvers = {$LAB_RESOLVER}" "trusted-resolvers = {$LAB_RESOLVER}"
finds "a trusted one that does not validate: gate25 does" 0 "mode validate" "$BLIND" "$TRUST_BLIND"
finds "and if that may not be: the ways out" 1 "set dnssec = validate, or dnssec = off" "$BLIND" "$TRUST_BLIND" \
	"dnssec = trust-ad"
finds "one that validates beside one that does not" 1 "$LAB_RESOLVER_BLIND does not validate" \
	"resolvers = {127.0.0.1, $LAB_RESOLVER_BLIND}" "$TRUST_BLIND" "dnssec = trust-ad"
finds "one that validates beside one that is down" 0 "mode trust-ad" "resolvers = {127.0.0.2, 127.0.0.1}"
finds "recursion from the lab's own root servers" 0 "mode validate" "$LOOP" "dnssec = validate" "recursion = yes" \
	"root-servers = {198.51.100.53}"
BOGUS="$LAB_BOGUS, ns.example" finds "an answer for a name that should be bogus" 1 "127.0.0.1 answers for ns.example" "$LOOP" \
	"dnssec = trust-ad"
BOGUS=ns.example finds "gate25 proves by itself that such a name was mended" 0 "take it out of bogus-names" "$LOOP"
BOGUS=nowhere.example finds "no such name: no harm" 0 "is not there to be asked about" "$LOOP"
local_resolver none
finds "nobody answers" 3 "no resolver answers" "$LOOP"
finds "dnssec = off" 0 "DANE never applies" "$LOOP" "dnssec = off"

# --- check -----------------------------------------------------------------------------------------------------------

# checks NAME STATUS TEXT: gate25 check of the configuration as it is.
checks() {
	local said got
	said=$(lab_in gw timeout 60 "$LAB_GATE" check --config "$CONF" 2>&1)
	got=$?
	[ $got -eq "$2" ] && grep -qF -- "$3" <<<"$said" && ok "check: $1" && return
	not_ok "check: $1"
	note "status $got: $said"
}
conf "$LOOP"
checks "a resolver that is down is a warning" 0 "warning: the configuration wants DANE, and no resolver answers"
conf "$BLIND" "$TRUST_BLIND" "dnssec = trust-ad"
checks "nobody proves" 2 "error: the configuration wants DANE, and nobody proves DNSSEC here"
conf "resolvers = {$LAB_RESOLVER}"
checks "all is well" 0 "DNSSEC is proved, mode validate"
conf "resolvers = {$LAB_RESOLVER}" "dnssec = trust-ad"
checks "nobody to trust" 2 "needs a resolver on loopback or in trusted-resolvers, and there is none"
echo ". IN DS twelve" >"$LAB_DIR/no-anchors"
conf "$LOOP"
sed -i "s|^trust-anchor-file.*|trust-anchor-file = $LAB_DIR/no-anchors|" "$CONF"
checks "trust anchors that are none" 2 "error: trust-anchor-file $LAB_DIR/no-anchors: "

# --- start -----------------------------------------------------------------------------------------------------------

fetch() { # PATH: what the monitor says
	lab_in gw python3 -c 'import sys, urllib.request, urllib.error
try:
    answer = urllib.request.urlopen("http://127.0.0.1:9525" + sys.argv[1], timeout=10)
except urllib.error.HTTPError as error:
    answer = error
print(answer.read().decode(), end="")' "$1"
}
is_ready() { [ "$(fetch /readyz)" = ready ]; }
is_not_ready() { fetch /readyz | grep -q "^not ready: .*$1"; }
metric_is() { fetch /metrics | grep -qxF -- "$1"; }
status_says() { grep -qF -- "$1" <(lab_in gw "$LAB_GATE" status 2>&1); }
logged() { [ "$(grep -cE -- "$1" "$LAB_DIR/log/gate25")" -ge "${2:-1}" ]; }
reload() { kill -HUP "$LAB_GATE_PID"; }
in_force() { logged "reload.*configuration $1 is in force"; }

# mail NAME DOMAIN STATUS LOG: what becomes of a mail, by send.py's status, and what the log says at the session's end.
mail() {
	lab_in client python3 "$LAB/send.py" 198.51.100.11 --text "mail-$2" --to "bob@$2.example" >"$LAB_DIR/log/send" 2>&1
	same "mail $1" "$3" $?
	check "says the log" lab_until 10 logged "session-end .*domain=$2\.example .*$4"
}
is_delivered() { grep -rqF "mail-$1" "$LAB_DIR/mails"; }

conf "$BLIND" "$TRUST_BLIND" "dnssec = trust-ad"
lab_in gw timeout 60 "$LAB_GATE" run --config "$CONF" >"$LAB_DIR/log/failed" 2>&1
same "a start where nobody proves fails" 1 $?
check "with one sentence that names the ways out" grep -qE \
	'^gate25: error: start reason="the configuration wants DANE, and nobody proves DNSSEC here \(.*\): run a validating' \
	"$LAB_DIR/log/failed"
check "and leaves no process behind" lab_gate_is_gone
check "and leaves port 25 closed" lab_in gw nft list table inet gate25_guard

# Nobody answers yet, as when the network comes up after gate25.
conf "$LOOP" "dnssec = trust-ad"
lab_spawn gate25 gw "$LAB_GATE" run --config "$CONF"
LAB_GATE_PID=$LAB_PID
check "a start where nobody answers goes on" lab_until 30 logged '^gate25: error: not-ready .*no resolver answers'
lab_alive "$LAB_GATE_PID" || lab_die "the gate does not run"
check "and is not ready" is_not_ready "no resolver answers"
check "the metric says so" metric_is "gate25_dnssec_ok 0"
check "status, too" status_says "DNSSEC: NOT GOOD, silent, mode trust-ad since"
local_resolver validates
check "ready when the resolver is there" lab_until 30 is_ready
check "and says so" logged '^gate25: ready '
check "the metrics" metric_is "gate25_dnssec_ok 1"
check "know the mode" metric_is 'gate25_dnssec_mode{mode="trust-ad"} 1'
check "status says since when and why" status_says "DNSSEC: proved, mode trust-ad since"
check "and who proved what" status_says "127.0.0.1 proves the root"

mail "is authenticated by its TLSA record" proved 0 'authenticated=yes .*tlsa="3 1 1"'

# --- what runs -------------------------------------------------------------------------------------------------------

local_resolver blind
reload
check "a resolver that stops validating: not ready" lab_until 30 is_not_ready "nobody proves"
check "it is told loudly" logged '^policy: error: dnssec state=unproved mode=trust-ad .*run a validating resolver'
check "by the parent, too" logged '^gate25: error: not-ready .*nobody proves DNSSEC here'
mail "is deferred, for nobody proves that there is no TLSA record" unproved 4 'result=dnssec-invalid'
check "and was not delivered" ! is_delivered unproved
local_resolver validates
check "ready again when it validates again" lab_until 30 is_ready
mail "goes again" again 0 'authenticated=yes .*tlsa="3 1 1"'
check "said again" logged '^gate25: ready ' 2

conf "$LOOP"
reload
check "auto" lab_until 30 in_force 3
check "keeps the mode that proves" lab_until 10 metric_is 'gate25_dnssec_mode{mode="trust-ad"} 1'
local_resolver blind
reload
check "auto takes the other way when the resolver stops validating" \
	lab_until 30 metric_is 'gate25_dnssec_mode{mode="validate"} 1'
check "loudly" logged 'dnssec state=proved mode=validate .*passes no more: another is taken'
check "and stays ready" is_ready
mail "is authenticated by that proof, too" other 0 'authenticated=yes .*tlsa="3 1 1"'
local_resolver validates
reload
check "and comes back" lab_until 30 metric_is 'gate25_dnssec_mode{mode="trust-ad"} 1'
check "it was ready all the time" ! logged '^gate25: error: not-ready' 3

sed -i "s|^trust-anchor-file.*|trust-anchor-file = $LAB_DIR/no-anchors|" "$CONF"
reload
check "a reload with trust anchors that are none is refused" \
	lab_until 10 logged '^gate25: error: reload reason="refused: the old configuration stays in force"'
check "and says why" logged "trust-anchor-file $LAB_DIR/no-anchors: "
check "all goes on" is_ready

conf "$LOOP" "dnssec = off"
reload
check "dnssec = off" lab_until 10 metric_is 'gate25_dnssec_mode{mode="off"} 1'
check "is no failure" is_ready
mail "goes encrypted, as the floor says" without 0 'authenticated=no'
local_resolver none
conf "$LOOP"
sed -i 's/^default-level.*/default-level = encrypt/' "$CONF"
reload
check "where nothing wants DANE" lab_until 30 logged 'dnssec state=silent mode=off .*nothing wants DANE'
check "the gate is ready all the same" is_ready
lab_gate_stop
same "the gate ends well" 0 "$LAB_GATE_STATUS"
lab_done
