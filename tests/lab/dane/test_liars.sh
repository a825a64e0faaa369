#!/usr/bin/env bash
# Resolvers that lie, are ill, or stop validating, with mail going through the gate: whatever they say or leave unsaid, no
# octet goes through in clear, no mail is refused for good, and the log says what is wrong.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/servers.sh"
. "$(dirname "$0")/zones.sh"
. "$(dirname "$0")/hosts.sh"
LIES=$LAB_DIR/lies
LIAR=127.0.0.9

# HOW of liar.py, about everything | REPLY under trust-ad | under validate. The server has TLSA records that match; the floor
# is "may". Under trust-ad the resolver has not shown that it validates before the last row.
about_all() {
	cat <<-'TABLE'
		no-ad|451 4.4.3|250
		forge|451 4.4.3|451 4.7.5
		strip|451 4.4.3|451 4.4.3
		forge-ad|451 4.4.3|451 4.4.3
		slow|250|-
	TABLE
}

# HOW, about the MX hosts of one domain only, and of another domain about their TLSA records only.
ILLS='question other-id garbage short half servfail refused truncated silent'
# Only validation sees these, where a resolver that is believed tells them about one name.
FRAUDS='no-proof strip forge forge-ad'

says() { echo "$1" >"$LIES.new" && mv "$LIES.new" "$LIES"; }
logged() { grep -qE -- "$1" "$LAB_DIR/log/gate25"; }

ready() { [ "$(lab_gate_readies)" -gt 0 ]; }

# fresh: a domain, with a host of its own, that nobody has asked about.
FRESH=200
fresh() {
	echo >>"$LAB_DIR/fresh"
	echo "fresh-$(wc -l <"$LAB_DIR/fresh").signed.example"
}

# attempt waits|authenticated: whether a mail to a fresh domain is deferred for want of DNS, or delivered by TLSA.
attempt() {
	local domain
	domain=$(fresh)
	lab_in client python3 "$LAB/send.py" 198.51.100.11 --to "bob@$domain" --text "canary-attempt" >"$LAB_DIR/log/attempt" 2>&1
	case $1 in
	waits) grep -q '^reply: b.451 4\.4\.3.*does not validate' "$LAB_DIR/log/attempt" ;;
	authenticated) lab_until 5 logged "\"session-end\".*\"$domain\".*\"authenticated\":\"yes\".*\"messages\":\"1\"" ;;
	esac || { sleep 0.5; false; }
}

# lies COLUMN NAME: the rows, one by one.
lies() {
	local how replies reply domain
	while IFS='|' read -r how replies <&3; do
		reply=$(cut -d '|' -f "$1" <<<"$replies")
		[ "$reply" != - ] || continue
		says "$how"
		domain=$(fresh)
		if [ "$reply" = 250 ]; then
			reply+="|level=dane authenticated=yes"
		else
			reply+="|verdict=failed result=dnssec-invalid"
		fi
		dane_cases "$2-$how" <<<"$2, $how|bob@$domain|198.51.100.11|$reply"
	done 3< <(about_all)
}

# ills MODE HOW...: all ILLS at once, each about the MX record of a domain, and these about the TLSA records of another.
ills() {
	local how
	for how in $ILLS; do
		echo "$1, MX $how|bob@lie-$how.signed.example|198.51.100.11|451 4.4.3|verdict=failed"
	done >"$LAB_DIR/ills"
	for how in "${@:2}"; do
		echo "$1, TLSA $how|bob@tlsa-$how.signed.example|198.51.100.11|451 4.7.5|result=dnssec-invalid"
	done >>"$LAB_DIR/ills"
	dane_cases "$1-ills" together <"$LAB_DIR/ills"
}

hosts_chains
for ((n = 1; n <= FRESH; n++)); do
	domain signed.example "fresh-$n" "mx-fresh-$n.signed.example"
	host signed.example "mx-fresh-$n" 11 "$EE"
done
for how in $ILLS $FRAUDS; do
	domain signed.example "lie-$how" alike.signed.example
	domain signed.example "tlsa-$how" "tlsalie-$how.signed.example"
	host signed.example "tlsalie-$how" 11 "$EE"
done
host signed.example alike 11 "$EE"
zones_world
lab_server servers 11
lab_dns_signed
mapfile -t domains < <(seq -f 'fresh-%g.signed.example' $FRESH)
for how in $ILLS $FRAUDS; do domains+=("lie-$how.signed.example" "tlsa-$how.signed.example"); done
dane_server leaf "${domains[@]}"
says silent
lab_spawn liar gw python3 "$LAB/dane/liar.py" "$LAB_RESOLVER" $LIAR=@"$LIES"
lab_until 10 lab_log liar ready || lab_die "the liar does not start"
LAB_GATE_RESOLVERS=$LIAR

# gate_unready LINE...: the gate, where nobody answers: it runs, and is not ready.
gate_unready() {
	dane_gate_conf "floor = may" "$@"
	lab_gate_users
	lab_spawn gate25 gw "$LAB_GATE" run --config "$LAB_DIR/gate25.conf"
	LAB_GATE_PID=$LAB_PID
	lab_until 60 logged '"not-ready"' && lab_until 10 lab_gate_listens || lab_die "gate25 does not start"
}

gate_unready "dnssec = trust-ad"
lies 1 trust-ad
check "the log says who does not validate" logged '"refused".*127\.0\.0\.9 does not validate'
says honest
check "ready when the resolver is honest" lab_until 30 ready
ills trust-ad $ILLS

# It stops validating while the gate runs.
lab_capture attempts path gw0
says no-ad
check "a resolver that stops validating: mail waits" lab_until 60 attempt waits
kill -HUP "$LAB_GATE_PID"
check "the next self-test says so loudly" lab_until 60 logged '"severity":"error".*"event":"dnssec","state":"unproved"'
check "and mail goes on to wait" attempt waits
says honest
check "when it validates again mail goes, authenticated" lab_until 60 attempt authenticated
dane_gate_stop

mv "$LAB_DIR/log/gate25" "$LAB_DIR/log/gate25-trust-ad"
dane_gate "floor = may" "dnssec = validate"
ills validate $ILLS $FRAUDS
lies 2 validate
says honest
check "validating, and nobody lies any more: mail goes" lab_until 90 attempt authenticated
dane_gate_stop
lab_capture_stop attempts gw 198.51.100.1
check "no attempt was seen in clear" wire attempts --no-leak --some --canary canary-
lab_done
