#!/usr/bin/env bash
# test_list.sh - the STARTTLS-Everywhere list of a running gate: whom it holds to what, lists with defects, older ones,
# expired ones, and what is left of it after a restart.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "a list of a running gate" || lab_done

daemon_internet
lab_cert right good mx.right.lab
lab_cert other good mx.other.lab
lab_cert self self-signed mx.self.lab
daemon_server right 131 name=right.lab cert="$LAB_PKI/right.crt" key="$LAB_PKI/right.key"
daemon_server other 132 name=other.lab cert="$LAB_PKI/other.crt" key="$LAB_PKI/other.key"
daemon_server self 133 name=self.lab cert="$LAB_PKI/self.crt" key="$LAB_PKI/self.key"
daemon_server clear 134 name=clear.lab
declare -A AT=([right]=131 [other]=132 [self]=133 [clear]=134)
for name in "${!AT[@]}"; do echo "mx.$name.lab A 198.51.100.${AT[$name]}"; done >"$LAB_DIR/zone"
# A domain for each case, and whose server it has.
for case in right=right Alias=right suffix=right wrong=other self=self clear=clear testing=self later=self free=self; do
	domain=${case%=*}
	echo "${domain,,}.lab MX 10 mx.${case#*=}.lab"
done >>"$LAB_DIR/zone"
echo "deep.lab MX 10 mx.deep.other.lab
mx.deep.other.lab A 198.51.100.132" >>"$LAB_DIR/zone"

LIST=$LAB_DIR/policy.json
COPY=$LAB_DIR/state/list.json
NOW=$(date +%s)

# list TIMESTAMP EXPIRES [POLICY...]: the list, put in place of the old one at once.
list() {
	local timestamp=$1 expires=$2 policy
	shift 2
	{
		echo "{\"timestamp\": $timestamp, \"expires\": $expires, \"version\": \"0.1\","
		echo '"policy-aliases": {"big": {"mode": "enforce", "mxs": ["mx.right.lab"]}}, "policies": {'
		echo '"Right.lab": {"mode": "enforce", "mxs": ["mx.right.lab"]},'
		for policy in "$@"; do echo "$policy,"; done
		echo '"alias.lab": {"policy-alias": "big"},'
		echo '"suffix.lab": {"mode": "enforce", "mxs": [".right.lab"]},'
		echo '"deep.lab": {"mode": "enforce", "mxs": [".other.lab"]},'
		echo '"wrong.lab": {"mode": "enforce", "mxs": ["mx.wrong.lab", "mx.right.lab"]},'
		echo '"self.lab": {"mode": "enforce", "mxs": ["mx.self.lab"]},'
		echo '"clear.lab": {"mode": "enforce", "mxs": ["mx.clear.lab"]},'
		echo '"testing.lab": {"mxs": ["mx.right.lab"]}'
		echo '}}'
	} >"$LIST.new"
	mv "$LIST.new" "$LIST"
}
LATER='"later.lab": {"mode": "enforce", "mxs": ["mx.right.lab"]}'

