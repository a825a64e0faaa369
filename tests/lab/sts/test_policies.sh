#!/usr/bin/env bash
# What a published policy demands of the server that is dialled: modes, patterns, certificates. The floor is "may": what
# is refused here nothing but MTA-STS refuses.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/web.sh"

# DOMAIN (.example) | policy: MODE PATTERN... (mx: the domain's own MX host) | chain its MX host shows | server, the last
# number | what becomes of the mail
#   pass             delivered, authenticated
#   refuse RESULT    451 4.7.5
#   stranger         451 4.7.1: by DNS no MX host of the domain, and its certificate is for none
#   stripped         451 4.7.4: no STARTTLS
#   open             delivered over TLS; nobody was authenticated
#   clear            delivered in clear
#   tested RESULT    delivered over TLS, and the log tells what would have been refused
#   tested-clear     the same, in clear, for want of STARTTLS
# Servers: 11 and 12 the MX hosts of most; 14 nobody's by DNS, yet the same server; 15 somebody takes STARTTLS out.
# Chains: good      the names of the MX hosts             self       by nobody
#         domain    the names of the domains              expired    over since yesterday
#         subject   the name in the subject alone         other      somebody else's name
table() {
	cat <<-'TABLE'
		enforce|enforce mx|good|11|pass
		wildcard|enforce *.wildcard.example|good|11|pass
		upper|enforce MX.Upper.Example|good|11|pass
		several-patterns|enforce mx.nobody.example *.nobody.example mx|good|11|pass
		other-pattern|enforce mx.nobody.example|good|11|refuse validation-failure
		two-labels|enforce *.example|good|11|refuse validation-failure
		wildcard-itself|enforce *.mx.wildcard-itself.example|good|11|refuse validation-failure
		domain-pattern|enforce domain-pattern.example|good|11|refuse validation-failure
		name-of-domain|enforce mx|domain|11|refuse certificate-host-mismatch
		name-in-subject|enforce mx|subject|11|refuse certificate-host-mismatch
		self-signed|enforce mx|self|11|refuse certificate-not-trusted
		expired|enforce mx|expired|11|refuse certificate-expired
		foreign|enforce mx|other|11|refuse certificate-host-mismatch
		stripped|enforce mx|good|15|stripped
		testing|testing mx|good|11|open
		testing-name|testing mx|domain|11|tested certificate-host-mismatch
		testing-self|testing mx|self|11|tested certificate-not-trusted
		testing-pattern|testing mx.nobody.example|good|11|tested validation-failure
		testing-stripped|testing mx|good|15|tested-clear
		none|none|other|11|open
		none-stripped|none|good|15|clear
		two|enforce mx|good|11|pass
		two|enforce mx|good|12|refuse validation-failure
		unknown|enforce mx|good|14|pass
		unknown-wildcard|enforce *.unknown-wildcard.example|good|14|pass
		unknown-other|enforce mx|other|14|stranger
		no-policy|-|other|11|open
		hosted|enforce mx|other|11|refuse certificate-host-mismatch
		ipv6|enforce mx|other|11|refuse certificate-host-mismatch
		half-dead|enforce mx|other|11|refuse certificate-host-mismatch
	TABLE
}

names() { table | cut -d '|' -f 1 | sort -u; }
hosts() { names | sed "s/.*/$1&.example/" | tr '\n' ' '; }

