#!/usr/bin/env bash
# What a TLSRPT collector hears of sessions (RFC 8460), and that no mail ever waits for one.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$LAB/sts/web.sh"
. "$(dirname "$0")/collector.sh"

# NAME (.example) | TLSA of its MX host: right, wrong, none | policy: MODE PATTERN... (mx: the domain's own MX host), -: none,
# or how it cannot be had: down, text, name | chain its MX host shows | server, the last number | what becomes of the mail
# | what the collector hears; -: nothing
#   pass      delivered      clear     delivered in clear     451...    refused
# Servers: 11 the MX hosts; 15 somebody takes STARTTLS out.
# Chains: good  the names of the MX hosts     domain  the names of the domains     self  by nobody     expired
table() {
	cat <<-'TABLE'
		dane|right|-|good|11|pass|tlsa mx.dane.example ok
		sts|none|enforce mx|good|11|pass|sts sts.example ok
		without|none|-|domain|11|pass|no-policy ok
		both|right|enforce mx|good|11|pass|tlsa mx.both.example ok
		stripped|none|-|good|15|clear|no-policy failed 201
		stripped-dane|right|-|good|15|451 4.7.4|tlsa mx.stripped-dane.example failed 201
		stripped-sts|none|enforce mx|good|15|451 4.7.4|sts stripped-sts.example failed 201
		name|none|enforce mx|domain|11|451 4.7.5|sts name.example failed 202
		self|none|enforce mx|self|11|451 4.7.5|sts self.example failed 203
		expired|none|enforce mx|expired|11|451 4.7.5|sts expired.example failed 204
		pattern|none|enforce mx.nobody.example|good|11|451 4.7.5|sts pattern.example failed 205
		down|none|down|good|11|pass|sts down.example failed 301
		text|none|text|good|11|pass|sts text.example failed 302
		webpki|none|name|good|11|pass|sts webpki.example failed 303
		tlsa|wrong|-|good|11|451 4.7.5|tlsa mx.tlsa.example failed 304
		bogus-mx|none|-|good|11|451 4.7.5|tlsa bogus.example failed 305
		required|none|-|good|11|451 4.7.5|tlsa mx.required.example failed 306
		testing|none|testing mx|good|11|pass|sts testing.example ok
		testing-name|none|testing mx|domain|11|pass|sts testing-name.example failed 202
		off|none|none|domain|11|pass|no-policy ok
		rule|none|enforce mx|good|11|pass|-
		silent|right|-|good|11|pass|-
		twice|right|-|good|11|pass|-
		malformed|right|-|good|11|pass|-
		replaced|replaced|-|good|11|pass|tlsa second.replaced.example ok
	TABLE
}

names() { table | cut -d '|' -f 1; }
DIGEST=$(printf 'cd%.0s' {1..32})