conf() {
	lab_gate_conf "$(printf '%s\n' "default-level = dane" "floor = may" "dnssec = off" "list-file = $LIST" "$@")"
}
logged() { [ "$(grep -cE -- "$1" "$LAB_DIR/log/gate25")" -ge "${2:-1}" ]; }
# mail DOMAIN STATUS TEXT: a mail to it through the gate, and the log line of its session.
mail() {
	local domain=$1 status=$2 text=$3 server
	server=$(awk -v domain="$domain.lab" '$1 == domain { mx = $4 } $1 == mx { print $3 }' "$LAB_DIR/zone" "$LAB_DIR/zone" |
		tail -n 1)
	: >"$LAB_DIR/log/gate25"
	lab_in client python3 "$LAB/send.py" "$server" --text "mail-$domain" --to "bob@$domain.lab" >"$LAB_DIR/log/send" 2>&1
	same "mail to $domain.lab ($text)" "$status" $?
	check "and the log says so" lab_until 10 logged "$text"
}
# expired_holds: a mail that the list refused is taken; a worker may remember a verdict for half a minute.
expired_holds() {
	lab_in client python3 "$LAB/send.py" 198.51.100.132 --to bob@wrong.lab >"$LAB_DIR/log/send" 2>&1 || { sleep 3; return 1; }
}
# reload TEXT...: SIGHUP, and what becomes of it.
reload() {
	local text
	: >"$LAB_DIR/log/gate25"
	kill -HUP "$LAB_GATE_PID"
	for text in "$@"; do check "reload: $text" lab_until 20 logged "$text"; done
}
REFUSED='reload reason="refused: the old configuration stays in force'
TAKEN='reload reason="configuration [0-9]+ is in force'
checks() { # NAME STATUS TEXT
	local said got
	said=$(lab_in gw timeout 60 "$LAB_GATE" check --config "$LAB_DIR/gate25.conf" 2>&1)
	got=$?
	[ $got -eq "$2" ] && grep -qE -- "$3" <<<"$said" && ok "check: $1" && return
	not_ok "check: $1"
	note "status $got: $said"
}

# --- whom it holds to what ------------------------------------------------------------------------------------------

lab_gate_users
list $((NOW - 100)) $((NOW + 86400))
conf
check "gate25 list check finds no defect" grep -q "no defect" <(lab_in gw "$LAB_GATE" list check "$LIST")
check "list show follows the alias" grep -qx "mx mx.right.lab" <(lab_in gw "$LAB_GATE" list show ALIAS.lab "$LIST")
checks "a good list" 0 ": good"
lab_gate_start
check "the list in force is in the log" logged '^gate25: list entries=8 timestamp=.* expires='
metric_is() {
	lab_in gw python3 -c 'import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9525/metrics", timeout=10).read().decode())' | grep -qxF -- "$1"
}
check "the metrics know when it expires" lab_until 10 metric_is "gate25_list_expires_seconds $((NOW + 86400))"
check "status says so" grep -q "  list: 8 domains, expires 20" <(lab_in gw "$LAB_GATE" status)
check "a copy of it is kept" cmp "$LIST" "$COPY"
mail right 0 'session-end .*domain=right\.lab .*policy=list .*authenticated=yes'
mail alias 0 'session-end .*domain=alias\.lab .*policy=list .*authenticated=yes'
mail suffix 0 'session-end .*domain=suffix\.lab .*policy=list .*authenticated=yes'
mail deep 4 'refused .*domain=deep\.lab .*policy=list'
mail wrong 4 'refused .*domain=wrong\.lab .*policy=list'
mail self 4 'refused .*domain=self\.lab .*policy=list .*result=certificate-not-trusted'
mail clear 4 'refused .*domain=clear\.lab .*policy=list .*result=starttls-not-supported'
check "refused by a transient reply" grep -q "451 4.7.4" "$LAB_DIR/log/send"
mail testing 0 'would-refuse .*domain=testing\.lab .*policy=list'
mail free 0 'session-end .*domain=free\.lab .*policy=floor'
mail later 0 'session-end .*domain=later\.lab .*policy=floor'

# --- a reload -------------------------------------------------------------------------------------------------------

list $((NOW - 90)) $((NOW + 86400)) "$LATER" '"x.lab": {"mode": "Enforce", "mxs": ["mx.x.lab"]}'
reload "list-file $LIST is refused whole: policies, x.lab, mode: neither" "$REFUSED"
checks "a defect" 2 'error: list-file .* is refused whole: policies, x.lab, mode: neither .*; the last accepted one is used'
sed -i 's/"x.lab.*/{/' "$LIST"
reload "list-file $LIST is refused whole: line 5: " "$REFUSED"
list $((NOW - 101)) $((NOW + 86400)) "$LATER"
reload "list-file $LIST is of .* and older than the last accepted one, of " "$REFUSED"
list $((NOW - 90)) $((NOW + 86400)) "$LATER"
chmod g+w "$LIST"
reload "list-file $LIST can be changed by others than its owner" "$REFUSED"
chmod 644 "$LIST"
chown 25101 "$LIST"
reload "list-file $LIST is owned by user 25101" "$REFUSED"
rm "$LIST"
reload "list-file $LIST cannot be read: No such file" "$REFUSED"
mail wrong 4 'refused .*domain=wrong\.lab .*policy=list'
mail later 0 'session-end .*domain=later\.lab .*policy=floor'
check "the copy is still that of the list in force" ! grep -q later "$COPY"
list $((NOW - 90)) $((NOW + 86400)) "$LATER"
reload "$TAKEN" 'list entries=9'
check "the copy is the new one" cmp "$LIST" "$COPY"
mail later 4 'refused .*domain=later\.lab .*policy=list'
mail right 0 'session-end .*domain=right\.lab .*policy=list'