chains() {
	local hosts domains
	read -ra hosts <<<"$(hosts mx.)"
	read -ra domains <<<"$(hosts "")"
	lab_ca
	lab_cert web good mta-sts.nobody.example "${domains[@]/#/mta-sts.}"
	lab_cert good good "${hosts[@]}" && lab_chain good
	lab_cert domain good "${domains[@]}" && lab_chain domain
	lab_cert self self-signed "${hosts[@]}" && lab_chain self
	lab_cert expired expired "${hosts[@]}" && lab_chain expired
	lab_cert other good mx.somebody-else.example && lab_chain other
	lab_cert_by ca subject /CN=mx.name-in-subject.example && lab_chain subject
	chmod 644 "$LAB_PKI"/*.pem
}

# published NAME POLICY...: "hosted" has it done by somebody else, "ipv6" has no other address, "half-dead" one at which
# nobody is.
published() {
	case $1 in
	hosted)
		lab_records "_mta-sts.hosted CNAME _mta-sts.hoster" "mta-sts.hosted CNAME sts.hoster"
		sts_txt hoster
		lab_host_records sts.hoster 31
		sts_policy "${@:2}" | sts_serve hosted
		;;
	ipv6)
		sts_txt ipv6
		lab_records "mta-sts.ipv6 AAAA 2001:db8:100::31"
		sts_policy "${@:2}" | sts_serve ipv6
		;;
	half-dead)
		sts_domain "$@"
		lab_records "mta-sts.half-dead A 198.51.100.33" "mta-sts.half-dead AAAA 2001:db8:100::33"
		;;
	*) sts_domain "$@" ;;
	esac
}

# records NAME CHAIN N POLICY...
records() {
	local name=$1 chain=$2 n=$3
	shift 3
	dane_shows "$chain" "mx.$name.example"
	[ "$n" != 14 ] || n=11
	lab_host_records "mx.$name" "$n"
	lab_records "$name MX 10 mx.$name"
	[ "$1" = - ] || published "$name" "${@/%mx/mx.$name.example}"
}

# row NAME N WHAT: the case for cases.py.
row() {
	local name="$1 at .$2" where="bob@$1.example|198.51.100.$2" result=${3#* }
	case $3 in
	pass) echo "$name|$where|250|level=verify policy=sts authenticated=yes" ;;
	refuse*) echo "$name|$where|451 4.7.5|policy=sts verdict=refuse result=$result" ;;
	stranger) echo "$name|$where|451 4.7.1|policy=sts verdict=refuse result=certificate-host-mismatch" ;;
	stripped) echo "$name|$where|451 4.7.4|policy=sts result=starttls-not-supported" ;;
	open | tested\ *) echo "$name|$where|250|level=may policy=floor authenticated=no" ;;
	clear | tested-clear) echo "$name|$where|250|level=may policy=floor tls=no" ;;
	esac
}

lab_internet
lab_server servers 11 12 13 14 15
sts_hosts_begin
chains
while IFS='|' read -r name policy chain n what <&3; do
	read -ra policy <<<"$policy"
	[[ $name == "${last:-}" ]] || records "$name" "$chain" "$n" "${policy[@]}"
	last=$name
	row "$name" "$n" "$what" >>"$LAB_DIR/$([[ $what == *clear ]] && echo clear || echo cases)"
done 3< <(table)
# Another MX host, that the policy does not have.
lab_host_records mx2.two 12
lab_records "two MX 20 mx2.two"
lab_dns_signed
read -ra domains <<<"$(hosts "")"
sts_hosts_start web
dane_server good "${domains[@]}"
lab_strip mask 198.51.100.15 2001:db8:100::15
sts_gate
dane_cases policies <"$LAB_DIR/cases"
# With verdicts and TLS sessions kept all must come to the same.
dane_cases again < <(sed 's/^/again, /' "$LAB_DIR/cases")
dane_cases clear --leak <"$LAB_DIR/clear"
while IFS='|' read -r name _ _ _ what <&3; do
	case $what in
	tested\ *) result=${what#* } ;;
	tested-clear) result=starttls-not-supported ;;
	*) continue ;;
	esac
	check "$name: the log tells what would have been refused" \
		sts_event would-refuse "domain=$name.example" testing=yes policy=sts "result=$result"
done 3< <(table)
check "a policy that is met is no news" ! sts_event would-refuse domain=testing.example
check "nor is one of mode none" ! sts_event would-refuse 'domain=none.*'
lab_done