chains() {
	local hosts domains
	mapfile -t hosts < <(names | sed 's/.*/mx.&.example/')
	mapfile -t domains < <(names | sed 's/.*/&.example/')
	lab_ca
	lab_cert web good "${domains[@]/#/mta-sts.}"
	lab_cert nobody good mta-sts.nobody.example
	lab_cert good good "${hosts[@]}" && lab_chain good
	lab_cert domain good "${domains[@]}" && lab_chain domain
	lab_cert self self-signed "${hosts[@]}" && lab_chain self
	lab_cert expired expired "${hosts[@]}" && lab_chain expired
	chmod 644 "$LAB_PKI"/*.pem
}

# publish NAME POLICY...
publish() {
	local name=$1
	shift
	case $1 in
	-) ;;
	down) sts_txt "$name" && sts_at "$name" 33 ;;
	text) sts_txt "$name" && sts_at "$name" 31 && echo "version: STSv2" | sts_serve "$name" ;;
	name) sts_shows nobody "$name" && sts_domain "$name" enforce "mx.$name.example" ;;
	*) sts_domain "$name" "${@/%mx/mx.$name.example}" ;;
	esac
}

# asks NAME: the domain's TLSRPT record, or what is none.
asks() {
	local record='v=TLSRPTv1; rua=mailto:tls@'$1.example
	case $1 in
	silent) ;;
	twice) lab_records "_smtp._tls.$1 TXT \"$record\"" "_smtp._tls.$1 TXT \"v=TLSRPTv1; rua=https://$1.example/\"" ;;
	malformed) lab_records "_smtp._tls.$1 TXT \"v=TLSRPTv1; rua=nobody\"" ;;
	*) lab_records "_smtp._tls.$1 TXT \"$record\"" ;;
	esac
}

records() {
	local name=$1 tlsa=$2 chain=$3
	dane_shows "$chain" "mx.$name.example"
	asks "$name"
	case $name in
	bogus-mx) lab_records "$name MX 10 $LAB_BOGUS." ;;
	replaced) # two MX hosts at one address: the first one's key is nobody's, the second one's is right
		dane_shows self "first.$name.example"
		lab_host_records "first.$name" 11
		lab_host_records "second.$name" 11
		lab_records "$name MX 10 first.$name" "$name MX 20 second.$name" "_25._tcp.first.$name TLSA 3 1 1 $DIGEST" \
			"_25._tcp.second.$name TLSA $(tlsa 3 1 1 good)"
		dane_shows good "second.$name.example"
		;;
	*)
		lab_host_records "mx.$name" "$( [[ $4 == 15 ]] && echo 15 || echo 11)"
		lab_records "$name MX 10 mx.$name"
		;;
	esac
	case $tlsa in
	right) lab_records "_25._tcp.mx.$name TLSA $(tlsa 3 1 1 "$chain")" ;;
	wrong) lab_records "_25._tcp.mx.$name TLSA 3 1 1 $DIGEST" ;;
	esac
}

row() {
	local where="bob@$1.example|198.51.100.$2"
	case $3 in
	pass) echo "$1|$where|250|tls=yes" ;;
	clear) echo "$1|$where|250|tls=no" ;;
	*) echo "$1|$where|$3|" ;;
	esac
}

lab_internet
lab_server servers 11 15
sts_hosts_begin
chains
while IFS='|' read -r name tlsa policy chain n what _ <&3; do
	records "$name" "$tlsa" "$chain" "$n"
	read -ra policy <<<"$policy"
	publish "$name" "${policy[@]}"
	row "$name" "$n" "$what" >>"$LAB_DIR/$([[ $what == clear ]] && echo clear || echo cases)"
done 3< <(table)
lab_dns_signed
sts_hosts_start web
mapfile -t domains < <(names | sed 's/.*/&.example/')
dane_server good "${domains[@]}"
lab_strip mask 198.51.100.15 2001:db8:100::15
collector_start
gate() {
	sts_gate "tlsrpt-socket = \"$COLLECTOR_SOCKET\"" 'domain "required.example" { level = dane-only }' \
		'domain "rule.example" { level = verify }' "$@"
}
gate

dane_cases reported <"$LAB_DIR/cases"
dane_cases clear --leak <"$LAB_DIR/clear"
while IFS='|' read -r name _ _ _ _ _ heard <&3; do
	if [ "$heard" = - ]; then
		same "$name: nobody hears of it" 0 "$(reports count "$name.example")"
	else
		lab_until 10 collector_has "$name.example" 1
		same "$name: reported is what became of it" "$heard" "$(reports of "$name.example")"
	fi
done 3< <(table)
check "every datagram is in the format" reports bad
same "who spoke to whom: the client's own address, and the MX host" "202 10.25.0.10 198.51.100.11 mx.name.example servers.example" \
	"$(reports details name.example)"
same "the text of a policy, as it was published" \
	"version: STSv1,mode: enforce,mx: mx.sts.example,max_age: $STS_CLOCK,mx.sts.example" "$(reports strings sts.example | paste -sd,)"
same "the TLSA records" "$(tlsa 3 1 1 good | tr a-f A-F)" "$(reports strings dane.example)"

# Where no rule permits clear text a server without STARTTLS is refused at once; but who wants reports is to hear of it.
dane_gate_stop
gate "floor = encrypt"
dane_cases strict <<<"strict|bob@stripped.example|198.51.100.15|451 4.7.4|result=starttls-not-supported"
lab_until 10 collector_has stripped.example 2
same "strict: the domain hears of it" "no-policy failed 201" "$(reports of stripped.example | tail -n 1)"

# --- no mail waits for a collector ----------------------------------------------------------------------------------
send_some() { dane_cases "$1" < <(for n in {1..6}; do echo "$1 $n|bob@sts.example|198.51.100.11|250|policy=sts"; done); }

collector_stop
send_some absent
before=$(reports count sts.example)
collector_start
lab_until 10 collector_has sts.example $((before + 6))
same "a collector that comes later is told what it missed" $((before + 6)) "$(reports count sts.example)"
check "nothing was lost" ! sts_event tlsrpt-lost

lab_in gw sysctl -qw net.unix.max_dgram_qlen=1
collector_restart
kill -STOP "$COLLECTOR_PID"
send_some full
before=$(reports count sts.example)
kill -CONT "$COLLECTOR_PID"
lab_until 10 collector_has sts.example $((before + 6))
same "one that was slow gets them when it can" $((before + 6)) "$(reports count sts.example)"

# A socket that the policy's user may not write to: said once, and mail goes on.
chmod 0200 "$COLLECTOR_SOCKET"
check "check says that it would not arrive" grep -q "may not write to it" <("$LAB_GATE" check --config "$LAB_DIR/gate25.conf" 2>&1)
send_some closed
lab_until 45 sts_event tlsrpt-lost
check "the log tells what is lost" sts_event tlsrpt-lost 'reason=.*Permission denied'
collector_stop
rm -f "$COLLECTOR_SOCKET"
check "check says that nobody is there" grep -q "No such file" <("$LAB_GATE" check --config "$LAB_DIR/gate25.conf" 2>&1)
check "every datagram was in the format" reports bad
lab_done