# --- a restart ------------------------------------------------------------------------------------------------------

lab_gate_stop
list $((NOW - 101)) $((NOW + 86400))
: >"$LAB_DIR/log/gate25"
lab_gate_start
check "a start with an older list says so" \
	logged '^gate25: error: .*older than the last accepted one, of .*; to go back on purpose, .*; the last accepted one is used'
mail later 4 'refused .*domain=later\.lab .*policy=list'
lab_gate_stop
echo '{' >"$LIST"
: >"$LAB_DIR/log/gate25"
lab_gate_start
check "a start with a defect says so" logged '^gate25: error: .* is refused whole: line 2: .*; the last accepted one is used'
check "and which list is in force" logged 'list entries=9 .*file="the last accepted copy"'
mail later 4 'refused .*domain=later\.lab .*policy=list'
check "the metrics say that it is the copy" metric_is "gate25_list_copy 1"
lab_gate_stop
rm "$COPY"
lab_in gw timeout 60 "$LAB_GATE" run --config "$LAB_DIR/gate25.conf" >"$LAB_DIR/log/failed" 2>&1
same "without a copy a start with a defect fails" 2 $?
check "with the reason" grep -qE "list-file $LIST is refused whole: line 2: " "$LAB_DIR/log/failed"

# --- expiry ---------------------------------------------------------------------------------------------------------

list $((NOW - 80)) $((NOW - 40))
checks "an expired list" 0 'warning: the list of list-file expired at .*: none of its entries is enforced any more'
lab_in gw "$LAB_GATE" list check "$LIST" >"$LAB_DIR/log/said"
same "list check of an expired one" 1 $?
: >"$LAB_DIR/log/gate25"
lab_gate_start
check "an expired list is in the log" logged '^gate25: warning: list .*expired at .*: none of its entries is enforced'
mail wrong 0 'session-end .*domain=wrong\.lab .*policy=floor'
conf "list-expired = enforce"
reload "$TAKEN" '^gate25: warning: list .*expired at .*: it is enforced all the same'
mail wrong 4 'refused .*domain=wrong\.lab .*policy=list'
list $((NOW - 70)) $(($(date +%s) + 15))
conf
reload "$TAKEN" 'list entries=8'
mail wrong 4 'refused .*domain=wrong\.lab .*policy=list'
: >"$LAB_DIR/log/gate25"
check "it expires while the gate runs" lab_until 40 logged '^gate25: warning: list .*expired at '
check "and holds nobody any more" lab_until 40 expired_holds
conf "list-expired = enforce" "mta-sts = no"
sed -i '/^list-file/d' "$LAB_DIR/gate25.conf"
reload "$TAKEN"
mail wrong 0 'session-end .*domain=wrong\.lab .*policy=default'
lab_gate_stop
same "the gate ends well" 0 "$LAB_GATE_STATUS"

# --- a folder that is open to others --------------------------------------------------------------------------------

rm -f "$COPY"
chmod g+w "$LAB_DIR/state"
list $((NOW - 60)) $((NOW + 86400))
conf
: >"$LAB_DIR/log/gate25"
lab_gate_start
check "in a state-dir that others can write to no copy is kept" [ ! -e "$COPY" ]
check "and that is said" logged '^gate25: warning: list .*: after a restart an older list would not be noticed'
lab_gate_stop
lab_done
