#!/usr/bin/env bash
# Sessions as tlsrpt-reporter counts them: its collector takes gate25's datagrams, its fetcher gives them back. Debian
# does not have it: without TLSRPT_REPORTER=FOLDER, a checkout of it or where it is installed, this is skipped.
. "$(dirname "$0")/../lib.sh"
. "$LAB/sts/web.sh"
. "$(dirname "$0")/collector.sh"

if [ ! -f "${TLSRPT_REPORTER:-/nowhere}/tlsrpt_reporter/tlsrpt.py" ]; then
	skip "gate25's reports in tlsrpt-reporter" "TLSRPT_REPORTER is not set, and Debian has no package of it"
	lab_done
fi

# Its plugins are found by what an installation says of them.
reporter_install() {
	mkdir -p "$LAB_DIR/reporter/tlsrpt_reporter-0.dist-info"
	cp -r "$TLSRPT_REPORTER/tlsrpt_reporter" "$LAB_DIR/reporter/"
	printf 'Metadata-Version: 2.1\nName: tlsrpt_reporter\nVersion: 0\n' >"$LAB_DIR/reporter/tlsrpt_reporter-0.dist-info/METADATA"
	printf '%s\n' "[tlsrpt.collectd]" "sqlite = tlsrpt_reporter.tlsrpt:TLSRPTCollectdSQLite" "[tlsrpt.fetcher]" \
		"sqlite = tlsrpt_reporter.tlsrpt:TLSRPTFetcherSQLite" >"$LAB_DIR/reporter/tlsrpt_reporter-0.dist-info/entry_points.txt"
	printf '%s\n' "[tlsrpt_collectd]" "storage = sqlite://$LAB_DIR/reporter/collectd.sqlite" "socketname = $COLLECTOR_SOCKET" \
		"socketgroup = gate25-policy" "socketmode = 0220" "sockettimeout = 1" "log_level = debug" \
		"dump_path_for_invalid_datagram = $LAB_DIR/reporter/invalid" >"$LAB_DIR/reporter/collectd.cfg"
	printf '%s\n' "[tlsrpt_fetcher]" "storage = sqlite://$LAB_DIR/reporter/collectd.sqlite" >"$LAB_DIR/reporter/fetcher.cfg"
}
# reporter PROGRAM: the command line of tlsrpt-PROGRAM, in REPORTER.
reporter() {
	REPORTER=(env "PYTHONPATH=$LAB_DIR/reporter" python3 -c "from tlsrpt_reporter import tlsrpt; tlsrpt.tlsrpt_$1_main()"
		--config_file "$LAB_DIR/reporter/$1.cfg")
}
fetch() {
	reporter fetcher
	"${REPORTER[@]}" "$(date -u -d yesterday +%F)" "$@" 2>>"$LAB_DIR/log/fetcher"
}

is_fetched() { fetch | grep -qx "$1"; }

# counted DOMAIN: in words, a policy each: type, sessions, how many failed, and the failures' codes with their numbers.
counted() {
	fetch "$1" | python3 -c '
import json, sys
for record, policies in json.load(sys.stdin)["policies"].items():
    for policy, counts in policies.items():
        failures = [str(json.loads(reason)["c"]) + "*" + str(n) for reason, n in counts["failures"].items()]
        print(json.loads(policy)["policy-type"], counts["cntrtotal"], counts["cntrfailure"], *failures)
' | paste -sd';'
}

lab_internet
lab_server servers 11
sts_hosts_begin
lab_ca
lab_cert good good mx.dane.example mx.sts.example && lab_chain good
lab_cert other good mx.other.example && lab_chain other
lab_cert web good mta-sts.sts.example mta-sts.fails.example
chmod 644 "$LAB_PKI"/*.pem
for name in dane sts fails; do
	lab_records "_smtp._tls.$name TXT \"v=TLSRPTv1; rua=mailto:tls@$name.example\"" "$name MX 10 mx.$name"
	lab_host_records mx.$name 11
	dane_shows good mx.$name.example
done
dane_shows other mx.fails.example
lab_records "_25._tcp.mx.dane TLSA $(tlsa 3 1 1 good)"
sts_domain sts enforce mx.sts.example
sts_domain fails testing mx.fails.example
lab_dns_signed
sts_hosts_start web
dane_server good dane.example sts.example fails.example
lab_gate_users
reporter_install
mkdir -p "${COLLECTOR_SOCKET%/*}"
reporter collectd
lab_spawn collectd gw "${REPORTER[@]}"
COLLECTOR_PID=$LAB_PID
lab_until 10 collector_is_there || lab_die "tlsrpt-collectd does not start"
sts_gate "tlsrpt-socket = \"$COLLECTOR_SOCKET\""
check "check has nothing to say about its socket" ! grep -q tlsrpt <("$LAB_GATE" check --config "$LAB_DIR/gate25.conf" 2>&1)
dane_cases counted < <(
	for n in 1 2 3; do echo "dane $n|bob@dane.example|198.51.100.11|250|policy=dane"; done
	for n in 1 2; do echo "sts $n|bob@sts.example|198.51.100.11|250|policy=sts"; done
	for n in 1 2; do echo "fails $n|bob@fails.example|198.51.100.11|250|policy=floor"; done
)
lab_until 15 lab_log collectd "(7 total)"
kill -USR2 "$COLLECTOR_PID" # for developers: the day is over
lab_until 15 lab_log collectd "FOR DEVELOPMENT"
lab_until 15 is_fetched fails.example
same "TLSA: three sessions, under one policy" "1 3 0" "$(counted dane.example)"
same "MTA-STS: two" "2 2 0" "$(counted sts.example)"
same "MTA-STS in testing: two, and what was wrong with them" "2 2 2 202*2" "$(counted fails.example)"
check "no datagram was invalid" test ! -e "$LAB_DIR/reporter/invalid"
check "it complains of nothing" ! grep -E "ERROR|WARNING" "$LAB_DIR/log/collectd"
lab_done
