#!/usr/bin/env bash
# gate25 probe on the gateway, without the gate and on an intercepted host: real Postfix and servers that misbehave, under
# static levels. What each address gets, that no envelope is ever sent, that probe is nobody when it hears a server, that
# it keeps its times and ends when it is told to.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$LAB/internet.sh"
. "$LAB/mail.sh"
. "$LAB/gate.sh"

BIN=$LAB_DIR/bin
GATE25=$BIN/gate25
CONF=$LAB_DIR/gate25.conf
export LAB_GATE=$GATE25
export LAB_GATE_SCOPE="scope = {local, forward}
interfaces = {lan0}
sources = {10.25.0.0/24, \"2001:db8:25::/64\"}
listen-port = 825"

# What stands at 198.51.100.100+N, by N.
fakes() {
	cat <<-'TABLE'
		1|good|mx1.mixed.example|
		2|good|mx2.mixed.example|no-starttls=yes
		3|expired|mx3.mixed.example|
		4|good|elsewhere.example|
		5|self-signed|mx5.mixed.example|
		6|good|mx6.mixed.example|greeting=421 4.3.2 busy
		7|good|mx7.mixed.example|greeting=SSH-2.0-what
		8|good|mx8.mixed.example|close=greeting
		9|good|mx9.mixed.example|garbage=yes
		10|good|mx10.mixed.example|starttls=454 4.7.0 not now
		11|good|mx11.mixed.example|inject=250 injected\\r\\n
		12|good|mx12.mixed.example|tls=1.1
		13|good|mx13.mixed.example|tls-ehlo=550 5.7.1 not you
		14|good|mx14.mixed.example|ehlo=250-x\x1b[2J\\n250 XXXXXXXA
		15|good|mx.silent.example|hang=greeting
		16|good|mx16.example|no-starttls=yes
	TABLE
}

lab_internet
lab_ca
addresses=()
while IFS='|' read -r n _ <&3; do addresses+=($((100 + n))); done 3< <(fakes)
lab_server server "${addresses[@]}"
lab_server good 11
lab_host_records mx.good 11
lab_records "good MX 10 mx.good" "silent MX 10 mx.silent" "mx.silent A 198.51.100.115" "null MX 0 ." \
	"absent MX 10 mx.absent" "mx.absent A 198.51.100.99" "host A 198.51.100.101" "plain MX 10 mx2.mixed" \
	"ruled MX 10 mx.ruled" "mx.ruled A 198.51.100.101" "mx.ruled A 198.51.100.116"
for n in {1..14}; do
	lab_records "mixed MX $((n * 10)) mx$n.mixed" "mx$n.mixed A 198.51.100.$((100 + n))"
done
lab_dns
lab_gate_users
mkdir "$BIN" && cp -L "$LAB_TOP"/build/gate25 "$LAB_TOP"/build/gate25-policyd "$BIN/" || lab_die "gate25 is not built"

mkdir "$LAB_DIR/mails"
while IFS='|' read -r n kind name want <&3; do
	lab_cert "c$n" "$kind" "$name"
	wants=()
	[ -z "$want" ] || wants=("$(printf '%b' "${want//\\\\/\\\\\\\\}")")
	lab_spawn "fake-$n" server python3 "$LAB/fake_smtp.py" --listen "198.51.100.$((100 + n))" "name=$name" \
		"mail=$LAB_DIR/mails" "cert=$LAB_PKI/c$n.crt" "key=$LAB_PKI/c$n.key" "${wants[@]}"
	lab_until 10 lab_log "fake-$n" '"ready"' || lab_die "the server $n does not start"
done 3< <(fakes)
lab_cert good good mx.good.example
lab_postfix_server good good good good.example

lab_gate_conf "
	default-level = verify
	domain plain.example { level = may }
	domain none.example { level = none }
	domain report.example { level = verify enforce = no }
	destination 198.51.100.116 { level = may }"

# probe ARGUMENT...: on the gateway, as root; what it says in SAID, its status in STATUS.
probe() {
	lab_in gw timeout 100 "$GATE25" probe --config "$CONF" "$@" >"$LAB_DIR/said" 2>"$LAB_DIR/errors" </dev/null
	STATUS=$?
}
# says NAME STATUS PATTERN...: each is in what probe said, its standard error included.
says() {
	local name=$1 status=$2 pattern bad=
	shift 2
	for pattern in "$@"; do
		cat "$LAB_DIR/said" "$LAB_DIR/errors" | grep -qE -- "$pattern" || bad+=" [$pattern]"
	done
	if [ "$STATUS" -eq "$status" ] && [ -z "$bad" ]; then
		ok "$name"
	else
		not_ok "$name"
		note "status $STATUS, wanted $status; missing:$bad"
		note "$(cat "$LAB_DIR/said" "$LAB_DIR/errors")"
	fi
}

# --- usage -----------------------------------------------------------------------------------------------------------

probe
says "no domain" 2 "usage: gate25 probe"
probe a.example b.example
says "two domains" 2 "usage: gate25 probe"
probe --port 0 a.example
says "no port" 2 '"0" is no port'
probe --destination mx.example a.example
says "no address" 2 '"mx.example" is no IP address'
probe "not a domain"
says "no domain name" 2 "neither an address nor a domain"
lab_in gw "$GATE25" probe --config /nowhere good.example >"$LAB_DIR/said" 2>"$LAB_DIR/errors"
STATUS=$?
says "no configuration" 2 "/nowhere"

# --- every kind of server, without the gate and behind it -----------------------------------------------------------

mx() { echo "^MX mx$1\.mixed\.example 198\.51\.100\.$((100 + $1)) $2"; }

kinds() {
	local where=$1
	probe good.example
	says "$where: Postfix" 0 '^DOMAIN good\.example source=default level=verify mx=found mx-secure=no$' \
		'^MX mx\.good\.example 198\.51\.100\.11 verdict=pass result=none tls=TLSv1\.3 match="-" depth=-$' \
		'^MX mx\.good\.example 2001:db8:100::11 verdict=pass' '^    demand +verify, by default$' '^    matched +mx\.good\.example$' '^    greeting +220 good\.example ESMTP Postfix' \
		'^    EHLO .*STARTTLS' '^    SNI +mx\.good\.example$' '^    TLS +TLSv1\.3 TLS_' '^    EHLO/TLS .*SIZE' \
		'^    chain +0 CN = mx\.good\.example, EC 256, expires in (19|20) days, by CN = Lab CA$' \
		'^    names +mx\.good\.example$' '^2 addresses: 2 pass$'
	probe mixed.example
	says "$where: good and bad" 1 "$(mx 1 'verdict=pass result=none tls=TLSv1.3 match="-" depth=-$')" \
		"$(mx 2 'verdict=refuse result=starttls-not-supported tls=none match="-" depth=-$')" \
		"$(mx 3 'verdict=refuse result=certificate-expired tls=TLSv1.3 match="-" depth=-$')" \
		"$(mx 4 'verdict=refuse result=certificate-host-mismatch tls=TLSv1.3 match="-" depth=-$')" \
		"$(mx 5 'verdict=refuse result=certificate-not-trusted tls=TLSv1.3 match="-" depth=-$')" \
		"$(mx 6 'verdict=unreachable result=none tls=none match="-" depth=-$')" "the server said 421 4\.3\.2 busy" \
		"$(mx 7 'verdict=unreachable result=none tls=none match="-" depth=-$')" "no greeting: a reply whose code" \
		"$(mx 8 'verdict=unreachable result=none tls=none match="-" depth=-$')" "no greeting: the server closed the connection" \
		"$(mx 9 'verdict=refuse result=validation-failure tls=none match="-" depth=-$')" "not TLS|sent data in clear" \
		"$(mx 10 'verdict=refuse result=starttls-not-supported tls=none match="-" depth=-$')" "the server refused STARTTLS" \
		"$(mx 11 'verdict=refuse result=validation-failure tls=none match="-" depth=-$')" "data in clear" \
		"$(mx 12 'verdict=refuse result=validation-failure tls=none match="-" depth=-$')" \
		"$(mx 13 'verdict=unreachable result=none tls=TLSv1.3 match="-" depth=-$')" "said 550 5\.7\.1 not you" \
		"$(mx 14 'verdict=refuse result=starttls-not-supported tls=none match="-" depth=-$')" "STARTTLS is mangled" \
		"EXPIRED 1 day ago" "they can +mx3\.mixed\.example|they can +the operator of mx3" "you can" \
		"^14 addresses: 1 pass, 9 refuse, 4 unreachable$"
	check "$where: nothing but printable ASCII" ! grep -qP '[^\x20-\x7e\n]' "$LAB_DIR/said"
	check "$where: no progress where there is no terminal" test ! -s "$LAB_DIR/errors"
	probe plain.example
	says "$where: clear text where it may be" 0 'level=may' \
		'^MX mx2\.mixed\.example 198\.51\.100\.102 verdict=pass result=none tls=none match="-" depth=-$' \
		'in clear text: the server does not offer STARTTLS'
	probe host.example
	says "$where: a host" 1 '^MX host\.example 198\.51\.100\.101 verdict=refuse result=certificate-host-mismatch' \
		'the certificate of the server is for mx1\.mixed\.example and not for host\.example'
	probe mixed.example --destination 198.51.100.101
	says "$where: one address" 0 '^MX mx1\.mixed\.example 198\.51\.100\.101 verdict=pass' '^1 address: 1 pass$'
	probe good.example --destination 198.51.100.101
	says "$where: an address that is not the domain's" 1 '^MX - 198\.51\.100\.101 verdict=refuse'
	probe ruled.example
	says "$where: a destination's rule" 1 '^DOMAIN .*source=default level=verify' \
		'^MX mx\.ruled\.example 198\.51\.100\.101 verdict=refuse result=certificate-host-mismatch' \
		'^MX mx\.ruled\.example 198\.51\.100\.116 verdict=pass result=none tls=none match="-" depth=-$' '^    policy +source=destination level=may$'
	probe GOOD.Example.
	says "$where: in capitals, with a dot" 0 '^DOMAIN GOOD\.Example\. ' '^2 addresses: 2 pass$'
	probe someone@good.example
	says "$where: an address of mail" 0 '^2 addresses: 2 pass$'
	probe 198.51.100.101
	says "$where: a bare address has no name to prove" 1 '^MX - 198\.51\.100\.101 verdict=refuse result=validation-failure' \
		'^    SNI +none$'
	probe '[198.51.100.116]'
	says "$where: but may have a rule" 0 '^DOMAIN .*source=destination level=may' '^MX - 198\.51\.100\.116 verdict=pass'
	probe absent.example
	says "$where: nobody there" 3 '^MX mx\.absent\.example 198\.51\.100\.99 verdict=unreachable result=none tls=none match="-" depth=-$' \
		'no connection: (No route to host|nothing came within 10 s)'
	probe good.example --port 26
	says "$where: nobody on that port" 3 '198\.51\.100\.11:26 verdict=unreachable' 'Connection refused'
	probe null.example
	says "$where: no mail at all" 3 'No address to probe'
	probe nowhere.example
	says "$where: no such domain" 3 'does not exist' 'No address to probe'
	probe none.example
	says "$where: level none" 3 'level none looks up no MX hosts'
}

kinds "no gate"
lab_gate_start
sessions=$(grep -c 'session-end' "$LAB_DIR/log/gate25")
kinds "intercepted"
same "none of it met the gate" "$sessions" "$(grep -c 'session-end' "$LAB_DIR/log/gate25")"

# --- JSON --------------------------------------------------------------------------------------------------------------

probe mixed.example --json
same "JSON: the status" 1 "$STATUS"
python3 - "$LAB_DIR/said" >"$LAB_DIR/json" 2>&1 <<'PY'
import json, sys
said = json.load(open(sys.argv[1]))
by_host = {one["host"]: one for one in said["addresses"]}
assert said["asked"] == said["domain"] == "mixed.example" and said["status"] == 1, said
assert said["policy"] == {"source": "default", "level": "verify", "floor": None, "enforce": True, "published": None}, said["policy"]
assert said["mx_lookup"] == "found" and said["mx_secure"] is False and said["left_out"] == 0
assert len(said["addresses"]) == 14
good = by_host["mx1.mixed.example"]
assert good["verdict"] == "pass" and good["result"] == "none" and good["address"] == "198.51.100.101" and good["port"] == 25
assert good["match"] is None and good["matched"] == "mx1.mixed.example" and good["depth"] is None and good["tls"]["version"] == "TLSv1.3"
assert good["chain"][0]["subject"] == "CN = mx1.mixed.example" and good["chain"][0]["names"] == "mx1.mixed.example", good["chain"]
assert good["stage"] == "tls-ehlo" and good["demand"]["level"] == "verify" and good["tlsa"] == []
assert "STARTTLS" in good["ehlo"]["keywords"] and "STARTTLS" not in good["tls_ehlo"]["keywords"]
old = by_host["mx3.mixed.example"]
assert old["verdict"] == "refuse" and old["result"] == "certificate-expired" and old["they_can"] and old["you_can"]
busy = by_host["mx6.mixed.example"]
assert busy["verdict"] == "unreachable" and busy["greeting"] == "421 4.3.2 busy" and busy["stage"] == "greeting"
PY
same "JSON: the facts" "" "$(cat "$LAB_DIR/json")"

# --- who it is -----------------------------------------------------------------------------------------------------------

status() { awk -v key="$2:" '$1 == key { $1 = ""; print substr($0, 2) }' "/proc/$1/status"; }
lab_spawn probe gw "$GATE25" probe --config "$CONF" silent.example
pid=$LAB_PID
lab_until 15 grep -q '"event": "open"' "$LAB_DIR/log/fake-15" || lab_die "the silent server hears nothing"
uid=$(id -u gate25)
same "probe is the worker's user" "$uid $uid $uid $uid" "$(status "$pid" Uid)"
same "and in no other group" "" "$(status "$pid" Groups)"
same "without a capability" "0000000000000000 0000000000000000 0000000000000000 0000000000000000" \
	"$(for set in CapInh CapPrm CapEff CapAmb; do status "$pid" $set; done | tr '\n' ' ' | sed 's/ $//')"
same "in the sandbox" "2 1" "$(status "$pid" Seccomp) $(status "$pid" NoNewPrivs)"

# --- time and interruption -----------------------------------------------------------------------------------------------

began=$SECONDS
kill -INT "$pid"
wait "$pid"
same "Ctrl-C: the shell is told" 130 $?
check "at once" test $((SECONDS - began)) -le 3
check "what is known is said" grep -q 'verdict=unreachable result=none tls=none' "$LAB_DIR/log/probe"
check "and why" grep -q 'no greeting: interrupted' "$LAB_DIR/log/probe"
began=$SECONDS
probe silent.example
says "a silent server" 3 'no greeting: nothing came within 20 s'
check "has its time and no more" test $((SECONDS - began)) -le 25

# --- a terminal ----------------------------------------------------------------------------------------------------------

python3 - "$(lab_ns gw)" "$GATE25" "$CONF" >"$LAB_DIR/terminal" 2>&1 <<'PY'
import os, pty, subprocess, sys
master, slave = pty.openpty()
run = subprocess.run(["ip", "netns", "exec", sys.argv[1], sys.argv[2], "probe", "--config", sys.argv[3], "good.example"],
                     stdout=subprocess.PIPE, stderr=slave, stdin=subprocess.DEVNULL, timeout=60)
os.close(slave)
seen = b""
try:
    while True:
        more = os.read(master, 65536)
        if not more:
            break
        seen += more
except OSError:
    pass
assert run.returncode == 0, run
lines = seen.split(b"\r\x1b[K")
assert b" of 2 done; 198.51.100.11 " in seen, seen
assert lines[-1] == b"", seen
assert max(map(len, lines)) < 80, lines
PY
same "a progress line that is erased at the end" "" "$(cat "$LAB_DIR/terminal")"

# --- without root --------------------------------------------------------------------------------------------------------

chmod 644 "$CONF" "$LAB_CA" && chmod 755 "$LAB_DIR" "$LAB_PKI" "$BIN"
lab_in gw setpriv --reuid 9000 --regid 9000 --clear-groups timeout 100 "$GATE25" probe --config "$CONF" plain.example \
	>"$LAB_DIR/said" 2>"$LAB_DIR/errors"
STATUS=$?
says "without root it says that the gate may answer" 0 "not root, so without the gate's mark; where .* the gate answers"
same "in one line" 1 "$(wc -l <"$LAB_DIR/errors")"
lab_gate_stop
lab_in gw nft delete table inet gate25_guard
lab_in gw setpriv --reuid 9000 --regid 9000 --clear-groups timeout 100 "$GATE25" probe --config "$CONF" good.example \
	>"$LAB_DIR/said" 2>"$LAB_DIR/errors"
STATUS=$?
says "and works without a gate" 0 '^2 addresses: 2 pass$'
sed -i 1i'user = "nobody-of-that-name"' "$CONF"
probe good.example
says "as root without the gate's user" 0 "there is no user nobody-of-that-name" '^2 addresses: 2 pass$'

# --- nothing of a mail ---------------------------------------------------------------------------------------------------

same "only EHLO, STARTTLS and QUIT were said" "EHLO QUIT STARTTLS" \
	"$(cat "$LAB_DIR"/log/fake-* | sed -nE 's/.*"command": "([A-Z]+).*/\1/p' | sort -u | tr '\n' ' ' | sed 's/ $//')"
lab_done
