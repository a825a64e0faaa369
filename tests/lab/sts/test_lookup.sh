#!/usr/bin/env bash
# The TXT record cannot be looked up, or only without proof: a domain of which nothing is remembered has its mail deferred,
# unless the operator has it otherwise; one whose signature is wrong always has.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/web.sh"

# The zone _mta-sts.DOMAIN (.example) | ALGORITHM DENIAL HOW, see lab_zone
#   | mail with mta-sts-lookup-failed = defer | and with ignore
table() {
	cat <<-'TABLE'
		signed|p256 nsec|refused|refused
		unsigned|none none|refused|refused
		forged|p256 nsec bogus|failed|failed
		expired|p256 nsec expired|failed|failed
		lame|p256 nsec ns=56|failed|failed
		dead|none none ns=57|failed|open
		absent|p256 nsec|open|open
	TABLE
}

row() {
	case $2 in
	refused) echo "$1|bob@$1.example|198.51.100.11|451 4.7.5|policy=sts result=certificate-host-mismatch" ;;
	failed) echo "$1|bob@$1.example|198.51.100.11|451 4.4.3|verdict=(failed|refuse)" ;;
	open) echo "$1|bob@$1.example|198.51.100.11|250|level=may policy=floor" ;;
	esac
}

lab_internet
lab_server servers 11
sts_hosts_begin
lab_ca
mapfile -t names < <(table | cut -d '|' -f 1)
domains=("${names[@]/%/.example}")
lab_cert web good "${domains[@]/#/mta-sts.}"
lab_cert other good mx.somebody-else.example && lab_chain other
chmod 644 "$LAB_PKI"/*.pem
lab_host_records mx.all 11
while IFS='|' read -r name how _ <&3; do
	lab_records "$name MX 10 mx.all.example."
	# shellcheck disable=SC2086
	lab_zone "_mta-sts.$name.example" $how
	[ "$name" = absent ] || lab_zone_records "_mta-sts.$name.example" '@ TXT "v=STSv1; id=1;"'
	sts_at "$name" 31
	sts_policy enforce mx.all.example | sts_serve "$name"
done 3< <(table)
lab_dns_signed
sts_hosts_start web
dane_server other "${domains[@]}"
for what in defer ignore; do
	# That a signature is wrong, and not merely an answer missing, is known for sure to whoever validates.
	sts_gate "mta-sts-lookup-failed = $what" "state-dir = off" "dnssec = validate"
	dane_cases $what together < <(while IFS='|' read -r name _ deferred ignored; do
		row "$name" "$([ $what = defer ] && echo "$deferred" || echo "$ignored")"
	done < <(table))
	dane_gate_stop
done
# Not asked for at all.
sts_gate "mta-sts = no" "state-dir = off"
dane_cases off together < <(while IFS='|' read -r name _; do row "$name" open; done < <(table))
lab_done
